# An app that uses twilio-python. One JSON line in is one call; one JSON line out is what the app saw of it.
import json
import os
from concurrent.futures import ThreadPoolExecutor

from twilio.rest import Client
from serve import serve

AT = json.loads(os.environ["SDK_AT"])
client = Client("AC" + "0" * 32, "placeholder")
address = {
    "prefix": f"http://localhost:{AT['port']}/twilio",
    "host": f"http://twilio.localhost:{AT['port']}",
    "port": f"http://127.0.0.1:{AT['vendorPort']}",
}[AT["way"]]
client.api.base_url = address
client.messaging.base_url = address


def message(to="+15550000001", body="Hi", **more):
    return {"to": to, "from_": "+15005550006", "body": body, **more}


def shown(made):
    return {"id": made.sid, "segments": made.num_segments, "status": made.status}


def send(**more):
    return shown(client.messages.create(**message(**more)))


# The SDK itself writes fields in an order of its own.
def send_reordered():
    uri = f"{client.api.base_url}/2010-04-01/Accounts/{client.account_sid}/Messages.json"
    fields = message()
    data = {"Body": fields["body"], "From": fields["from_"], "To": fields["to"]}
    made = json.loads(client.request("POST", uri, data=data).text)
    return {"id": made["sid"], "segments": made["num_segments"], "status": made["status"]}


def parallel(n, **more):
    with ThreadPoolExecutor(n) as pool:
        made = list(pool.map(lambda _: client.messages.create(**message(**more)), range(n)))
    return {"count": len(made), "ids": len({one.sid for one in made})}


def send_and_read(**more):
    made = client.messages.create(**message(**more))
    read = client.messages(made.sid).fetch()
    return {"isSame": read.sid == made.sid, "body": read.body}


def dial(seconds):
    made = client.calls.create(to="+15550000001", from_="+15005550006", url="https://a/b", time_limit=seconds)
    return {"id": made.sid, "status": made.status}


def list_all(to, size):
    sids = [one.sid for one in client.messages.list(to=to, page_size=size)]
    return {"count": len(sids), "ids": len(set(sids))}


# A newer product, whose pages name each other by whole addresses.
def services(size):
    sids = [each.sid for each in client.messaging.v1.services.list(page_size=size)]
    return {"count": len(sids), "ids": len(set(sids))}


def buy_number():
    return {"id": client.incoming_phone_numbers.create(phone_number="+15550000001").sid}


CALLS = {
    "send": send,
    "send_reordered": send_reordered,
    "parallel": parallel,
    "send_and_read": send_and_read,
    "dial": dial,
    "list": list_all,
    "services": services,
    "buy_number": buy_number,
}


def code_of(fault):
    code = getattr(fault, "code", None)
    return None if code is None else str(code)


serve(CALLS, status="status", code=code_of)
