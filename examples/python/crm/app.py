"""The web side: one endpoint for each thing that a CRM asks or tells, and a page that shows a case."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import recoup
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.orm.exc import StaleDataError

from crm import desk
from crm.exact import ExactRoute
from crm.models import Case, LoggedDecision, open_database

templates = Jinja2Templates(Path(__file__).parent / "templates")  # *.html is escaped
router = APIRouter(route_class=ExactRoute)


# What endpoints are given.


def now() -> datetime:
    """The one clock. Rules read none: they are told the instant."""
    return datetime.now(timezone.utc)


def open_session(request: Request) -> Iterator[Session]:
    with request.app.state.sessions() as session:
        yield session


def loaded_rules(request: Request) -> recoup.Engine:
    rules: recoup.Engine = request.app.state.rules
    return rules


AsOf = Annotated[datetime, Depends(now)]
Database = Annotated[Session, Depends(open_session)]
Rules = Annotated[recoup.Engine, Depends(loaded_rules)]


def known_case(case_id: str, database: Database, if_match: Annotated[str | None, Header()] = None) -> Case | None:
    """The case of the path. `If-Match` holds the revision that the user looked at, as an `ETag` gave it."""
    case = database.get(Case, case_id)
    if case is not None and if_match is not None and if_match != f'"{case.revision}"':
        raise HTTPException(409, f"case {case_id} was changed meanwhile: look at it again")
    return case


PerhapsCase = Annotated[Case | None, Depends(known_case)]


def stored_case(case_id: str, case: PerhapsCase) -> Case:
    if case is None:
        raise HTTPException(404, f"there is no case {case_id}")
    return case


CaseOfPath = Annotated[Case, Depends(stored_case)]


class Offer(BaseModel):
    amount: Decimal
    instalments: int = 1
    role: str | None = None


class Contact(BaseModel):
    channel: str
    at: datetime | None = None
    purpose: str | None = None
    recipient: str = "debtor"
    address: str | None = None


class Outcome(BaseModel):
    outcome: str


class ApprovedBy(BaseModel):
    by: str


class Hold(BaseModel):
    reason: str
    by: str
    start: date
    until: date | None = None


# What users ask.


@router.get("/")
def cases_to_look_at(request: Request, database: Database, as_of: AsOf) -> Response:
    """The cases that were never decided or whose time has come, the oldest first."""
    due = or_(Case.state.is_(None), Case.next_review_at <= as_of)
    cases = database.scalars(select(Case).where(due).order_by(Case.next_review_at, Case.case_id).limit(100)).all()
    return templates.TemplateResponse(request, "cases.html", {"cases": cases})


@router.get("/cases/{case_id}")
def show_case(request: Request, case: CaseOfPath, database: Database) -> Response:
    """The page of a case: its last decision, and why."""
    last = desk.last_decision(database, case)
    return templates.TemplateResponse(request, "case.html", {"case": case, "last": last})


@router.post("/cases/{case_id}/decide")
def what_now(case: CaseOfPath, database: Database, rules: Rules, as_of: AsOf) -> Response:
    return decided(case, desk.decide(database, rules, case, as_of))


@router.post("/cases/{case_id}/offers")
def judge_offer(case: CaseOfPath, offer: Offer, rules: Rules, as_of: AsOf) -> recoup.OfferCheck:
    return rules.judge_offer(case.record, state=case.state, as_of=as_of, **offer.model_dump())


@router.post("/cases/{case_id}/contacts/check")
def check_contact(case: CaseOfPath, contact: Contact, rules: Rules, as_of: AsOf) -> recoup.ContactCheck:
    return rules.check_contact(case.record, state=case.state, as_of=as_of, **contact.model_dump())


@router.get("/cases/{case_id}/log")
def log_of_case(case: CaseOfPath, database: Database) -> list[dict[str, Any]]:
    entries = database.scalars(select(LoggedDecision).filter_by(case_id=case.case_id).order_by(LoggedDecision.id))
    return [{"as_of": entry.as_of, "pack": entry.pack, "decision": entry.content} for entry in entries]


# What users tell. Each answers with the next decision.


@router.put("/cases/{case_id}")
def store_record(
    case_id: str, record: dict[str, Any], known: PerhapsCase, database: Database, rules: Rules, as_of: AsOf
) -> Response:
    """A new case, or a new record of a known one. A record with problems is not stored."""
    if record.get("case_id") != case_id:
        raise HTTPException(422, f"the record has another case_id than {case_id}")
    case = known or Case(case_id=case_id)
    case.record = record
    return decided(case, desk.decide(database, rules, case, as_of))


@router.post("/cases/{case_id}/actions/{action_id}/outcome")
def record_outcome(
    action_id: str, outcome: Outcome, case: CaseOfPath, database: Database, rules: Rules, as_of: AsOf
) -> Response:
    desk.record_outcome(case, desk.requested_action(database, case, action_id), outcome.outcome, as_of)
    return decided(case, desk.decide(database, rules, case, as_of))


@router.post("/cases/{case_id}/actions/{action_id}/approval")
def approve(
    action_id: str, approved: ApprovedBy, case: CaseOfPath, database: Database, rules: Rules, as_of: AsOf
) -> Response:
    desk.approve(database, case, desk.requested_action(database, case, action_id), approved.by, as_of)
    return decided(case, desk.decide(database, rules, case, as_of))


@router.put("/cases/{case_id}/holds/{hold_id}")
def hold(hold_id: str, hold: Hold, case: CaseOfPath, database: Database, rules: Rules, as_of: AsOf) -> Response:
    desk.hold(case, hold_id, **hold.model_dump())
    return decided(case, desk.decide(database, rules, case, as_of))


@router.delete("/cases/{case_id}/holds/{hold_id}")
def release(hold_id: str, case: CaseOfPath, database: Database, rules: Rules, as_of: AsOf) -> Response:
    desk.release(case, hold_id)
    return decided(case, desk.decide(database, rules, case, as_of))


# The rules themselves.


@router.get("/rules")
def rules_in_use(rules: Rules) -> dict[str, str]:
    return {"name": rules.name, "version": rules.version, "digest": rules.digest}


@router.post("/rules/reload")
def reload(rules: Rules) -> dict[str, str]:
    """Takes changed rules into use. Where they have errors, the old ones stay."""
    rules.reload()
    return rules_in_use(rules)


def decided(case: Case, decision: recoup.Decision) -> Response:
    """A decision, with the revision of its case."""
    return Response(decision.to_json(), media_type="application/json", headers={"ETag": f'"{case.revision}"'})


# What went wrong, as answers.


def record_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, recoup.RecordError)
    status = 409 if isinstance(error, recoup.StateError) else 422
    problems = [asdict(problem) for problem in error.problems]
    return JSONResponse({"detail": str(error), "problems": problems}, status)


def rules_refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, recoup.PackError)
    diagnostics = [asdict(diagnostic) for diagnostic in error.diagnostics]
    return JSONResponse({"detail": str(error), "diagnostics": diagnostics}, 422)


def changed_meanwhile(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": "somebody else changed the case meanwhile: look at it again"}, 409)


def does_not_fit(_: Request, error: Exception) -> Response:
    return JSONResponse({"detail": str(error)}, 409)


def create_app(rules: recoup.Engine, database_url: str) -> FastAPI:
    """The CRM, on loaded rules and a database."""
    app = FastAPI(title="A small CRM")
    app.state.rules = rules
    app.state.sessions = sessionmaker(open_database(database_url))
    app.include_router(router)
    app.add_exception_handler(recoup.RecordError, record_refused)
    app.add_exception_handler(recoup.PackError, rules_refused)
    app.add_exception_handler(StaleDataError, changed_meanwhile)
    app.add_exception_handler(IntegrityError, changed_meanwhile)  # two writers made the same new case
    app.add_exception_handler(desk.CaseError, does_not_fit)
    return app
