"""The probe with the rule engines as processes: `python -m timer_worker worker`."""

from __future__ import annotations

from chassis.kit.probe import probe
from chassis.service import main
from policy.engines import ENGINES

if __name__ == "__main__":
    main(probe("customer", libraries=[ENGINES]))
