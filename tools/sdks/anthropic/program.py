# An app that uses anthropic for Python. One JSON line in is one call; one JSON line out is what the app saw of it.
import json
import os
from concurrent.futures import ThreadPoolExecutor

from anthropic import Anthropic, beta_tool
from pydantic import BaseModel
from serve import serve

AT = json.loads(os.environ["SDK_AT"])
# As the makers' page says it: constructor argument, or `ANTHROPIC_BASE_URL`.
POINTED = {
    "prefix": {"base_url": f"http://localhost:{AT['port']}/anthropic"},
    "host": {"base_url": f"http://anthropic.localhost:{AT['port']}"},
    "port": {"base_url": f"http://127.0.0.1:{AT['vendorPort']}"},
    "environment": {},
}
anthropic = Anthropic(api_key="sk-ant-api03-placeholder", **POINTED[AT["way"]])


def asked(say="tell me #tokens=50", **more):
    return {
        "model": "claude-sonnet-5",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": say}],
        **more,
    }


class Place(BaseModel):
    city: str


PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def shown(made):
    return {"id": made.id, "output": made.usage.output_tokens, "stop": made.stop_reason}


def message(**more):
    return shown(anthropic.messages.create(**asked(**more)))


def message_reordered(**more):
    return shown(anthropic.messages.create(**dict(reversed(list(asked(**more).items())))))


def stream(**more):
    pieces = 0
    with anthropic.messages.stream(**asked(**more)) as events:
        for event in events:
            pieces += 1 if event.type == "content_block_delta" else 0
        usage = events.get_final_message().usage
    return {"pieces": pieces, "output": usage.output_tokens}


def streams_alike(n):
    """One after the other, each read to its end."""
    turns = (anthropic.messages.create(**asked(), stream=True) for _ in range(n))
    events = (event for events in turns for event in events)
    return {"ids": len({event.message.id for event in events if event.type == "message_start"})}


def helpers_alike(n):
    ids = set()
    for _ in range(n):
        with anthropic.messages.stream(**asked()) as stream:
            ids.add(stream.get_final_message().id)
    return {"ids": len(ids)}


def stream_tool():
    tools = [{"name": "weather", "input_schema": PARAMETERS}]
    with anthropic.messages.stream(**asked(say="call #tool=weather #tokens=50"), tools=tools) as stream:
        call = next(part for part in stream.get_final_message().content if part.type == "tool_use")
    return {"tool": call.name, "city": call.input["city"]}


def parse():
    return {"city": anthropic.messages.parse(**asked(), output_format=Place).parsed_output.city}


def run_tools(stream=False):
    """`tool_runner` calls the app's function and asks again with what it said."""
    cities = []

    @beta_tool
    def weather(city: str) -> str:
        """Of a city."""
        cities.append(city)
        return "sunny and warm"

    say = "call #tool=weather #tokens=50"
    made = anthropic.beta.messages.tool_runner(**asked(say=say), tools=[weather], stream=stream).until_done()
    return {"words": len(made.content[0].text.split()), "cities": cities}


def tool():
    tools = [{"name": "weather", "input_schema": PARAMETERS}]
    made = anthropic.messages.create(**asked(say="call #tool=weather #tokens=50"), tools=tools)
    return {"stop": made.stop_reason, "tool": next(part.name for part in made.content if part.type == "tool_use")}


def vision():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 400_000}}
    content = [image, {"type": "text", "text": "what is this #tokens=50"}]
    return shown(anthropic.messages.create(**{**asked(), "messages": [{"role": "user", "content": content}]}))


def count():
    made = anthropic.messages.count_tokens(model=asked()["model"], messages=asked()["messages"])
    return {"input": made.input_tokens}


def models():
    return {"count": len(list(anthropic.models.list()))}


def parallel(n):
    with ThreadPoolExecutor(n) as pool:
        made = list(pool.map(lambda _: anthropic.messages.create(**asked()), range(n)))
    return {"count": len(made), "ids": len({each.id for each in made})}


def unlisted():
    return anthropic.messages.batches.create(requests=[{"custom_id": "one", "params": asked()}])


CALLS = {
    call.__name__: call
    for call in (
        message,
        message_reordered,
        stream,
        streams_alike,
        helpers_alike,
        stream_tool,
        parse,
        run_tools,
        tool,
        vision,
        count,
        models,
        parallel,
        unlisted,
    )
}


def code_of(fault):
    body = getattr(fault, "body", None)
    error = body.get("error") if isinstance(body, dict) else None
    return error.get("code") if isinstance(error, dict) else None


serve(CALLS, status="status_code", code=code_of)
