# An app that uses stripe-python. One JSON line in is one call; one JSON line out is what the app saw of it.
import json
import os
from concurrent.futures import ThreadPoolExecutor

import stripe
from serve import serve

AT = json.loads(os.environ["SDK_AT"])
# As the makers' page says it: the module's `api_base`.
stripe.api_base = {
    "prefix": f"http://localhost:{AT['port']}/stripe",
    "host": f"http://stripe.localhost:{AT['port']}",
    "port": f"http://127.0.0.1:{AT['vendorPort']}",
}[AT["way"]]
stripe.api_key = "sk_test_placeholder"


def payment(cents=500, currency="usd", customer="cus_1", **more):
    return {
        "amount": cents,
        "currency": currency,
        "customer": customer,
        "confirm": True,
        "off_session": True,
        **more,
    }


def shown(made):
    return {"id": made.id, "amount": made.amount, "status": made.status}


def charge(key=None, account=None, retries=None, **more):
    options = {}
    if key:
        options["idempotency_key"] = key
    if account:
        options["stripe_account"] = account
    before = stripe.max_network_retries
    stripe.max_network_retries = before if retries is None else retries
    try:
        return shown(stripe.PaymentIntent.create(**payment(**more), **options))
    finally:
        stripe.max_network_retries = before


def charge_reordered(**more):
    return shown(stripe.PaymentIntent.create(**dict(reversed(list(payment(**more).items())))))


def parallel(n, **more):
    with ThreadPoolExecutor(n) as pool:
        made = list(pool.map(lambda _: stripe.PaymentIntent.create(**payment(**more)), range(n)))
    return {"count": len(made), "ids": len({one.id for one in made})}


def authorise_and_capture(cents, captured):
    held = stripe.PaymentIntent.create(**payment(cents, capture_method="manual"))
    return shown(stripe.PaymentIntent.capture(held.id, amount_to_capture=captured))


def create_and_confirm(cents):
    made = stripe.PaymentIntent.create(amount=cents, currency="usd", customer="cus_1")
    return shown(stripe.PaymentIntent.confirm(made.id, payment_method="pm_card_visa"))


def authorise_and_cancel(cents):
    held = stripe.PaymentIntent.create(**payment(cents, capture_method="manual"))
    return shown(stripe.PaymentIntent.cancel(held.id))


def refund(cents):
    paid = stripe.PaymentIntent.create(**payment(cents))
    made = stripe.Refund.create(payment_intent=paid.id)
    return {"amount": made.amount, "status": made.status}


def customer(email):
    made = stripe.Customer.create(email=email, metadata={"order": "6735"})
    found = stripe.Customer.retrieve(made.id)
    changed = stripe.Customer.modify(made.id, name="Ann")
    return {"email": found.email, "name": changed.name, "order": found.metadata["order"]}


def list_all(customer, limit):
    ids = [one.id for one in stripe.PaymentIntent.list(customer=customer, limit=limit).auto_paging_iter()]
    return {"count": len(ids), "ids": len(set(ids))}


def delete_customer(id):
    return {"deleted": stripe.Customer.delete(id).deleted}


def unlisted():
    return {"id": stripe.forwarding.Request.create(payment_method="pm_1", url="https://example.com", replacements=["card_number"]).id}


CALLS = {
    "charge": charge,
    "charge_reordered": charge_reordered,
    "parallel": parallel,
    "authorise_and_capture": authorise_and_capture,
    "create_and_confirm": create_and_confirm,
    "authorise_and_cancel": authorise_and_cancel,
    "refund": refund,
    "customer": customer,
    "list": list_all,
    "delete_customer": delete_customer,
    "unlisted": unlisted,
}


serve(CALLS, status="http_status")
