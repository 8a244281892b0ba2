"""The contents page of the customer service: every way in, by room."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Service

from customer import tables
from customer.files.change_customer import change_customer, list_changes
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
        list_customers,
        read_customer,
        change_customer,
        list_changes,
    ],
)
