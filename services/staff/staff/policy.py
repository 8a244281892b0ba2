"""What the directory may be told by policy: which roles only the group gives (P05.19)."""

from __future__ import annotations

from contracts.roles import Role
from policy.policies import Policy, rule

#: they reach every branch wherever they are held, or speak for the group
_CENTRAL = (
    Role.ADMINISTRATOR, Role.GM_OFFICE_MEETING, Role.TOP_MANAGEMENT, Role.COMPANY_LEADERSHIP, Role.EXECUTIVE_CHAIR,
    Role.VP_OPERATIONS, Role.CEO, Role.MARKETING_HEAD_COMPANY, Role.COMPANY_OFFICE, Role.CALL_CENTRE,
    Role.GROUP_CUSTOMER_SERVICE, Role.BRAND_DIVISION, Role.LEGAL, Role.INFORMATION_SUPERVISOR, Role.AREA_MANAGER,
)  # fmt: skip


class StaffPolicy(Policy):
    """How the directory is kept."""

    NAME = "staff"

    central_roles: tuple[Role, ...] = rule("P05.19", zh="只能由集团授予的岗位", default=_CENTRAL, ours=True)
