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
# What `charge` made last.
LAST = {}


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
        made = stripe.PaymentIntent.create(**payment(**more), **options)
        LAST["paid"] = made.id
        return shown(made)
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


def raise_and_capture(cents, total, captured):
    held = stripe.PaymentIntent.create(**payment(cents, capture_method="manual"))
    stripe.PaymentIntent.increment_authorization(held.id, amount=total)
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


def refund_last(cents=None):
    made = stripe.Refund.create(payment_intent=LAST["paid"], **({"amount": cents} if cents else {}))
    return {"amount": made.amount, "status": made.status}


def finalize(cents):
    stripe.InvoiceItem.create(customer="cus_bill", amount=cents, currency="usd")
    draft = stripe.Invoice.create(customer="cus_bill", pending_invoice_items_behavior="include")
    made = stripe.Invoice.finalize_invoice(draft.id)
    return {"id": made.id, "status": made.status, "due": made.amount_due}


def invoice(cents, credited):
    made = finalize(cents)
    paid = stripe.Invoice.pay(made["id"])
    note = stripe.CreditNote.create(invoice=made["id"], amount=credited, refund_amount=credited)
    return {"status": paid.status, "paid": paid.amount_paid, "credited": note.amount}


def subscription(cents, quantity):
    price = stripe.Price.create(unit_amount=cents, currency="usd", recurring={"interval": "month"})
    made = stripe.Subscription.create(customer="cus_bill", items=[{"price": price.id, "quantity": quantity}])
    return {"status": made.status}


def payout(cents):
    return shown(stripe.Payout.create(amount=cents, currency="usd"))


def outbound_payment(cents):
    client = stripe.StripeClient(
        stripe.api_key, base_addresses={"api": stripe.api_base}, max_network_retries=stripe.max_network_retries
    )
    answer = client.raw_request(
        "post",
        "/v2/money_management/outbound_payments",
        amount={"value": cents, "currency": "usd"},
        **{"from": {"financial_account": "fa_1", "currency": "usd"}},
        to={"recipient": "acct_1"},
    )
    made = json.loads(answer.body if hasattr(answer, "body") else answer.data)
    return {"id": made["id"], "amount": made["amount"]["value"], "status": made["status"]}


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
    "raise_and_capture": raise_and_capture,
    "create_and_confirm": create_and_confirm,
    "authorise_and_cancel": authorise_and_cancel,
    "refund": refund,
    "refund_last": refund_last,
    "finalize": finalize,
    "invoice": invoice,
    "subscription": subscription,
    "payout": payout,
    "outbound_payment": outbound_payment,
    "customer": customer,
    "list": list_all,
    "delete_customer": delete_customer,
    "unlisted": unlisted,
}


serve(CALLS, status="http_status")
