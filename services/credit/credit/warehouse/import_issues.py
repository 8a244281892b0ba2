"""Takes the warehouse's goods-issue list (发货清单): line by line, then compared with the releases (P11.11)."""

from __future__ import annotations

from chassis.imports import Import

from credit.permissions import LIST_ISSUES
from credit.warehouse.foresee_cases import foresee_cases
from credit.warehouse.reconcile_issues import reconcile_issues
from credit.warehouse.take_issue import IssueRow, take_issue, touched_by_issue

RULES = ("P11.11",)

ISSUES_LIST = Import(
    "goods_issues",
    "/v1/goods-issues/imports",
    IssueRow,
    take_issue,
    LIST_ISSUES,
    reconcile_issues,
    foresee_cases,
    touched_by_issue,
)
