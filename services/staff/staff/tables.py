"""The staff service's rows; each room declares its own in its `tables.py`, on this metadata."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()
