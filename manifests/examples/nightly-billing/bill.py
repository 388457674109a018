"""Charges this Pod's share of tonight's invoices, with plain HTTP."""

import csv
import os

import requests

URL = "http://localhost:8080/stripe/v1/payment_intents"
CUSTOMERS_PER_POD = 10

index = int(os.environ["JOB_COMPLETION_INDEX"])
with open(os.environ["CUSTOMERS_FILE"], newline="") as file:
    customers = list(csv.DictReader(file))

for row in customers[index * CUSTOMERS_PER_POD : (index + 1) * CUSTOMERS_PER_POD]:
    response = requests.post(
        URL,
        json={
            "amount": int(row["amount"]),
            "currency": "usd",
            "customer": row["customer"],
            "payment_method": row["payment_method"],
            "payment_method_types": ["card"],
            "confirm": True,
            "off_session": True,
            "description": f"Invoice {row['invoice']}",
        },
        headers={"Idempotency-Key": f"invoice-{row['invoice']}"},
        timeout=60,
    )
    if response.status_code == 429 and response.json().get("code") == "cap_exhausted":
        print("cap reached, stopping here", flush=True)
        break
    response.raise_for_status()
    intent = response.json()
    print(f"charged {row['customer']} ${intent['amount'] / 100:.2f} {intent['id']}", flush=True)
