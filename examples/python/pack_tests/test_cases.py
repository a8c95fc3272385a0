"""Decisions that people agreed on: an account on each side of a border, and one whole decision."""

import json
import os
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import recoup

from pack_tests.conftest import Record

GOLDEN = Path(__file__).parent / "decision.json"


@pytest.mark.parametrize(
    ("change", "segment"),
    [
        ({"balance": "24.99"}, "tiny_write_off_candidate"),
        ({"balance": "25.00"}, "standard"),
        ({"days_past_due": 60, "risk_score": 650}, "self_cure"),
        ({"days_past_due": 61, "risk_score": 650}, "standard"),
        ({"days_past_due": 90, "risk_score": 499}, "high_risk"),
        ({"days_past_due": 90, "risk_score": 500}, "standard"),
        ({"hardship": "claimed"}, "hardship_care"),
        ({"balance": "9999.99"}, "standard"),
        ({"balance": "10000.00"}, "high_value"),
    ],
)
def test_segments(rules: recoup.Engine, account: Record, as_of: datetime, change: Record, segment: str) -> None:
    decision = rules.evaluate(account | change, as_of=as_of)
    assert decision.segment == segment, decision.explain()


@pytest.mark.parametrize(
    ("amount", "role", "verdict"),
    [
        ("1020.00", "senior", "accepted"),
        ("1020.00", "collector", "needs_approval"),
        ("1019.99", "head_of_recoveries", "refused"),
    ],
)
def test_who_may_settle(
    rules: recoup.Engine, account: Record, as_of: datetime, amount: str, role: str, verdict: str
) -> None:
    offer = rules.judge_offer(account, amount=Decimal(amount), role=role, as_of=as_of)
    assert offer.verdict == verdict


def test_a_score_that_is_not_known_is_not_guessed(rules: recoup.Engine, account: Record, as_of: datetime) -> None:
    decision = rules.evaluate(account | {"days_past_due": 50, "risk_score": recoup.UNKNOWN}, as_of=as_of)
    assert decision.segment == recoup.Unknown(("risk_score",))


def test_the_whole_decision(rules: recoup.Engine, account: Record, as_of: datetime) -> None:
    """All that the account comes to. `UPDATE_EXPECT=1` writes it anew: read what changed before you commit it."""
    decision: dict[str, Any] = json.loads(rules.evaluate(account, as_of=as_of).to_json())
    for identity in ("pack", "engine", "state"):
        del decision[identity]  # they change with every version of the rules
    found = json.dumps(decision, indent=2) + "\n"
    if os.environ.get("UPDATE_EXPECT") == "1":
        GOLDEN.write_text(found, "utf-8")
    assert found == GOLDEN.read_text("utf-8")
