"""Who drafts and reviews policy documents (P01.18); everybody reads those that concern them."""

from __future__ import annotations

from contracts.roles import Role
from policy.access import Permission, Reach

_HEADS = (
    Role.DEPARTMENT_HEAD,
    Role.DEPARTMENT_MANAGER,
    Role.DEPARTMENT_DIRECTOR,
    Role.CUSTOMER_DIRECTOR,
    Role.CUSTOMER_SERVICE_MANAGER,
    Role.RELATIONS_MANAGER,
    Role.HR_ADMIN_MANAGER,
)

READ_DOCUMENTS = Permission("documents.read", dict.fromkeys(Role, Reach.BRANCH))
DRAFT_DOCUMENT = Permission(
    "documents.draft",
    dict.fromkeys((*_HEADS, Role.CUSTOMER_CARE, Role.MARKETING_PROMOTION, Role.CUSTOMER_SERVICE), Reach.BRANCH),
)
REVIEW_DOCUMENT = Permission("documents.review", dict.fromkeys(_HEADS, Reach.BRANCH))
