"""What happens to a case: decide, and tell its state what was done. No web in here."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import recoup
from recoup import states
from sqlalchemy import select
from sqlalchemy.orm import Session

from crm.models import Approval, Case, LoggedDecision


class CaseError(Exception):
    """What was asked for does not fit where the case stands."""


def decide(session: Session, rules: recoup.Engine, case: Case, as_of: datetime) -> recoup.Decision:
    """What now? Stores the next state and logs the decision.

    Raises `StaleDataError` where somebody else changed the case since it was read: then nothing is stored.
    """
    decision = rules.evaluate(case.record, state=case.state, as_of=as_of)
    case.state = decision.state
    case.next_review_at = decision.next_review_at
    session.add(case)
    session.flush()
    session.add(
        LoggedDecision(
            case_id=case.case_id,
            as_of=decision.as_of,
            pack=f"{decision.pack.name} {decision.pack.version}",
            digest=decision.pack.digest,
            decision=decision.to_json(),
            explanation=decision.explain(format="html"),
        )
    )
    session.commit()
    return decision


def last_decision(session: Session, case: Case) -> LoggedDecision | None:
    """The newest entry in the log of a case."""
    newest = select(LoggedDecision).filter_by(case_id=case.case_id).order_by(LoggedDecision.id.desc()).limit(1)
    return session.scalar(newest)


def requested_action(session: Session, case: Case, action_id: str) -> dict[str, Any]:
    """An action that the last decision asks for."""
    last = last_decision(session, case)
    for action in last.content["actions"] if last else ():
        if action["id"] == action_id:
            # The log holds JSON, where a date is text.
            return {**action, "due": date.fromisoformat(action["due"])}
    raise CaseError(f"the last decision asks for no action {action_id}")


def record_outcome(case: Case, action: Mapping[str, Any], outcome: str, at: datetime) -> None:
    """Notes that an action was carried out. A contact goes into the record too, where the limits count it."""
    case.state = states.record(stored_state(case), action, outcome=outcome, at=at)
    contacts = case.record.get("contacts")
    # Contacts that are not known stay so: a list of one would say that there were no others.
    if action["channel"] is not None and isinstance(contacts, list):
        contact = {
            "at": at.isoformat(),
            "direction": "outbound",
            "channel": action["channel"],
            "outcome": outcome,
        }
        case.record = {**case.record, "contacts": [*contacts, contact]}


def approve(session: Session, case: Case, action: Mapping[str, Any], by: str, at: datetime) -> None:
    """Lets an action go ahead that waits for a person. What a rule denies, nobody can approve."""
    if action["status"] != "needs_review":
        raise CaseError(f"action {action['id']} is {action['status']}, it waits for nobody")
    case.state = states.approve(stored_state(case), action["id"], by=by, at=at)
    session.merge(Approval(case_id=case.case_id, action_id=action["id"], by=by, at=at))


def hold(case: Case, hold_id: str, *, reason: str, by: str, start: date, until: date | None) -> None:
    """Stops all actions of a case for a time."""
    case.state = states.hold(stored_state(case), hold_id, reason=reason, by=by, start=start, until=until)


def release(case: Case, hold_id: str) -> None:
    """Ends a hold."""
    case.state = states.release(stored_state(case), hold_id)


def stored_state(case: Case) -> str:
    """The state of a case that was decided before."""
    if case.state is None:
        raise CaseError(f"case {case.case_id} was not decided yet")
    return case.state
