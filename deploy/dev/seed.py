"""Demo data: a few customers to find, planted once and through the front door."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

CUSTOMERS = (
    {"kind": "person", "name": "演示客户甲", "phones": ["199 0000 0001"], "branch": "sh-pudong"},
    {"kind": "person", "name": "演示客户乙", "phones": ["199 0000 0002"], "branch": "bj-chaoyang"},
)


def plant(urls: Mapping[str, str], issuer: str) -> None:
    """Register the demo customers; a second time changes nothing."""
    grants = {"sub": "seed", "grants": "marketing_promotion@group"}
    token = httpx.post(f"{issuer}/token", data=grants).raise_for_status().json()["access_token"]
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=10) as client:
        for n, customer in enumerate(CUSTOMERS):
            headers = {"Idempotency-Key": f"seed-{n}"}
            answer = client.post(f"{urls['customer']}/v1/customers", json=customer, headers=headers)
            if answer.status_code != 409:
                answer.raise_for_status()
