"""What the staff service is told besides what every service is."""

from __future__ import annotations

from chassis.settings import Settings
from pydantic import Field


class StaffSettings(Settings):
    """`KEHU_FIRST_ADMINISTRATOR`."""

    first_administrator: str | None = Field(
        None, description="the subject who becomes administrator of the group when the directory is empty"
    )
