"""Decides the invoices of Odoo or ERPNext: `python -m erp.invoices odoo_move erp/samples/odoo_search_read.json`."""

import json
import sys
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import recoup

Row = dict[str, Any]

FOLDER = Path(__file__).parent


def load() -> recoup.Engine:
    return recoup.Engine.load(FOLDER / "receivables", library=FOLDER.parents[2] / "rules")


def rows(answer: str) -> list[Row]:
    """The rows of an answer as it came from the web interface. Numbers keep the digits that were sent.

    Odoo is asked by `search_read` of `account.move` where `move_type` is `out_invoice` and `state` is `posted`; ERPNext
    by `/api/resource/Sales Invoice` where `docstatus` is 1 and `is_return` is 0. The samples show which fields.
    """
    content = json.loads(answer, parse_float=Decimal)
    found: list[Row] = content["result"] if "result" in content else content["data"]
    return found


def levels(rules: recoup.Engine, rows: list[Row], *, input: str, as_of: datetime) -> dict[str, str]:
    """What to do about each invoice, or why its row is refused."""
    found = {}
    for row, decision in zip(rows, rules.evaluate_many(rows, input=input, as_of=as_of)):
        if isinstance(decision, recoup.RecordError):
            found[row["name"]] = str(decision)
        else:
            found[row["name"]] = f"{decision.level} by {decision.by}"
    return found


if __name__ == "__main__":
    _, input, file = sys.argv
    invoices = rows(Path(file).read_text("utf-8"))
    for name, level in levels(load(), invoices, input=input, as_of=datetime.now(timezone.utc)).items():
        print(name, level, sep="\t")
