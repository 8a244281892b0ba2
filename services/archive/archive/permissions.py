"""Who keeps, opens and audits what the archive holds (P01.5, P04.8, P05.9, P05.11, P15.1)."""

from __future__ import annotations

from contracts.archive import DossierKind
from contracts.roles import Role, Scope
from policy.access import Permission, Reach

_KEEPERS: dict[Role, Reach] = {Role.INFORMATION_SPECIALIST: Reach.BRANCH, Role.ARCHIVIST: Reach.BRANCH}
#: any post may be granted a single dossier; by itself it reaches none
_ANYBODY: dict[Role, Reach] = {role: Reach.OWN for role in Role if role is not Role.ADMINISTRATOR}

#: a keeper's daily work with the files of the branch (A4)
KEEP_DOSSIERS = Permission("archive.keep", _KEEPERS, scopes=(Scope.ARCHIVE_FILE,))
#: what a dossier holds: its keepers, and whom a request has opened it to
OPEN_DOSSIER = Permission("archive.open", {**_ANYBODY, **_KEEPERS}, scopes=(Scope.ARCHIVE_READ,))
#: what the dossier of a case holds: heads of department and the general manager too (P04.8)
OPEN_CASE_DOSSIER = Permission(
    "archive.open_case",
    {**_ANYBODY, **_KEEPERS, Role.DEPARTMENT_HEAD: Reach.BRANCH, Role.GENERAL_MANAGER: Reach.BRANCH},
    scopes=(Scope.ARCHIVE_READ,),
)
#: says how secret a dossier is and who alone keeps it (P05.11)
CLASSIFY = Permission(
    "archive.classify", {Role.INFORMATION_SUPERVISOR: Reach.BRANCH, Role.CUSTOMER_SERVICE_MANAGER: Reach.BRANCH}
)
_REGISTERED: dict[Role, Reach] = {
    Role.INFORMATION_SUPERVISOR: Reach.BRANCH,
    Role.CUSTOMER_SERVICE_MANAGER: Reach.BRANCH,
    Role.GENERAL_MANAGER: Reach.BRANCH,
}
#: asks to view, and reads requests: one's own, and of the branch who keeps the register or signs (P05.9)
VIEW_REQUESTS = Permission(
    "archive.view_requests",
    {
        **_ANYBODY,
        **_KEEPERS,
        **_REGISTERED,
        Role.DEPARTMENT_HEAD: Reach.BRANCH,
        Role.DEPARTMENT_MANAGER: Reach.BRANCH,
        Role.PROPERTY_MANAGER: Reach.BRANCH,
    },
)
#: asks for a loan, and reads the loan register: one's own lines, and of the branch who keeps it (P05.10)
LOANS = Permission("archive.loans", {**_ANYBODY, **_KEEPERS, **_REGISTERED})
#: what may be given to outsiders: who proposes and reads it (P05.13)
PROVIDE = Permission("archive.provide", {**_KEEPERS, **_REGISTERED})
#: machines that give under an agreement ask whether one is in force, and say what they gave
GIVE = Permission("archive.give", {}, scopes=(Scope.ARCHIVE_PROVIDE,))
#: reads the audit log; only who is granted it for the whole group, since the log is of the whole group
AUDIT = Permission("archive.audit", {Role.INFORMATION_SUPERVISOR: Reach.BRANCH, Role.GENERAL_MANAGER: Reach.BRANCH})


def opening(kind: DossierKind) -> Permission:
    """The permission to open a dossier of this kind."""
    return OPEN_CASE_DOSSIER if kind is DossierKind.CASE else OPEN_DOSSIER
