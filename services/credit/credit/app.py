"""The contents page of the credit service: every way in, every reaction, by room."""

from __future__ import annotations

from pathlib import Path

from chassis.service import Service
from policy.engines import ENGINES

from credit import tables
from credit.accounts.approve_terms import ask_terms
from credit.accounts.change_contract import change_contract
from credit.accounts.follow_facts import decide_again_for_customer, decide_again_for_papers
from credit.accounts.known import known_customers, known_dossiers
from credit.accounts.list_accounts import list_accounts
from credit.accounts.name_account import name_account
from credit.accounts.open_account import open_account
from credit.accounts.read_account import read_account
from credit.accounts.review_account import review_account
from credit.accounts.share_account import add_customer, remove_customer
from credit.destinations.report_movement import report_movement
from credit.destinations.trace_goods import list_destinations, list_movements, trace_batch
from credit.dunning.dun_account import dun_account
from credit.dunning.hand_over_letter import hand_over_letter
from credit.dunning.print_letter import print_letter, send_letter
from credit.dunning.read_letters import list_letters, read_letter, read_letter_paper, read_statement
from credit.erasure.forget_customer import customer_erased, forget_customer
from credit.exports.export_ageing import export_ageing
from credit.exports.export_ledger import export_ledger
from credit.exports.export_shipments import export_shipments
from credit.imports.import_documents import DOCUMENTS_FILE
from credit.imports.import_payments import PAYMENTS_FILE
from credit.ledger.book_document import book_document
from credit.ledger.open_exposure import open_exposure
from credit.ledger.prove_figures import prove_figures
from credit.ledger.read_ageing import read_ageing
from credit.ledger.read_document import list_documents, read_document
from credit.ledger.reverse_document import reverse_document
from credit.limit.foresee_limits import foresee_limits
from credit.limit.roll_limits import list_limits, roll_limit
from credit.losses.declare_bad_debt import declare_bad_debt
from credit.losses.find_loss import find_last_unpaid
from credit.losses.read_loss import list_losses, read_loss
from credit.losses.share_loss import ask_shares, bear_loss
from credit.losses.verify_loss import verify_loss
from credit.overruns.ask_signature import ask_signature
from credit.overruns.read_standing import read_standing, what_if
from credit.plans.make_plan import list_plans, make_plan
from credit.shipments.cancel_shipment import cancel_shipment
from credit.shipments.change_shipment import change_shipment
from credit.shipments.deliver_shipment import deliver_shipment
from credit.shipments.invoice_shipment import invoice_shipment
from credit.shipments.issue_goods import issue_goods
from credit.shipments.list_shipments import list_shipments, read_shipment
from credit.shipments.release_shipment import decide_all_again, decide_held_again, release_shipment
from credit.shipments.request_shipment import request_shipment
from credit.shipments.return_goods import return_goods
from credit.shipments.split_shipment import split_shipment
from credit.targets.assign_salesperson import assign_salesperson, list_salespeople
from credit.targets.break_down_target import break_down_target
from credit.targets.read_targets import list_targets, print_progress, read_progress, read_target
from credit.targets.set_target import revise_target, set_target
from credit.warehouse.import_issues import ISSUES_LIST
from credit.warehouse.list_foreseen import list_foreseen
from credit.warehouse.list_issues import list_issues, read_issue
from credit.warehouse.reconcile_issues import reconcile_account, reconcile_issues, reconcile_slip
from credit.warehouse.withdraw_issue import withdraw_issue
from credit.warnings.act_on_warning import act_on_warning, close_warning
from credit.warnings.read_warnings import list_warnings, read_warning
from credit.warnings.weigh_risks import weigh_risks, weigh_risks_of_night

service = Service(
    name="credit",
    title="Credit and shipment",
    tables=tables.metadata,
    migrations=Path(__file__).parent.parent / "migrations",
    routes=[
        open_account,  # accounts
        list_accounts,
        read_account,
        name_account,
        review_account,
        change_contract,
        add_customer,
        remove_customer,
        ask_terms,
        *PAYMENTS_FILE.routes,  # imports
        *DOCUMENTS_FILE.routes,
        book_document,  # ledger
        list_documents,
        read_document,
        reverse_document,
        read_ageing,
        prove_figures,
        open_exposure,
        list_limits,  # limit
        foresee_limits,
        export_ledger,  # exports, before the shipments by id
        export_ageing,
        export_shipments,
        request_shipment,  # shipments
        list_shipments,
        read_shipment,
        release_shipment,
        change_shipment,
        split_shipment,
        invoice_shipment,
        issue_goods,
        deliver_shipment,
        cancel_shipment,
        return_goods,
        ask_signature,  # overruns
        read_standing,
        what_if,
        make_plan,  # plans
        list_plans,
        *ISSUES_LIST.routes,  # warehouse
        list_foreseen,
        list_issues,
        read_issue,
        withdraw_issue,
        declare_bad_debt,  # losses
        list_losses,
        read_loss,
        verify_loss,
        ask_shares,
        list_warnings,  # warnings
        read_warning,
        act_on_warning,
        close_warning,
        list_letters,  # dunning
        read_letter,
        read_letter_paper,
        read_statement,
        hand_over_letter,
        assign_salesperson,  # targets
        list_salespeople,
        set_target,
        revise_target,
        break_down_target,
        list_targets,
        read_target,
        read_progress,
        print_progress,
        report_movement,  # destinations
        list_movements,
        list_destinations,
        trace_batch,
    ],
    reactions=[
        decide_again_for_customer,  # accounts
        decide_again_for_papers,
        customer_erased,  # erasure
    ],
    projections=[known_customers, known_dossiers],  # accounts
    jobs=[
        PAYMENTS_FILE.job,  # imports
        DOCUMENTS_FILE.job,
        ISSUES_LIST.job,  # warehouse
        reconcile_issues,
        reconcile_account,
        reconcile_slip,
        roll_limit,  # limit
        decide_held_again,  # shipments
        decide_all_again,
        forget_customer,  # erasure
        find_last_unpaid,  # losses
        bear_loss,
        weigh_risks,  # warnings
        weigh_risks_of_night,
        dun_account,  # dunning
        print_letter,
        send_letter,
    ],
    libraries=[ENGINES],
)
