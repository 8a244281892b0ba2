"""Opens a branch under the profile it runs under (P04.2)."""

from __future__ import annotations

from chassis.http import Answer, post
from chassis.problems import Refused
from chassis.tx import Tx
from pydantic import ConfigDict

from staff.branch import BRANCHES, Branch, branch_id, tell
from staff.branches.form import BranchName, BranchParts, BranchView, view_of
from staff.permissions import KEEP_BRANCHES

RULES = ("P04.2",)


class BranchTaken(Refused):
    """A branch of this name is open already."""

    zh = "已有同名门店。请核对名称。"


class BranchForm(BranchParts):
    """A new branch; its name stays for good."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "branch": "sh-pudong",
                    "title": "上海浦东4S店",
                    "kind": "dealership",
                    "profile": "dealership",
                    "region": "east",
                    "complaint_phone": "021-5555 0000",
                    "departments": [{"department": "after_sales", "title": "售后部"}],
                }
            ]
        }
    )

    branch: BranchName


@post("/v1/branches", needs=KEEP_BRANCHES, status=201)
async def open_branch(form: BranchForm, tx: Tx) -> Answer[BranchView]:
    """Open a branch; 409 when one of this name is open."""
    # two who open the same one take turns here
    await tx.driver.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", form.branch)
    identifier = branch_id(form.branch)
    if await tx.load(BRANCHES, [identifier]):
        raise BranchTaken(f"The branch {form.branch} is open. Change it, or take another name.")
    branch = Branch(
        id=identifier, branch=form.branch, opened_at=tx.now, version=1, sequence=0,
        **{name: value for name, value in form.checked().items() if name != "branch"},
    )  # fmt: skip
    tx.add(branch)
    tell(tx, branch)
    view = view_of(branch)
    return Answer(view, headers={"Location": view.path})
