"""Changes a branch: its profile, region, hours, days, departments, complaint phone and mailbox (P04.2)."""

from __future__ import annotations

from typing import Annotated

from chassis.auth import Principal
from chassis.http import if_match, put
from chassis.problems import Forbidden, NotFound, Refused, Stale
from chassis.tx import Tx
from fastapi import Depends

from staff.branch import branch_named, tell
from staff.branches.form import BranchName, BranchParts, BranchView, view_of
from staff.permissions import CHANGE_BRANCH, KEEP_BRANCHES

RULES = ("P04.2",)

#: what decides which rules hold at a branch, and who reaches it
OF_THE_GROUP = ("kind", "profile", "region")


class DepartmentInUse(Refused):
    """Somebody holds a role, or works, in the department that would go."""

    zh = "该部门仍有人员或岗位，不能撤销。请先调整人员。"


@put("/v1/branches/{branch}", needs=CHANGE_BRANCH)
async def change_branch(
    branch: BranchName,
    form: BranchParts,
    principal: Principal,
    tx: Tx,
    expected: Annotated[int | None, Depends(if_match)] = None,
) -> BranchView:
    """Replace what a branch has. Profile, kind and region are changed by who may open branches."""
    if not CHANGE_BRANCH.reach(principal).includes(branch):
        raise NotFound("There is no such branch, or none that you may change. Look at /v1/branches.")
    found = await branch_named(tx, branch, lock=True)
    if expected is not None and expected != found.version:
        raise Stale("It was changed by someone else in the meantime. Read it again and repeat the change.")
    said = form.checked()
    if any(said[name] != getattr(found, name) for name in OF_THE_GROUP) and not KEEP_BRANCHES.allows(principal):
        raise Forbidden("Profile, kind and region of a branch are changed by who opens branches.")
    await _refuse_if_used(tx, branch, found.departments, said["departments"])
    changed = any(said[name] != getattr(found, name) for name in said)
    for name, value in said.items():
        setattr(found, name, value)
    if changed:
        tell(tx, found)
        await tx.flush()
    return view_of(found)


async def _refuse_if_used(tx: Tx, branch: str, had: list[dict[str, str]], has: list[dict[str, str]]) -> None:
    kept = {one["department"] for one in has}
    going = [one["department"] for one in had if one["department"] not in kept]
    used = await tx.driver.fetch(
        "SELECT department FROM people WHERE branch = $1 AND department = ANY($2::text[]) AND employment <> 'left' "
        "UNION SELECT moves->>'department' FROM people WHERE moves->>'branch' = $1 "
        "AND moves->>'department' = ANY($2::text[]) AND employment <> 'left' "
        "UNION SELECT split_part(place, '/', 2) FROM grants WHERE place = ANY($3::text[]) "
        "AND (until_at IS NULL OR until_at > $4) ORDER BY 1",
        branch,
        going,
        [f"{branch}/{department}" for department in going],
        tx.now,
    )
    if used:
        raise DepartmentInUse(f"People work in {', '.join(row[0] for row in used)}. Move them first.")
