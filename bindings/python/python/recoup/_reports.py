"""What judgements and rule tests come to."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from recoup._values import _instant


@dataclass(frozen=True, slots=True)
class Instalment:
    """One payment of an offer."""

    due: datetime.date
    amount: Decimal


@dataclass(frozen=True, slots=True)
class CounterOffer:
    """An offer that would be accepted."""

    amount: Decimal
    instalments: int


@dataclass(frozen=True, slots=True)
class OfferCheck:
    """What becomes of an offer to settle."""

    key: str
    as_of: datetime.datetime
    verdict: str
    """`accepted`, `needs_approval`, `refused` or `unknown`."""
    amount: Decimal
    instalments: int
    role: str | None
    approval_by: str | None
    """The role that may accept it, where the one that was named may not."""
    because: str | None
    """Why it is refused, or cannot be judged."""
    rules: tuple[str, ...]
    """The rules for which it is refused, or the facts that are not known."""
    counter: CounterOffer | None
    """An offer that would be accepted, where this one is refused."""
    plan: tuple[Instalment, ...]
    valid_until: datetime.date | None
    first_by: datetime.date | None

    @property
    def accepted(self) -> bool:
        """Whether the verdict is `accepted`."""
        return self.verdict == "accepted"


@dataclass(frozen=True, slots=True)
class ContactReason:
    """A contact rule or policy that does not allow a contact."""

    rule: str
    verdict: str
    because: str | None
    source: str | None
    unknown: tuple[str, ...]
    """The facts that are not known, where that is why."""
    error: str | None
    """What failed, where that is why."""


@dataclass(frozen=True, slots=True)
class ContactCheck:
    """What the contact policies say of a contact."""

    key: str
    as_of: datetime.datetime
    at: datetime.datetime
    channel: str
    verdict: str
    """`allow`, `review` or `deny`."""
    has_policy: bool
    """Whether a policy applies to the case, or may. Without one every contact is allowed."""
    reasons: tuple[ContactReason, ...]
    next_allowed_at: datetime.datetime | None
    """The first whole minute, within 400 days, at which it is allowed while all else stays."""
    never_because: str | None

    @property
    def allowed(self) -> bool:
        """Whether the verdict is `allow`."""
        return self.verdict == "allow"


@dataclass(frozen=True, slots=True)
class TestResult:
    """The outcome of one rule test."""

    __test__ = False  # pytest collects classes by their names

    name: str
    place: str
    failures: tuple[str, ...]
    """What was not as expected, a line each."""
    explanation: str | None
    """Why the decision is as it is; only where a decision was not as expected."""

    @property
    def passed(self) -> bool:
        """Whether all was as expected."""
        return not self.failures


@dataclass(frozen=True, slots=True)
class Coverage:
    """In how many tests a row or rule fired."""

    id: str
    place: str
    hits: int


@dataclass(frozen=True, slots=True)
class TestReport:
    """The outcome of all rule tests of a pack."""

    __test__ = False  # pytest collects classes by their names

    tests: tuple[TestResult, ...]
    coverage: tuple[Coverage, ...]

    @property
    def passed(self) -> int:
        """How many tests passed."""
        return sum(test.passed for test in self.tests)

    @property
    def failed(self) -> int:
        """How many tests failed."""
        return len(self.tests) - self.passed

    @property
    def uncovered(self) -> tuple[str, ...]:
        """The rows and rules that no test made fire."""
        return tuple(covered.id for covered in self.coverage if covered.hits == 0)

    def __iter__(self) -> Iterator[TestResult]:
        return iter(self.tests)

    def __str__(self) -> str:
        lines = [f"{self.passed} passed, {self.failed} failed"]
        for test in self.tests:
            lines += [f"{test.place}: {test.name}: {failure}" for failure in test.failures]
        return "\n".join(lines)


def _date(text: str | None) -> datetime.date | None:
    return None if text is None else datetime.date.fromisoformat(text)


def _offer_check(text: str) -> OfferCheck:
    """An offer's judgement from its JSON."""
    whole: dict[str, Any] = json.loads(text)
    offer = whole.pop("offer")
    counter = offer["counter"]
    return OfferCheck(
        key=whole["key"],
        as_of=_instant(whole["as_of"]),
        verdict=offer["verdict"],
        amount=Decimal(offer["amount"]),
        instalments=offer["instalments"],
        role=offer["role"],
        approval_by=offer["approval_by"],
        because=offer["because"],
        rules=tuple(offer["rules"]),
        counter=None if counter is None else CounterOffer(Decimal(counter["amount"]), counter["instalments"]),
        plan=tuple(
            Instalment(datetime.date.fromisoformat(part["due"]), Decimal(part["amount"])) for part in offer["plan"]
        ),
        valid_until=_date(offer["valid_until"]),
        first_by=_date(offer["first_by"]),
    )


def _contact_check(text: str) -> ContactCheck:
    """A contact's judgement from its JSON."""
    whole: dict[str, Any] = json.loads(text)
    contact = whole["contact"]
    next_allowed_at = contact["next_allowed_at"]
    return ContactCheck(
        key=whole["key"],
        as_of=_instant(whole["as_of"]),
        at=_instant(whole["at"]),
        channel=contact["channel"],
        verdict=contact["verdict"],
        has_policy=contact["has_policy"],
        reasons=tuple(
            ContactReason(
                rule=reason["rule"],
                verdict=reason["verdict"],
                because=reason["because"],
                source=reason["source"],
                unknown=tuple(reason["unknown"]),
                error=reason["error"],
            )
            for reason in contact["reasons"]
        ),
        next_allowed_at=None if next_allowed_at is None else _instant(next_allowed_at),
        never_because=contact["never_because"],
    )
