"""The contents page of the complaint service: every way in, every reaction, by room."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from chassis.auth import Verifier
from chassis.http import App
from chassis.runtime import Runtime
from chassis.service import Service
from chassis.vault import vault
from policy.engines import ENGINES

from complaint import tables
from complaint.attachments.add_attachment import add_attachment
from complaint.attachments.read_attachment import list_attachments, read_attachment
from complaint.attachments.remove_attachment import remove_attachment
from complaint.cases.export_complaints import export_complaints
from complaint.cases.index_words import index_words
from complaint.cases.list_actions import list_actions
from complaint.cases.list_complaints import list_complaints
from complaint.cases.list_due import list_due
from complaint.cases.read_complaint import read_complaint
from complaint.cases.read_timeline import read_timeline
from complaint.cases.search_complaints import search_complaints
from complaint.compensation import decide_compensation  # noqa: F401  it says what a grant does
from complaint.compensation.list_compensations import list_compensations
from complaint.compensation.offer_compensation import change_compensation, offer_compensation
from complaint.compensation.pay_compensation import pay_compensation
from complaint.dossier.hand_to_archive import dossier_filed, fetch_dossier_item, print_dossier
from complaint.erasure.forget_customer import customer_erased, forget_customer
from complaint.files import sweep_upload
from complaint.follow_up.call_back import call_back
from complaint.follow_up.close_complaint import close_complaint
from complaint.follow_up.reopen_complaint import reopen_complaint
from complaint.follow_up.return_result import return_result
from complaint.handling.answer_customer import answer_customer
from complaint.handling.begin_handling import begin_handling
from complaint.handling.give_opinion import give_opinion
from complaint.handling.hand_over import hand_over
from complaint.handling.propose_resolution import propose_resolution
from complaint.handling.raise_level import raise_level
from complaint.handling.record_reaction import record_reaction
from complaint.handling.report_investigation import report_investigation
from complaint.handling.settle_unaccepted import settle_unaccepted
from complaint.handling.start_investigation import start_investigation
from complaint.handling.take_measure import end_measure, list_earlier, list_measures, take_measure
from complaint.handling.wait_for_customer import go_on, wait_for_customer
from complaint.imports.import_complaints import COMPLAINTS_TABLE
from complaint.imports.template import import_template
from complaint.intake.take_complaint import WRITER, front, take_complaint
from complaint.intake.writer import Writer
from complaint.judging.judge_complaint import judge_complaint
from complaint.matching.directory import known_customers
from complaint.matching.match_cases import match_cases_of_customer, match_opened_case
from complaint.merging.link_cases import link_cases, list_links
from complaint.merging.merge_cases import merge_cases
from complaint.merging.split_case import split_case
from complaint.misconduct.propose_misconduct import decide_no_penalty, list_misconduct, propose_misconduct
from complaint.papers.read_paper import read_investigation_report, read_record_form
from complaint.reports.fill_in_report import fill_in_report
from complaint.reports.freeze_period import freeze_period
from complaint.reports.plan_periods import PeriodPlanner
from complaint.reports.read_report import list_cases_of_figure, list_reports, read_report
from complaint.serious.climb_ladder import climb_ladder
from complaint.serious.complete_facts import complete_facts
from complaint.serious.convene_group import convene_group
from complaint.serious.find_repeats import find_repeats, find_repeats_of_customer
from complaint.serious.hear_back import nobody_told, notice_read, notice_sent
from complaint.serious.list_late import list_late
from complaint.serious.mark_serious import mark_serious
from complaint.serious.overrule_serious import overrule_serious
from complaint.serious.proof import read_proof
from complaint.serious.read_detail import read_detail, tell_archive
from complaint.serious.read_ladder import read_ladder
from complaint.serious.record_harm import record_harm
from complaint.serious.record_meeting import finish_task, read_group, record_meeting
from complaint.serious.record_step import record_step
from complaint.serious.warn_factory import factory_not_told, factory_told, warn_factory
from complaint.settings import ComplaintSettings


@asynccontextmanager
async def parts(runtime: Runtime) -> AsyncIterator[None]:
    """The vault, and the intake writer, while a process runs."""
    writer = Writer(runtime)
    await writer.open()
    runtime.parts[WRITER] = writer
    try:
        async with vault(runtime):
            yield
    finally:
        await writer.close()


def fronts(runtime: Runtime, verifier: Verifier) -> Mapping[tuple[str, str], App]:
    """The one path that is served before the framework."""
    return {("POST", "/v1/complaints"): front(runtime, verifier)}


service = Service(
    name="complaint",
    title="Complaints",
    tables=tables.metadata,
    migrations=Path(__file__).parent.parent / "migrations",
    settings=ComplaintSettings,
    routes=[
        take_complaint,  # intake
        import_template,  # imports
        *COMPLAINTS_TABLE.routes,
        search_complaints,  # cases
        list_complaints,
        export_complaints,
        list_due,
        list_reports,  # reports
        read_report,
        list_cases_of_figure,
        fill_in_report,
        read_complaint,  # cases
        read_timeline,
        list_actions,
        judge_complaint,  # judging
        hand_over,  # handling
        start_investigation,
        report_investigation,
        give_opinion,
        take_measure,
        list_measures,
        end_measure,
        list_earlier,
        propose_resolution,
        answer_customer,
        record_reaction,
        settle_unaccepted,
        wait_for_customer,
        go_on,
        return_result,  # follow-up
        call_back,
        close_complaint,
        reopen_complaint,
        propose_misconduct,  # misconduct
        list_misconduct,
        decide_no_penalty,
        add_attachment,  # attachments
        list_attachments,
        read_attachment,
        remove_attachment,
        fetch_dossier_item,  # dossier
        read_record_form,  # papers
        read_investigation_report,
        merge_cases,  # merging
        link_cases,
        list_links,
        split_case,
        mark_serious,  # serious
        overrule_serious,
        read_ladder,
        record_step,
        list_late,
        record_harm,
        read_proof,
        complete_facts,
        read_detail,
        convene_group,
        read_group,
        record_meeting,
        finish_task,
        offer_compensation,  # compensation
        change_compensation,
        pay_compensation,
        list_compensations,
    ],
    reactions=[
        index_words,  # cases
        match_opened_case,  # matching
        match_cases_of_customer,
        begin_handling,  # handling
        raise_level,
        dossier_filed,  # dossier
        find_repeats,  # serious
        find_repeats_of_customer,
        climb_ladder,
        notice_sent,
        notice_read,
        nobody_told,
        warn_factory,
        factory_told,
        factory_not_told,
        customer_erased,  # erasure
    ],
    projections=[known_customers],  # matching
    jobs=[
        print_dossier,  # dossier
        freeze_period,  # reports
        sweep_upload,  # attachments
        forget_customer,  # erasure
        tell_archive,  # serious
        COMPLAINTS_TABLE.job,  # imports
    ],
    workers=[PeriodPlanner],  # reports
    libraries=[ENGINES],
    parts=parts,
    front=fronts,
)
