"""The contents page of the customer service: every way in, every reaction, by room."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Service
from policy.engines import ENGINES

from customer import tables
from customer.erasure.ask_erasure import ask_erasure, erase_customer
from customer.erasure.confirm_erasure import note_answer
from customer.erasure.read_erasure import list_erasures, read_certificate, read_erasure
from customer.files.address_customer import address_customer
from customer.files.change_customer import change_customer, list_changes
from customer.files.confirm_customer import confirm_customer
from customer.files.find_customers import list_customers, search_customers
from customer.files.read_customer import read_customer
from customer.files.register_customer import register_customer
from customer.files.resolve_customers import resolve_customers

service = Service(
    name="customer",
    title="Customers",
    tables=tables.metadata,
    migrations=Path(__file__).parent.parent / "migrations",
    routes=[
        register_customer,  # files
        search_customers,
        resolve_customers,
        address_customer,
        list_customers,
        read_customer,
        change_customer,
        list_changes,
        confirm_customer,
        ask_erasure,  # erasure
        list_erasures,
        read_erasure,
        read_certificate,
    ],
    reactions=[note_answer],  # erasure
    jobs=[erase_customer],
    libraries=[ENGINES],
)
