"""A service with the rule engines and nothing else, as `python -m tests.bench.owing worker|relay`."""

from __future__ import annotations

from chassis.kit.probe import probe
from chassis.service import main
from policy.engines import ENGINES

service = probe("customer", libraries=[ENGINES])

if __name__ == "__main__":
    main(service)
