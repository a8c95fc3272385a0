"""What the tests share: the loaded pack, an instant, and an account that they change."""

from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import recoup
from hypothesis import settings

# A busy machine is slow, which says nothing about the rules.
settings.register_profile("pack", deadline=None)
settings.load_profile("pack")

RULES = Path(__file__).parents[3] / "rules"
Record = dict[str, Any]


@pytest.fixture(scope="session")
def rules() -> recoup.Engine:
    return recoup.Engine.load(RULES / "us-consumer")


@pytest.fixture(scope="session")
def as_of() -> datetime:
    """A Wednesday at noon in New York."""
    return datetime(2026, 9, 9, 16, 0, tzinfo=timezone.utc)


@pytest.fixture(scope="session")
def account() -> Record:
    """A card account of which all that matters is known. Tests change a copy: `account | {...}`."""
    return {
        "case_id": "T-1",
        "product": "card",
        "collector_type": "third_party",
        "debtor_type": "consumer",
        "region": "CA",
        "city": "Fresno",
        "time_zones": ["America/Los_Angeles"],
        "deceased": False,
        "military_active": False,
        "balance": Decimal("1200.00"),
        "past_due": Decimal("1200.00"),
        "principal": Decimal("1200.00"),
        "interest": Decimal("0.00"),
        "fees": Decimal("0.00"),
        "costs": Decimal("0.00"),
        "days_past_due": 100,
        "risk_score": 600,
        "limitation_expires_on": "2030-01-31",
        "contract_on_file": True,
        "statement_on_file": True,
        "consents": [],
        "contacts": [],
        "promises": [],
        "payments": [],
        "disputes": [],
        "complaints": [],
        "settlements": [],
    }
