"""Rows of other systems, through the inputs of a pack."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import recoup
from conftest import AS_OF, SMALL, load

CRM = (
    SMALL
    + """
inputs:
  crm:
    record: case
    fields:
      case_id: {column: id}
      balance: {column: residual, float: round}
      opened: {column: due, empty: [false, "n/a"]}
      called: {column: last_call, zone: UTC}
      product: {column: kind, values: {CC: card, LN: loan}, empty: false}
      name: {column: partner, part: 1, empty: false}
      days: {formula: late * 30, columns: {late: integer}}
    ignore: [note]
  other:
    record: case
"""
)

ROW: dict[str, Any] = {"id": "A-1", "residual": 4999.999999999999, "late": 2}


@pytest.fixture(scope="module")
def crm() -> recoup.Engine:
    return load(CRM)


def seen(engine: recoup.Engine, row: object) -> recoup.Part:
    part: recoup.Part = engine.evaluate(row, input="crm", as_of=AS_OF).results.seen
    return part


def test_a_row_has_the_columns_of_another_system(crm: recoup.Engine) -> None:
    row = ROW | {
        "due": dt.date(2026, 3, 1),
        "last_call": dt.datetime(2026, 3, 1, 12, 30),
        "kind": "CC",
        "partner": [7, "Zoë"],
        "note": object,
    }
    del row["note"]
    decided = seen(crm, row)
    assert (decided.balance, decided.days, decided.product) == (Decimal("5000.00"), 60, "card")
    assert (decided.opened, decided.name) == (dt.date(2026, 3, 1), "Zoë")
    assert decided.called == dt.datetime(2026, 3, 1, 12, 30, tzinfo=dt.UTC)


def test_what_stands_for_an_empty_cell_is_none(crm: recoup.Engine) -> None:
    decided = seen(crm, ROW | {"due": False, "kind": False, "partner": False, "last_call": None})
    assert (decided.opened, decided.product, decided.name, decided.called) == (None, None, None, None)
    assert seen(crm, ROW | {"due": "n/a"}).opened is None


@dataclasses.dataclass
class Invoice:
    id: str
    residual: float
    late: int


class Attributes:
    id = "A-1"
    residual = Decimal("12.50")
    late = 0


def test_rows_are_objects_too(crm: recoup.Engine) -> None:
    assert seen(crm, Invoice("A-1", 0.1 + 0.2, 0)).balance == Decimal("0.30")
    assert seen(crm, Attributes()).balance == Decimal("12.50")


@pytest.mark.parametrize(
    ("change", "path", "message"),
    [
        ({"residual": float("nan")}, "residual", "this is not a number"),
        ({"late": 1.0}, "late", "a float does not hold the number"),
        ({"due": dt.datetime(2026, 3, 1)}, "due", "this datetime has no time zone"),
        ({"partner": "Zoë"}, "name", "this is a text, so it has no item 1"),
        ({"kind": "XX"}, "product", "`XX` is not one of the values that the input maps"),
        ({"residuall": 1}, "residuall", "nothing reads the column `residuall`"),
        ({"residual": "much"}, "balance", "`much` is not a number"),
    ],
)
def test_wrong_rows_are_refused_by_column(
    crm: recoup.Engine, change: dict[str, Any], path: str, message: str
) -> None:
    with pytest.raises(recoup.RecordError) as refused:
        crm.evaluate(ROW | change, input="crm", as_of=AS_OF)
    (problem,) = refused.value.problems
    assert problem.path == path and problem.message.startswith(message)


def test_all_problems_are_told_at_once(crm: recoup.Engine) -> None:
    with pytest.raises(recoup.RecordError) as refused:
        crm.evaluate({"residual": float("inf"), "late": "x", "kind": "XX"}, input="crm", as_of=AS_OF)
    assert {problem.path for problem in refused.value.problems} >= {"residual", "late", "product"}


def test_an_input_is_named(crm: recoup.Engine) -> None:
    assert crm.inputs == ("crm", "other")
    for ask in (
        lambda: crm.evaluate(ROW, input="crn", as_of=AS_OF),
        lambda: crm.evaluate_many([ROW], input="crn", as_of=AS_OF),
    ):
        with pytest.raises(recoup.RecordError, match="the pack has no input `crn`.*did you mean `crm`"):
            ask()


def test_floats_stay_refused_without_the_input(crm: recoup.Engine) -> None:
    with pytest.raises(recoup.RecordError, match="a float does not hold"):
        crm.evaluate({"case_id": "A-1", "balance": 1.5}, as_of=AS_OF)


def test_many_rows(crm: recoup.Engine) -> None:
    rows = [ROW, ROW | {"id": "A-2", "residual": "x"}, ROW | {"id": "A-3", "residual": 5000.004}]
    first, second, third = crm.evaluate_many(rows, input="crm", as_of=AS_OF)
    assert isinstance(first, recoup.Decision) and first.segment == "large"
    assert isinstance(second, recoup.RecordError)
    assert isinstance(third, recoup.Decision) and third.results.seen.balance == Decimal("5000.00")


def test_the_command_reads_the_same(crm: recoup.Engine, tmp_path: Path) -> None:
    rows = [
        ROW | {"due": "2026-03-01", "last_call": "2026-03-01 12:30:00", "kind": "LN", "partner": [7, "Zoë"]},
        ROW | {"id": "A-2", "due": False, "kind": False, "partner": False},
        ROW | {"id": "A-3", "residual": 1e3, "late": 0},
    ]
    (tmp_path / "small").mkdir()
    (tmp_path / "small/pack.yaml").write_text(CRM, encoding="utf-8")
    (tmp_path / "rows.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    run = [sys.executable, "-m", "recoup", "run", str(tmp_path / "small"), "--cases", str(tmp_path / "rows.ndjson")]
    out = subprocess.run([*run, "--input", "crm", "--as-of", AS_OF.isoformat()], capture_output=True, check=True)
    decided = [crm.evaluate(row, input="crm", as_of=AS_OF).to_json() for row in rows]
    assert out.stdout.decode().splitlines() == decided


def test_rows_of_csv_readers(crm: recoup.Engine) -> None:
    text = "id,residual,late,due,last_call,kind\nA-1,12.5,1,n/a,,LN\n"
    (row,) = csv.DictReader(io.StringIO(text))
    assert seen(crm, {name: value or None for name, value in row.items()}).balance == Decimal("12.50")


def test_offers_and_contacts_take_inputs(us: recoup.Engine) -> None:
    with pytest.raises(recoup.RecordError, match="input: the pack has no input `crm`"):
        us.judge_offer({}, amount=1, input="crm", as_of=AS_OF)
    with pytest.raises(recoup.RecordError, match="input: the pack has no input `crm`"):
        us.check_contact({}, channel="call", input="crm", as_of=AS_OF)
