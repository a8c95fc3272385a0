"""What the tests share: small packs, an instant, and where the repository's packs lie."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import recoup

ROOT = Path(__file__).resolve().parents[3]
AS_OF = dt.datetime(2026, 9, 7, 18, 0, tzinfo=dt.timezone(dt.timedelta(hours=-4)))

HEADER = """
pack: small
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
"""

SMALL = (
    HEADER
    + """
channels: [call, email]
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money}
      share: {type: percent, absent: none}
      ratio: {type: decimal, decimals: 3, absent: unknown}
      opened: {type: date, absent: none}
      called: {type: timestamp, absent: none}
      product: {type: choice, of: [card, loan], absent: none}
      name: {type: text, absent: none, private: true}
      days: {type: integer, absent: none}
      flag: {type: boolean, absent: unknown}
      home: {type: zone, absent: none}
      payments: {type: list, of: {amount: money, on: date}, default: []}
segmentation:
  outputs: {segment: [large, small]}
  grid: |
    | row       | balance | then segment |
    |-----------|---------|--------------|
    | large     | >= 5000 | large        |
    | otherwise |         | small        |
rules:
  seen:
    hit: first
    outputs:
      balance: {type: money}
      share: {type: percent, absent: none}
      ratio: {type: decimal, decimals: 3}
      opened: {type: date, absent: none}
      called: {type: timestamp, absent: none}
      product: {type: choice, of: [card, loan], absent: none}
      name: {type: text, absent: none}
      days: {type: integer, absent: none}
      flag: boolean
      home: {type: zone, absent: none}
      paid: money
      each: {type: decimal, decimals: 3, absent: none}
    list:
      - id: all
        when: "true"
        give:
          balance: "= balance"
          share: "= share"
          ratio: "= ratio"
          opened: "= opened"
          called: "= called"
          product: "= product"
          name: "= name"
          days: "= days"
          flag: "= flag"
          home: "= home"
          paid: "= payments.sum(|payment| payment.amount)"
          each: "= 1 / days"
"""
)


def load(text: str, **more: Any) -> recoup.Engine:
    """A pack of one file."""
    return recoup.Engine.from_files({"small/pack.yaml": text}, pack="small", **more)


@pytest.fixture(scope="session")
def small() -> recoup.Engine:
    return load(SMALL)


@pytest.fixture(scope="session")
def us() -> recoup.Engine:
    return recoup.Engine.load(ROOT / "rules" / "us-consumer")


@pytest.fixture
def us_case() -> dict[str, Any]:
    from decimal import Decimal

    return {
        "case_id": "A-1",
        "product": "card",
        "collector_type": "third_party",
        "debtor_type": "consumer",
        "balance": Decimal("12000.00"),
        "past_due": Decimal("12000.00"),
        "days_past_due": 131,
    }
