# An app that uses resend-python. One JSON line in is one call; one JSON line out is what the app saw of it.
import json
import os
from concurrent.futures import ThreadPoolExecutor

import resend
from serve import serve

AT = json.loads(os.environ["SDK_AT"])
resend.api_key = "re_placeholder"
if AT["way"] != "environment":
    resend.api_url = {
        "prefix": f"http://localhost:{AT['port']}/resend",
        "host": f"http://resend.localhost:{AT['port']}",
        "port": f"http://127.0.0.1:{AT['vendorPort']}",
    }[AT["way"]]

last = None


def mail(to=("b@x.com",), subject="Hi", **more):
    return {"from": "a@x.com", "to": list(to), "subject": subject, "text": "Hi", **more}


def shown(made):
    global last
    last = made["id"]
    return {"id": last, "isSent": len(last) == 36}


def send(key=None, **more):
    return shown(resend.Emails.send(mail(**more), None if key is None else {"idempotency_key": key}))


def send_reordered():
    return shown(resend.Emails.send(dict(reversed(mail().items()))))


def send_read_cancel(**more):
    made = send(**more)["id"]
    read = resend.Emails.get(made)
    cancelled = resend.Emails.cancel(made)
    return {"isSame": read["id"] == made and cancelled["id"] == made}


def cancel_last():
    return {"id": resend.Emails.cancel(last)["id"]}


def batch(to, validation=None):
    mails = [mail(each) for each in to]
    made = resend.Batch.send(mails, None if validation is None else {"batch_validation": validation})["data"]
    return {"count": len(made), "ids": len({one["id"] for one in made})}


def parallel(n):
    with ThreadPoolExecutor(n) as pool:
        made = list(pool.map(lambda _: send(), range(n)))
    return {"count": len(made), "ids": len({one["id"] for one in made})}


def contact():
    return {"id": resend.Contacts.create({"email": "b@x.com"})["id"]}


CALLS = {
    "send": send,
    "send_reordered": send_reordered,
    "send_read_cancel": send_read_cancel,
    "cancel_last": cancel_last,
    "batch": batch,
    "parallel": parallel,
    "contact": contact,
}


serve(CALLS, status="code", code=lambda fault: getattr(fault, "error_type", None))
