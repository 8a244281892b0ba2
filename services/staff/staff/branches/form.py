"""What a branch has, as it is entered and as it is shown."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from chassis.fields import Phone, Slug, Text, no_nul
from chassis.problems import Invalid
from chassis.wrong import FieldError, Wrong
from contracts.staff import Profile
from policy.access import GROUP
from policy.calendar import Overlay, spans_of
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from staff.branch import Branch

#: names that mean something else as a place
RESERVED = (GROUP,)


def _not_reserved(value: str) -> str:
    if value in RESERVED:
        raise Wrong.RESERVED.error("means all branches; give the branch a name of its own")
    return value


BranchName = Annotated[Slug, AfterValidator(_not_reserved)]
Days = Annotated[list[date], Field(max_length=400)]
Title = Annotated[Text, Field(min_length=1, max_length=100)]
#: it stands on cards: never blank (P04.13)
Mailbox = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(no_nul)]


class DepartmentForm(BaseModel):
    """A department of a branch: its name as a place (`sh-pudong/after-sales`), and how people call it."""

    model_config = ConfigDict(extra="forbid")

    department: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,49}$")]
    title: Title


class BranchParts(BaseModel):
    """What a branch has, all of which may change."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    kind: Annotated[Slug, Field(description="dealership, store, mine, service-centre, hospital, office …")]
    profile: Annotated[Profile, Field(description="the set of systems it runs under")]
    region: Annotated[Slug | None, Field(description="the area it belongs to")] = None
    complaint_phone: Annotated[Phone | None, Field(description="a direct line or an extension (P04.2)")] = None
    complaint_mailbox: Mailbox | None = None
    week: Annotated[list[list[str]] | None, Field(description="hours by weekday, Monday first; null: the group's")] = (
        None
    )
    closed: Annotated[Days, Field(description="days off that the calendar works")] = []
    opened: Annotated[Days, Field(description="days worked that the calendar has off")] = []
    departments: Annotated[list[DepartmentForm], Field(max_length=100)] = []

    def checked(self) -> dict[str, Any]:
        """The parts as a branch keeps them; 422 for hours that are none, a day both ways, a department twice."""
        names = [one.department for one in self.departments]
        if len(set(names)) != len(names):
            raise _refused(Wrong.DUPLICATE.at("/departments", "names a department twice"))
        if set(self.closed) & set(self.opened):
            raise _refused(Wrong.CONTRADICTION.at("/opened", "has a day that is also closed"))
        try:
            if self.week is not None:
                Overlay(tuple(spans_of(hours) for hours in self.week))
        except ValueError as error:
            raise _refused(Wrong.HOURS.at("/week", str(error))) from None
        said = self.model_dump(mode="json")
        return {**said, "closed": sorted(set(said["closed"])), "opened": sorted(set(said["opened"])),
                "profile": self.profile}  # fmt: skip


def _refused(error: FieldError) -> Invalid:
    return Invalid("Correct the branch and send it again.", errors=[error])


class BranchView(BaseModel):
    """A branch as everybody in the house sees it."""

    branch: str
    title: str
    kind: str
    profile: str
    region: str | None
    complaint_phone: str | None
    complaint_mailbox: str | None
    week: list[list[str]] | None
    closed: list[date]
    opened: list[date]
    departments: list[DepartmentForm]
    path: str
    version: int


def view_of(branch: Branch) -> BranchView:
    """The branch on a screen."""
    shown = {name: getattr(branch, name) for name in BranchView.model_fields if name != "path"}
    return BranchView.model_validate({**shown, "path": f"/v1/branches/{branch.branch}"})
