"""The cases of the benchmark policy, in the form that recoup takes, and what they come to."""

from __future__ import annotations

import datetime as dt
import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent.parent / "data"
AS_OF = dt.datetime(2026, 9, 7, 22, tzinfo=dt.timezone.utc)
MONEY = ("balance", "principal", "last_payment_amount")

Case = dict[str, Any]
Outcome = tuple[str, int, str, int, int, str]


def read() -> tuple[list[Case], list[Outcome]]:
    """The cases, with amounts in whole cents and a float, and their outcomes."""
    cases = [json.loads(line) for line in (DATA / "cases.ndjson").read_text().splitlines()]
    keys = ("segment", "discount_bps", "role", "triggers", "incentive", "stage")
    expected: list[Outcome] = []
    for case in cases:
        outcome = case.pop("expect")
        expected.append(tuple(outcome[key] for key in keys))
    # Keys are the same objects in all cases, as they are where a program makes its dicts.
    return [{sys.intern(key): value for key, value in case.items()} for case in cases], expected


def exact(case: Case) -> Case:
    """A case with exact amounts and scores, as a program has it from its database."""
    exact_case = dict(case)
    for name in MONEY:
        exact_case[name] = Decimal(case[name]).scaleb(-2)
    exact_case["risk_score"] = Decimal(str(case["risk_score"]))
    return exact_case
