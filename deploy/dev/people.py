"""Who works in the demo: branches, at least one under each profile, and their people, as staff's own API takes them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

#: the subject that the staff service makes administrator when it is empty
ADMINISTRATOR = "admin-1"
COLUMNS = ("subject", "employee_number", "name", "mail", "mobile", "branch", "department", "roles")

_SURNAMES, _GIVEN = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", ("建国", "丽华", "志强", "秀英", "晓东", "文静", "海燕", "国栋")
_DEPARTMENTS = {
    "sales": "销售部", "after_sales": "售后部", "customer_service": "客户服务部", "hr_admin": "人事行政部",
    "operations": "营运部", "marketing": "市场部", "property": "物业部", "gps_division": "GPS事业部",
    "finance": "财务部",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """A branch of the demo."""

    branch: str
    title: str
    kind: str
    profile: str
    region: str
    #: department or "" to the posts there: a role, or several that one person holds
    posts: dict[str, tuple[str, ...]]
    #: posts of the branch itself that came later: entered after everybody else, whose numbers stay as they are
    later: tuple[str, ...] = ()

    def form(self, n: int) -> dict[str, Any]:
        """As it is opened."""
        return {
            "branch": self.branch,
            "title": self.title,
            "kind": self.kind,
            "profile": self.profile,
            "region": self.region,
            "complaint_phone": f"400 0777 {n:03d}",
            "complaint_mailbox": f"complaints@{self.branch}.kehu.example",
            "departments": [{"department": d, "title": _DEPARTMENTS[d]} for d in self.posts if d],
        }


_OFFICE = ("general_manager", "hr_admin_manager", "information_specialist", "archivist")
_DEALERSHIP = {
    "": (*_OFFICE, "customer_director crisis_group", "relations_manager"),
    "customer_service": ("customer_relations", "customer_relations relations_specialist"),
    "sales": ("department_head sales_director", "sales_manager", "sales_consultant", "sales_consultant"),
    "after_sales": ("department_head", "service_adviser", "service_adviser"),
}
PLACES = (
    Place("sh-pudong", "上海浦东4S店", "dealership", "dealership", "east", _DEALERSHIP),
    Place("sh-minhang", "上海闵行4S店", "dealership", "dealership", "east", _DEALERSHIP),
    Place("bj-chaoyang", "北京朝阳4S店", "dealership", "dealership", "north", _DEALERSHIP),
    Place(
        "gz-tianhe", "广州天河门店", "store", "retail", "south",
        {"": (*_OFFICE, "hr_admin"),
         "operations": ("department_manager", "department_supervisor", "operations_customer_service")},
        ("department_supervisor", "department_manager"),
    ),
    Place(
        "cd-wuhou", "成都武侯服务中心", "service-centre", "services", "west",
        {"": (*_OFFICE, "customer_service_manager"),
         "customer_service": ("department_manager", "customer_service_supervisor department_supervisor",
                              "complaint_agent", "order_agent", "service_agent")},
    ),
    Place(
        "nj-jiangning", "南京江宁分销公司", "office", "distribution", "east",
        {"": _OFFICE, "sales": ("department_head business_department_manager", "salesperson", "salesperson"),
         "marketing": ("marketing_head", "logistics_specialist", "warehouse_keeper"), "finance": ("finance",)},
    ),
    Place(
        "wh-hankou", "武汉汉口医院", "hospital", "hospital", "central",
        {"": (*_OFFICE, "hospital_leadership", "attending_doctor"),
         "customer_service": ("customer_service_manager", "call_back_agent", "customer_service")},
    ),
    Place(
        "sz-nanshan", "深圳南山管理中心", "property-site", "property", "south",
        {"": (*_OFFICE, "property_manager", "front_desk"), "property": ("department_head property", "property_staff")},
    ),
    Place(
        "xa-yanta", "西安雁塔GPS服务中心", "service-centre", "gps", "west",
        {"": _OFFICE, "gps_division": ("division_manager department_head", "service_agent", "technician",
                                       "technician")},
    ),
    Place("hq-office", "集团办公室", "office", "group", "east", {"": (*_OFFICE, "company_office")}),
    # its hours are set by the demo, so that a term ends while one looks on
    Place("wz-lucheng", "温州鹿城快修点", "service-centre", "services", "east", {},
          ("general_manager", "hr_admin_manager")),
)  # fmt: skip

#: the head office: subject to what they hold
_HEAD_OFFICE = {
    "ceo-1": "ceo@group top_management@group",
    "vp-1": "vp_operations@group company_leadership@group",
    "gm-1": "general_manager@group gm_office_meeting@group",
    "chair-1": "executive_chair@group",
    "legal-1": "legal@group",
    "brand-1": "brand_division@group",
    "brand-2": "brand_division@group",
    "hr-1": "hr_admin@group",
    "hr-2": "hr_admin_manager@group",
    "clerk-1": "marketing_promotion@group",
    "clerk-2": "marketing_administrator@group",
    "agent-7": "call_centre@group",
    "agent-8": "call_centre@group",
    "agent-9": "call_centre@group",
    "group-cs-1": "group_customer_service@group",
    "cs-manager-1": "customer_service_manager@group",
    "information-1": "information_supervisor@group",
    "finance-1": "finance@group",
    "area-east-1": "area_manager@area:east",
    "area-north-1": "area_manager@area:north",
    "area-south-1": "area_manager@area:south",
    "area-west-1": "area_manager@area:west",
}


def rows() -> Iterator[dict[str, str]]:
    """Everybody, with invented names and numbers of a range that is assigned to nobody."""
    n = 0
    for subject, roles in _HEAD_OFFICE.items():
        yield _row(n, subject, "group", "", roles.split())
        n += 1
    known: Counter[str] = Counter()
    posts = [(place, d, post) for place in PLACES for d, held in place.posts.items() for post in held]
    posts += [(place, "", post) for place in PLACES for post in place.later]
    for place, department, post in posts:
        where = f"{place.branch}/{department}" if department else place.branch
        name = f"{post.split()[0].replace('_', '-')}-{place.branch}"
        known[name] += 1
        # who heads a department heads that one; every other role counts at the branch
        held = [f"{role}@{where if role.startswith('department_') else place.branch}" for role in post.split()]
        yield _row(n, f"{name}-{known[name]}", place.branch, department, held)
        n += 1


def _row(n: int, subject: str, branch: str, department: str, roles: Sequence[str]) -> dict[str, str]:
    name = _SURNAMES[n % len(_SURNAMES)] + _GIVEN[n // len(_SURNAMES) % len(_GIVEN)]
    return {
        "subject": subject,
        "employee_number": f"E-{1000 + n}",
        "name": name,
        "mail": f"{subject}@kehu.example",
        "mobile": f"1420777{5000 + n}",
        "branch": branch,
        "department": department,
        "roles": ";".join(roles),
    }


def table(people: Iterator[dict[str, str]] | Sequence[dict[str, str]]) -> bytes:
    """The people as the table that staff takes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="")
    writer.writeheader()
    writer.writerows(people)
    return text.getvalue().encode("utf-8-sig")


def rota(now: datetime) -> Iterator[dict[str, Any]]:
    """Who is on duty for the rest of today, and tomorrow: the call centre, customer relations of one dealership."""
    relations = [row["subject"] for row in rows() if row["roles"].startswith("customer_relations@sh-pudong")]
    today = now.date()
    for day, since in ((today, now.strftime("%H:%M")), (today + timedelta(days=1), "00:00")):
        agents = (("agent-9", "00:00", "08:00"), ("agent-7", "08:00", "16:00"), ("agent-8", "16:00", "24:00"))
        yield _day("call_centre", "group", day, since, agents)
        halves = ((relations[0], "00:00", "12:00"), (relations[1], "12:00", "24:00"))
        yield _day("customer_relations", "sh-pudong", day, since, halves)


def _day(role: str, place: str, day: date, since: str, shifts: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """The shifts that are not over by then."""
    return {
        "role": role,
        "place": place,
        "date": day.isoformat(),
        "shifts": [
            {"person": person, "from_time": begin, "until_time": end} for person, begin, end in shifts if end > since
        ],
    }
