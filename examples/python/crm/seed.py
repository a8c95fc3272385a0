"""Fills an empty database with cases: `python -m crm.seed ../data/portfolio.ndjson`. Reads DATABASE_URL."""

import json
import os
import sys
from collections.abc import Iterable
from decimal import Decimal

from sqlalchemy.orm import Session

from crm.models import Case, open_database


def seed(session: Session, lines: Iterable[str]) -> int:
    """Adds a case for each line of JSON."""
    records = [json.loads(line, parse_float=Decimal) for line in lines]
    session.add_all(Case(case_id=record["case_id"], record=record) for record in records)
    session.commit()
    return len(records)


if __name__ == "__main__":
    with (
        open(sys.argv[1], encoding="utf-8") as lines,
        Session(open_database(os.environ.get("DATABASE_URL", "sqlite:///crm.db"))) as session,
    ):
        print(f"{seed(session, lines)} cases")
