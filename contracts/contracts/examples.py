"""What each message looks like when it is sent: for documentation, for release, and for whoever consumes it to try.

The people, vehicles and numbers are invented; a nullable field is shown with a value and without.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from contracts.archive import AccessRecorded, DossierEntry, DossierFiled, DossierKind, FiledItem, PaperLine
from contracts.complaint import (
    Channel,
    CompensationAsked,
    CompensationDecided,
    CompensationKind,
    CompensationPaid,
    ComplaintJudged,
    ComplaintMatched,
    ComplaintOpened,
    ComplaintSerious,
    DossierReady,
    Harm,
    HarmedParty,
    HarmRecorded,
    ManifestItem,
    MarkedBy,
    MarkedSerious,
    Match,
    RepeatFound,
    SeriousKind,
    SeriousOverruled,
)
from contracts.credit import (
    AccountOpened,
    DocumentBooked,
    EligibilityChanged,
    GoodsIssued,
    GoodsReturned,
    HoldReason,
    LedgerDocument,
    ReleaseStep,
    ReleaseWay,
    ShipmentCancelled,
    ShipmentDelivered,
    ShipmentHeld,
    ShipmentInvoiced,
    ShipmentReleased,
)
from contracts.customer import (
    ConfirmErasure,
    CustomerChanged,
    CustomerClass,
    CustomerEntry,
    CustomerErased,
    CustomerKind,
    CustomerRegistered,
    Token,
    TokenKind,
)
from contracts.message import Message
from contracts.money import Money
from contracts.notify import (
    EndpointDisabled,
    NobodyTold,
    NoticeRead,
    NoticeSent,
    Send,
    WebhookDelivered,
    WebhookGivenUp,
)
from contracts.roles import Role
from contracts.staff import (
    BranchEntry,
    BreachItem,
    BreachRecorded,
    BreachStanding,
    CalendarDay,
    CalendarYear,
    Employment,
    GrantLine,
    PersonEntry,
    PersonLeft,
    Profile,
    RecordBreach,
    RotaEntry,
    ShiftLine,
)
from contracts.work import WorkItem, WorkState

_CUSTOMER = UUID("019a9efd-6d00-7000-8000-00000000c001")
_MERGED = UUID("019b9681-12c0-7000-8000-00000000c002")
_CASE = UUID("019cac1c-e220-7000-8000-00000000ca5e")
_EARLIER = UUID("019c94ab-99ff-7000-8000-00000000ca5e")
_ACCOUNT = UUID("019cac1c-e220-7000-8000-00000000acc0")
_SHIPMENT = UUID("019cac1c-e220-7000-8000-00000000541b")
_INVOICE = UUID("019cac1c-e220-7000-8000-0000000014c0")
_COMPENSATION = UUID("019cac1c-e225-7000-8000-00000000c0e5")
_DELIVERY = UUID("019cac1c-e324-7000-8000-00000000de11")
_SUBSCRIPTION = UUID("0199c7fb-ec00-7000-8000-000000005b5c")
_EVENT = UUID("019cac1c-e31a-7000-8000-00000000e7e7")
_WORK = UUID("019cac1c-e221-7000-8000-00000000d0e5")
_BRANCH = UUID("0199c7fb-ec00-7000-8000-0000000000b1")
_PERSON = UUID("0199c7fb-ec00-7000-8000-0000000000a3")
_YEAR = UUID("0199c7fb-ec00-7000-8000-000000002027")

_TAKEN = datetime(2026, 3, 2, 1, 15, tzinfo=UTC)
_SOON = datetime(2026, 3, 2, 1, 15, 0, 250_000, tzinfo=UTC)
_LATER = datetime(2026, 3, 2, 6, 40, 12, tzinfo=UTC)
_ANSWER_DUE = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)

_PHONE = Token(kind=TokenKind.PHONE, token="AkZEK15W4zybABb9DT0_nQ", key="t1")  # noqa: S106
_PLATE = Token(kind=TokenKind.PLATE, token="-dJtOWs1f-KaJdwJ9AnXwg", key="t1")  # noqa: S106

_ALL = (
    CustomerRegistered(
        customer_id=_CUSTOMER,
        kind=CustomerKind.PERSON,
        customer_class=CustomerClass.GENERAL,
        branch="sh-pudong",
        registered_by="agent-07",
        duplicates_overridden=False,
    ),
    CustomerRegistered(
        customer_id=_MERGED,
        kind=CustomerKind.ORGANISATION,
        customer_class=None,
        branch="hz-binjiang",
        registered_by="import",
        duplicates_overridden=True,
    ),
    CustomerChanged(customer_id=_CUSTOMER, what=["phones", "vehicles"], changed_by="agent-07"),
    CustomerEntry(
        customer_id=_CUSTOMER,
        kind=CustomerKind.PERSON,
        customer_class=CustomerClass.KEY,
        branch="sh-pudong",
        tokens=[_PHONE, _PLATE],
        as_of=_TAKEN,
    ),
    CustomerEntry(
        customer_id=_MERGED,
        kind=CustomerKind.ORGANISATION,
        customer_class=None,
        branch="hz-binjiang",
        tokens=[],
        as_of=_LATER,
        redirect_to=_CUSTOMER,
    ),
    ComplaintOpened(
        case_id=_CASE,
        number="20260302-0001042-8",
        branch="sh-pudong",
        channel=Channel.PHONE,
        brand="江淮汽车",
        series="江淮iEV6E",
        model="2017款 iEV6E",
        model_year=2017,
        fault_codes=["H343"],
        taken_at=_TAKEN,
        marked_serious=True,
        match=Match.MATCHED,
        customer_id=_CUSTOMER,
    ),
    ComplaintOpened(
        case_id=_EARLIER,
        number="20260225-0000007-7",
        branch="hz-binjiang",
        channel=Channel.WEB,
        brand="一汽马自达",
        series=None,
        model=None,
        model_year=None,
        fault_codes=[],
        taken_at=datetime(2026, 2, 25, 11, 59, 59, 999_000, tzinfo=UTC),
        marked_serious=False,
        match=Match.PENDING,
        customer_id=None,
    ),
    ComplaintMatched(case_id=_CASE, customer_id=_CUSTOMER, matched_at=_LATER, directory_as_of=_SOON),
    ComplaintMatched(case_id=_EARLIER, customer_id=_CUSTOMER, matched_at=_LATER),
    ComplaintJudged(
        case_id=_CASE, founded=True, grounds_hold=True, claim_holds=True, judged_at=_LATER, rules=["P04.3"]
    ),
    RepeatFound(case_id=_CASE, earlier_case_id=_EARLIER, by=[TokenKind.PHONE, TokenKind.PLATE]),
    MarkedSerious(case_id=_CASE, kinds=[SeriousKind.REPEAT], by=MarkedBy.SYSTEM, rules=["P12.5"]),
    MarkedSerious(
        case_id=_EARLIER,
        kinds=[SeriousKind.NEGATIVE_MEDIA, SeriousKind.RETURN_OR_EXCHANGE],
        by=MarkedBy.PERSON,
        rules=["P12.5"],
    ),
    SeriousOverruled(
        case_id=_CASE, kinds=[SeriousKind.REPEAT], still_serious=False, by="agent-07", overruled_at=_LATER
    ),
    HarmRecorded(case_id=_CASE, party=HarmedParty.DEVELOPER, harm=Harm.MONEY, amount=Money(amount=Decimal("52000.00"))),
    HarmRecorded(case_id=_CASE, party=HarmedParty.COMPANY, harm=Harm.REPUTATION, amount=None),
    CompensationAsked(
        case_id=_CASE,
        compensation_id=_COMPENSATION,
        kinds=[CompensationKind.REPAIR, CompensationKind.GOODWILL],
        amount=Money(amount=Decimal("1800.00")),
        together=Money(amount=Decimal("2300.00")),
    ),
    CompensationDecided(
        case_id=_CASE,
        compensation_id=_COMPENSATION,
        granted=True,
        amount=Money(amount=Decimal("1800.00")),
        decided_at=_LATER,
    ),
    CompensationPaid(
        case_id=_CASE, compensation_id=_COMPENSATION, amount=Money(amount=Decimal("1800.00")), paid_at=_LATER
    ),
    ComplaintSerious(
        case_id=_CASE,
        number="20260302-0001042-8",
        brand="江淮汽车",
        series="江淮iEV6E",
        model="2017款 iEV6E",
        model_year=2017,
        fault_codes=["H343"],
        kinds=[SeriousKind.REPEAT],
        branch="sh-pudong",
        region="east",
        taken_at=_TAKEN,
        serious_at=_SOON,
        summary="动力电池故障，无法充电。车主[姓名]，[电话]，要求三日内解决。",
        detail=f"/v1/complaints/{_CASE}/detail",
    ),
    ComplaintSerious(
        case_id=_EARLIER,
        number="20260225-0000007-7",
        brand="一汽马自达",
        series=None,
        model=None,
        model_year=None,
        fault_codes=[],
        kinds=[SeriousKind.NEGATIVE_MEDIA, SeriousKind.RETURN_OR_EXCHANGE],
        branch="hz-binjiang",
        region=None,
        taken_at=datetime(2026, 2, 25, 11, 59, 59, 999_000, tzinfo=UTC),
        serious_at=_LATER,
        summary="B柱异响，要求退车。",
        detail=f"/v1/complaints/{_EARLIER}/detail",
    ),
    WebhookDelivered(
        delivery_id=_DELIVERY, subscription_id=_SUBSCRIPTION, event_id=_EVENT, attempts=1, delivered_at=_SOON
    ),
    WebhookGivenUp(
        delivery_id=_DELIVERY, subscription_id=_SUBSCRIPTION, event_id=_EVENT, attempts=7, given_up_at=_LATER
    ),
    EndpointDisabled(subscription_id=_SUBSCRIPTION, failing_since=_SOON, disabled_at=_LATER),
    AccessRecorded(
        service="complaint",
        actor="agent-07",
        action="read",
        table="cases",
        ids=[str(_CASE)],
        purpose="handling",
        rules=["P12.3"],
        at=_LATER,
        digests=["50d858e0985ecc7f60418aaf0cc5ab587f42c2570a884095a9e8ccacd0f6545c"],
    ),
    WorkItem(
        id=_WORK,
        service="complaint",
        kind="answer",
        subject=str(_CASE),
        rules=["P04.9"],
        role=Role.DEPARTMENT_HEAD,
        place="sh-pudong",
        person=None,
        due_at=_ANSWER_DUE,
        why_due="2 working days from 2026-03-02 09:15",
        state=WorkState.OPEN,
        path=f"/v1/complaints/{_CASE}",
    ),
    WorkItem(
        id=_WORK,
        service="complaint",
        kind="judge",
        subject=str(_CASE),
        rules=["P04.3"],
        role=Role.HR_ADMIN_MANAGER,
        place="sh-pudong",
        person=None,
        due_at=_ANSWER_DUE,
        why_due="1 working day from 2026-03-02 09:15, because P04.3, calendar 2026: until 2026-03-03 18:00",
        state=WorkState.MISSED,
        path=f"/v1/complaints/{_CASE}",
        since=_TAKEN,
        why_due_zh="自 2026-03-02 09:15 起 1 个工作日,依据 P04.3,按 2026 年日历:截止 2026-03-03 18:00",
        reminders=2,
        escalated_to=[Role.GENERAL_MANAGER],
    ),
    BranchEntry(
        branch_id=_BRANCH,
        branch="sh-pudong",
        kind="dealership",
        profile=Profile.DEALERSHIP,
        region="east",
        week=[["09:00-12:00", "13:30-18:00"]] * 6 + [[]],
        closed=[date(2026, 3, 9)],
        opened=[date(2026, 2, 17)],
    ),
    BranchEntry(
        branch_id=_BRANCH,
        branch="hz-store-3",
        kind="store",
        profile=Profile.RETAIL,
        region=None,
        week=None,
        closed=[],
        opened=[],
    ),
    PersonEntry(
        person_id=_PERSON,
        subject="head-03",
        employment=Employment.ACTIVE,
        branch="sh-pudong",
        department="after_sales",
        grants=[
            GrantLine(role=Role.DEPARTMENT_HEAD, place="sh-pudong", from_at=_TAKEN, until_at=None, on_behalf_of=None),
            GrantLine(
                role=Role.GENERAL_MANAGER, place="sh-pudong", from_at=_TAKEN, until_at=_LATER, on_behalf_of="gm-01"
            ),
        ],
    ),
    PersonEntry(
        person_id=_PERSON,
        subject="head-03",
        employment=Employment.LEFT,
        branch="sh-pudong",
        department=None,
        grants=[],
    ),
    CalendarYear(
        year_id=_YEAR,
        year=2027,
        source="国务院办公厅",
        days=[
            CalendarDay(date=date(2027, 1, 1), off=True, holiday="元旦"),
            CalendarDay(date=date(2027, 1, 3), off=False, holiday="元旦"),
        ],
    ),
    RotaEntry(
        rota_id=_YEAR,
        role=Role.RELATIONS_MANAGER,
        place="sh-pudong",
        date=date(2026, 3, 2),
        shifts=[ShiftLine(person="relations-02", from_at=_TAKEN, until_at=_LATER)],
    ),
    PersonLeft(person_id=_PERSON, subject="head-03", branch="sh-pudong", left_at=_LATER),
    RecordBreach(
        breach_id=_WORK,
        person="adviser-11",
        rule="P13.7",
        kind="late_new_car_file",
        subject="20260302-0001042-8",
        occurred_on=date(2026, 3, 2),
        decided_at=_LATER,
        base=None,
    ),
    RecordBreach(
        breach_id=_WORK,
        person="head-03",
        rule="P04.11",
        kind="misconduct_4",
        subject="20260302-0001042-8",
        occurred_on=date(2026, 3, 2),
        decided_at=_LATER,
        base=Money(amount=Decimal("8000.00"), currency="CNY"),
    ),
    RecordBreach(
        breach_id=_WORK,
        person="adviser-11",
        rule="P13.7",
        kind="after_sales_file_late",
        subject="handover-20260302-17",
        occurred_on=date(2026, 3, 2),
        decided_at=_LATER,
        base=None,
        items=[
            BreachItem(kind="after_sales_file_late", count=1),
            BreachItem(kind="customer_signature_missing", count=2),
        ],
        measured=Decimal("92.5"),
        part="warehouse_keeper",
        repeats=_CASE,
    ),
    BreachRecorded(
        breach_id=_WORK,
        account_id=_PERSON,
        person="adviser-11",
        branch="sh-pudong",
        department="after_sales",
        kind="after_sales_file_late",
        rules=["P13.7", "P13.8"],
        tier=None,
        subject="handover-20260302-17",
        month=date(2026, 3, 1),
        standing=BreachStanding.BOOKED,
        fine=Money(amount=Decimal("300.00"), currency="CNY"),
        share=Money(amount=Decimal("0.00"), currency="CNY"),
        points=0,
        performance_pay=0,
        sanction=None,
        company_notice=False,
        count=3,
        doubled=True,
    ),
    BreachRecorded(
        breach_id=_WORK,
        account_id=_PERSON,
        person="adviser-11",
        branch="sh-pudong",
        department=None,
        kind="misconduct_3",
        rules=["P04.11"],
        tier=3,
        subject="20260302-0001042-8",
        month=date(2026, 3, 1),
        standing=BreachStanding.BOOKED,
        fine=Money(amount=Decimal("300.00"), currency="CNY"),
        share=Money(amount=Decimal("0.00"), currency="CNY"),
        points=10,
        performance_pay=0,
        sanction="reprimand",
        company_notice=True,
        count=None,
        doubled=False,
    ),
    WorkItem(
        id=_WORK,
        service="complaint",
        kind="answer",
        subject=str(_CASE),
        rules=["P04.9"],
        role=Role.DEPARTMENT_HEAD,
        place="sh-pudong",
        person="head-03",
        due_at=None,
        why_due=None,
        state=WorkState.DONE,
        path=f"/v1/complaints/{_CASE}",
    ),
    CustomerErased(erasure_id=_WORK, customer_id=_CUSTOMER, erased_at=_LATER),
    ConfirmErasure(erasure_id=_WORK, customer_id=_CUSTOMER, service="complaint", destroyed=3, at=_LATER),
    CustomerEntry(
        customer_id=_CUSTOMER,
        kind=CustomerKind.ORGANISATION,
        customer_class=CustomerClass.KEY,
        branch="sh-pudong",
        tokens=[],
        as_of=_LATER,
        confirmed_at=_SOON,
    ),
    DossierReady(
        case_id=_CASE,
        handover_id=_EVENT,
        number="20260302-0001042-8",
        branch="sh-pudong",
        customer_id=_CUSTOMER,
        items=[
            ManifestItem(
                label="complaint record",
                kind="complaint_record",
                media_type="application/pdf",
                size=48211,
                sha256="6c" * 32,
                path=f"/v1/complaints/{_CASE}/dossier/complaint_record",
            )
        ],
        excluded=["head-03"],
    ),
    DossierReady(
        case_id=_EARLIER,
        handover_id=_EVENT,
        number="20260226-0000017-1",
        branch="bj-chaoyang",
        customer_id=None,
        items=[],
        excluded=[],
    ),
    DossierFiled(
        dossier_id=_DELIVERY,
        service="complaint",
        source=_CASE,
        handover_id=_EVENT,
        items=[FiledItem(label="complaint record", item_id=_WORK, sha256="6c" * 32)],
        filed_at=_LATER,
    ),
    DossierEntry(
        dossier_id=_DELIVERY,
        kind=DossierKind.CUSTOMER,
        about=str(_CUSTOMER),
        branch="sh-pudong",
        papers=[
            PaperLine(item_id=_WORK, kind="account_opener_identity", filed_at=_LATER, valid_until=None),
            PaperLine(item_id=_EVENT, kind="distribution_contract", filed_at=_LATER, valid_until=date(2026, 12, 31)),
        ],
    ),
    Send(
        send_id=_DELIVERY,
        service="complaint",
        template="serious_complaint",
        to=["general_manager@sh-pudong", "person:head-03"],
        subject=str(_CASE),
        path=f"/v1/complaints/{_CASE}",
        params={"number": "20260302-0001042-8", "brand": "东风日产"},
        rules=["P12.7"],
        confirm_by=_SOON,
        urgent=True,
    ),
    Send(
        send_id=_DELIVERY,
        service="archive",
        template="loan_due",
        to=["person:adviser-11"],
        subject=str(_WORK),
        path=f"/v1/loans/{_WORK}",
        params={},
        rules=["P05.10"],
        confirm_by=None,
        urgent=False,
    ),
    NoticeSent(
        send_id=_DELIVERY,
        notice_id=_EVENT,
        person="gm-01",
        role=Role.GENERAL_MANAGER,
        place="sh-pudong",
        channel="sms",
        sent_at=_LATER,
        because=None,
    ),
    NoticeSent(
        send_id=_DELIVERY,
        notice_id=_EVENT,
        person="head-03",
        role=Role.DEPARTMENT_HEAD,
        place="sh-pudong",
        channel="inbox",
        sent_at=_LATER,
        because="nobody is on duty as general_manager",
    ),
    NoticeRead(send_id=_DELIVERY, notice_id=_EVENT, person="gm-01", confirmed=True, read_at=_LATER),
    NobodyTold(send_id=_DELIVERY, tried=["relations_manager@sh-pudong", "general_manager@sh-pudong"], at=_LATER),
    AccountOpened(
        account_id=_ACCOUNT, customer_ids=[_CUSTOMER], branch="hz-dist-1", opened_by="sales-04", opened_at=_LATER
    ),
    EligibilityChanged(account_id=_ACCOUNT, branch="hz-dist-1", missing=["contract"], as_of=_LATER, rules=["P11.1"]),
    EligibilityChanged(account_id=_ACCOUNT, branch="hz-dist-1", missing=[], as_of=None, rules=["P11.1"]),
    DocumentBooked(
        account_id=_ACCOUNT,
        document_id=_INVOICE,
        customer_id=_CUSTOMER,
        branch="hz-dist-1",
        kind=LedgerDocument.INVOICE,
        amount=Money(amount=Decimal("12600.00")),
        dated_on=date(2026, 3, 2),
        corrects=None,
        shipment_id=_SHIPMENT,
        booked_at=_LATER,
    ),
    DocumentBooked(
        account_id=_ACCOUNT,
        document_id=_DELIVERY,
        customer_id=_CUSTOMER,
        branch="hz-dist-1",
        kind=LedgerDocument.REVERSAL,
        amount=Money(amount=Decimal("12600.00")),
        dated_on=date(2026, 3, 3),
        corrects=_INVOICE,
        shipment_id=None,
        booked_at=_LATER,
    ),
    ShipmentReleased(
        shipment_id=_SHIPMENT,
        account_id=_ACCOUNT,
        branch="hz-dist-1",
        amount=Money(amount=Decimal("12600.00")),
        way=ReleaseWay.WITHIN_LIMIT,
        rules=["P11.6"],
        decided_at=_LATER,
    ),
    ShipmentHeld(
        shipment_id=_SHIPMENT,
        account_id=_ACCOUNT,
        branch="hz-dist-1",
        amount=Money(amount=Decimal("12600.00")),
        step=ReleaseStep.INVOICE,
        reasons=[
            HoldReason(code="over_limit", rules=["P11.6"], amount=Money(amount=Decimal("2600.00"))),
            HoldReason(code="contract", rules=["P11.1"], amount=None),
        ],
        ways_out=["remit_first", "first_overrun"],
        rules=["P11.6", "P11.1"],
        decided_at=_LATER,
    ),
    ShipmentInvoiced(
        shipment_id=_SHIPMENT,
        account_id=_ACCOUNT,
        invoice_id=_INVOICE,
        amount=Money(amount=Decimal("12600.00")),
        invoiced_on=date(2026, 3, 2),
    ),
    GoodsIssued(
        shipment_id=_SHIPMENT,
        account_id=_ACCOUNT,
        branch="hz-dist-1",
        amount=Money(amount=Decimal("12600.00")),
        issued_on=date(2026, 3, 2),
        unreleased=False,
    ),
    ShipmentDelivered(shipment_id=_SHIPMENT, account_id=_ACCOUNT, delivered_on=date(2026, 3, 5)),
    ShipmentCancelled(shipment_id=_SHIPMENT, account_id=_ACCOUNT, amount=Money(amount=Decimal("12600.00"))),
    GoodsReturned(
        shipment_id=_SHIPMENT, account_id=_ACCOUNT, document_id=_DELIVERY, amount=Money(amount=Decimal("600.00"))
    ),
)


def _by_class(messages: tuple[Message, ...]) -> dict[type[Message], list[Message]]:
    found: defaultdict[type[Message], list[Message]] = defaultdict(list)
    for message in messages:
        found[type(message)].append(message)
    return dict(found)


#: at least one message of every class that a topic carries
EXAMPLES: dict[type[Message], list[Message]] = _by_class(_ALL)
