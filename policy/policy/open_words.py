"""Words of staff that are kept open, for whoever sees the matter: why something was refused, waived, changed.

They name no customer. What has the form of a person's number, plate or address of mail is taken out before it is kept;
a name cannot be told from other words.
"""

from __future__ import annotations

from typing import Annotated

from chassis.logs import without_personal
from pydantic import AfterValidator, Field

OpenWords = Annotated[
    str,
    Field(
        min_length=4,
        max_length=1000,
        pattern=r"^[^\x00]*$",
        description="kept open: it names no customer; numbers of persons, plates and addresses of mail are taken out",
    ),
    AfterValidator(without_personal),
]
