"""Rows of both programs are decided alike by the command and by the module."""

import json
import subprocess
import sys
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest
import recoup

from erp.invoices import FOLDER, Row, levels, load, rows

AS_OF = datetime.fromisoformat("2026-09-07T18:00:00+02:00")
SAMPLES = {
    "odoo_move": FOLDER / "samples/odoo_search_read.json",
    "erpnext_sales_invoice": FOLDER / "samples/erpnext_sales_invoice.json",
}
both = pytest.mark.parametrize("input", SAMPLES)


@pytest.fixture(scope="module")
def rules() -> recoup.Engine:
    return load()


def sample(input: str) -> list[Row]:
    return rows(SAMPLES[input].read_text("utf-8"))


def test_odoo_invoices_have_their_levels(rules: recoup.Engine) -> None:
    assert levels(rules, sample("odoo_move"), input="odoo_move", as_of=AS_OF) == {
        "INV/2026/00041": "before_due by nobody",
        "INV/2026/00038": "reminder by email",
        "INV/2026/00035": "second_notice by email",
        "INV/2026/00029": "leave_alone by nobody",  # 30 cents are left
        "INV/2026/00022": "lawyer by call",
        "INV/2026/00020": "leave_alone by nobody",  # blocked
        "INV/2026/00017": "leave_alone by nobody",  # in payment
        "INV/2026/00015": "the record is refused: currency: the case is in USD, the pack in EUR "
        "(decide it with a pack of its currency)",
    }


def test_erpnext_invoices_have_their_levels(rules: recoup.Engine) -> None:
    found = levels(rules, sample("erpnext_sales_invoice"), input="erpnext_sales_invoice", as_of=AS_OF)
    refused = found.pop("ACC-SINV-2026-00066")
    assert refused.startswith("the record is refused: invoice_status: `Submitted` is not one of the values")
    assert found == {
        "ACC-SINV-2026-00107": "before_due by nobody",
        "ACC-SINV-2026-00101": "reminder by email",
        "ACC-SINV-2026-00094": "final_notice by letter",
        "ACC-SINV-2026-00090": "final_notice by letter",
        "ACC-SINV-2026-00081": "lawyer by call",
        "ACC-SINV-2026-00077": "leave_alone by nobody",  # sold to a bank
        "ACC-SINV-2026-00070": "leave_alone by nobody",  # paid
    }


def test_amounts_are_rounded_to_cents(rules: recoup.Engine) -> None:
    [row] = [row for row in sample("odoo_move") if row["name"] == "INV/2026/00038"]
    assert row["amount_residual"] == Decimal("595.1500000000001")
    decision = rules.evaluate(row, input="odoo_move", as_of=AS_OF)
    assert decision.late_payment.demand == Decimal("635.15")


def test_a_due_date_that_is_empty_is_not_known(rules: recoup.Engine) -> None:
    row = sample("odoo_move")[0] | {"invoice_date_due": False}
    with pytest.raises(recoup.RecordError) as refused:
        rules.evaluate(row, input="odoo_move", as_of=AS_OF)
    assert {problem.path for problem in refused.value.problems} == {"invoice_date_due"}


@both
def test_a_column_that_nobody_asked_for_is_refused(input: str, rules: recoup.Engine) -> None:
    row = sample(input)[0] | {"amount_total": "1.00"}
    with pytest.raises(recoup.RecordError) as refused:
        rules.evaluate(row, input=input, as_of=AS_OF)
    assert [problem.path for problem in refused.value.problems] == ["amount_total"]


@both
def test_the_command_decides_the_same(input: str, rules: recoup.Engine, tmp_path: Path) -> None:
    cases, out = tmp_path / "cases.ndjson", tmp_path / "decisions.ndjson"
    # A line of JSON for each row, with the numbers as they were sent.
    answer = json.loads(SAMPLES[input].read_text("utf-8"))
    lines = [json.dumps(row) for row in answer.get("result") or answer["data"]]
    cases.write_text("\n".join(lines), "utf-8")
    command = [sys.executable, "-m", "recoup", "run", str(FOLDER / "receivables"), "--input", input]
    folders = ["--library", str(FOLDER.parents[2] / "rules"), "--cases", str(cases), "--out", str(out)]
    ended = subprocess.run([*command, *folders, "--as-of", AS_OF.isoformat()], capture_output=True, text=True)

    decided, refused = [], []
    for decision in rules.evaluate_many(sample(input), input=input, as_of=AS_OF):
        if isinstance(decision, recoup.RecordError):
            refused += [str(problem) for problem in decision.problems]
        else:
            decided.append(decision.to_json())
    assert out.read_text("utf-8").splitlines() == decided
    [problem] = refused
    assert problem in ended.stderr
    assert ended.returncode == 1, "a row is refused"


def test_every_row_of_the_pack_is_tested(rules: recoup.Engine) -> None:
    report = rules.test()
    assert report.failed == 0, str(report)
    assert [id for id in report.uncovered if not id.startswith("contact/base/")] == []
