# An app that uses openai-python. One JSON line in is one call; one JSON line out is what the app saw of it.
import json
import os
from concurrent.futures import ThreadPoolExecutor

from openai import OpenAI
from pydantic import BaseModel
from serve import serve

AT = json.loads(os.environ["SDK_AT"])
# As the makers' page says it: constructor argument, or `OPENAI_BASE_URL`.
POINTED = {
    "prefix": {"base_url": f"http://localhost:{AT['port']}/openai/v1"},
    "host": {"base_url": f"http://openai.localhost:{AT['port']}/v1"},
    "port": {"base_url": f"http://127.0.0.1:{AT['vendorPort']}/v1"},
    "environment": {},
}
openai = OpenAI(api_key="sk-proj-placeholder", **POINTED[AT["way"]])


def asked(say="tell me #tokens=50", **more):
    return {
        "model": "gpt-4o",
        "messages": [{"role": "user", "content": say}],
        "max_completion_tokens": 100,
        **more,
    }


def answered(say="tell me #tokens=50", **more):
    return {"model": "gpt-4o", "input": say, "max_output_tokens": 100, **more}


class Place(BaseModel):
    city: str


PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def shown(made):
    return {"id": made.id, "output": made.usage.completion_tokens, "finish": made.choices[0].finish_reason}


def chat(**more):
    return shown(openai.chat.completions.create(**asked(**more)))


def chat_reordered(**more):
    return shown(openai.chat.completions.create(**dict(reversed(list(asked(**more).items())))))


def stream(**more):
    text, usages = "", 0
    for chunk in openai.chat.completions.create(**asked(**more), stream=True):
        if chunk.choices:
            text += chunk.choices[0].delta.content or ""
        usages += 1 if chunk.usage else 0
    return {"words": len(text.split()), "usages": usages}


def streams_alike(n):
    """One after the other, each read to its end."""
    turns = (openai.chat.completions.create(**asked(), stream=True) for _ in range(n))
    return {"ids": len({chunk.id for chunks in turns for chunk in chunks})}


def responses_alike(n):
    turns = (openai.responses.create(**answered(), stream=True) for _ in range(n))
    events = (event for events in turns for event in events)
    return {"ids": len({event.response.id for event in events if event.type == "response.completed"})}


def chat_stream():
    """`chat.completions.stream`, which puts the chunks together."""
    with openai.chat.completions.stream(**asked()) as stream:
        pieces = sum(event.type == "content.delta" and event.delta != "" for event in stream)
        made = stream.get_final_completion().choices[0]
    return {"pieces": pieces, "words": len(made.message.content.split()), "finish": made.finish_reason}


def response_stream():
    """`responses.stream`, which puts the events together."""
    with openai.responses.stream(**answered(say="tell me #reasoning=10 #tokens=50")) as stream:
        pieces = sum(event.type == "response.output_text.delta" for event in stream)
        made = stream.get_final_response()
    words = len(made.output_text.split())
    return {"pieces": pieces, "words": words, "status": made.status, "output": made.usage.output_tokens}


def response_stream_tool():
    tools = [{"type": "function", "name": "weather", "strict": False, "parameters": PARAMETERS}]
    with openai.responses.stream(**answered(say="call #tool=weather #tokens=50"), tools=tools) as stream:
        made = stream.get_final_response()
    call = next(item for item in made.output if item.type == "function_call")
    return {"tool": call.name, "city": json.loads(call.arguments)["city"]}


def parse_chat():
    made = openai.chat.completions.parse(**asked(), response_format=Place)
    return {"city": made.choices[0].message.parsed.city}


def parse_response():
    return {"city": openai.responses.parse(**answered(), text_format=Place).output_parsed.city}


def tool():
    tools = [{"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}]
    made = openai.chat.completions.create(**asked(say="call #tool=weather #tokens=50"), tools=tools)
    return {"finish": made.choices[0].finish_reason, "tool": made.choices[0].message.tool_calls[0].function.name}


def vision():
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}
    content = [{"type": "text", "text": "what is this #tokens=50"}, image]
    return shown(openai.chat.completions.create(**{**asked(), "messages": [{"role": "user", "content": content}]}))


def response():
    made = openai.responses.create(**answered())
    return {"status": made.status, "output": made.usage.output_tokens}


def embeddings(count):
    texts = [f"text {at}" for at in range(count)]
    return {"count": len(openai.embeddings.create(model="text-embedding-3-small", input=texts).data)}


def models():
    return {"count": len(list(openai.models.list()))}


def moderation():
    return {"flagged": openai.moderations.create(input="hello").results[0].flagged}


def count_tokens():
    return {"input": openai.responses.input_tokens.count(model="gpt-4o", input="hello").input_tokens}


def parallel(n):
    with ThreadPoolExecutor(n) as pool:
        made = list(pool.map(lambda _: openai.chat.completions.create(**asked()), range(n)))
    return {"count": len(made), "ids": len({each.id for each in made})}


def unlisted():
    return openai.images.generate(model="gpt-image-1", prompt="a cat")


CALLS = {
    call.__name__: call
    for call in (
        chat,
        chat_reordered,
        stream,
        streams_alike,
        responses_alike,
        chat_stream,
        response_stream,
        response_stream_tool,
        parse_chat,
        parse_response,
        tool,
        vision,
        response,
        embeddings,
        models,
        moderation,
        count_tokens,
        parallel,
        unlisted,
    )
}


serve(CALLS, status="status_code")
