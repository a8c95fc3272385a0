"""The nightly run decides as single calls do, keeps states from night to night, and adds up to the cent."""

import subprocess
import sys
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
import recoup

from nightly.batch import RESULTS, RULES, Record, States, by_escalation, by_segment, decide, is_vague, read

DATA = Path(__file__).parents[2] / "data"
AS_OF = datetime(2026, 9, 7, 22, 0, tzinfo=timezone.utc)


@pytest.fixture(scope="module")
def rules() -> recoup.Engine:
    return recoup.Engine.load(RULES)


@pytest.fixture(scope="module")
def cases() -> list[Record]:
    with (DATA / "portfolio.ndjson").open(encoding="utf-8") as lines:
        return read(lines)


@pytest.fixture(scope="module")
def decisions(rules: recoup.Engine, cases: list[Record]) -> pl.DataFrame:
    return decide(rules, cases, {}, AS_OF)


def states(decisions: pl.DataFrame) -> States:
    return dict(decisions.select("case_id", "state").iter_rows())


def test_every_case_has_its_row(cases: list[Record], decisions: pl.DataFrame) -> None:
    assert decisions.columns == ["case_id", "balance", *RESULTS, "errors"]
    assert sorted(decisions["case_id"]) == [case["case_id"] for case in cases]
    assert decisions["errors"].null_count() == 1200
    assert sum(map(is_vague, cases)) == 131


def test_single_calls_decide_the_same(rules: recoup.Engine, cases: list[Record], decisions: pl.DataFrame) -> None:
    rows = {row["case_id"]: row for row in decisions.iter_rows(named=True)}
    for case in cases:
        decision, row = rules.evaluate(case, as_of=AS_OF), rows[case["case_id"]]
        for name in ("segment", "strategy", "priority"):
            expected = decision[name]
            assert row[name] == (None if isinstance(expected, recoup.Unknown) else expected)
        assert isinstance(decision.stage, recoup.Part)
        assert (row["stage"], row["state"]) == (decision.stage.to, decision.state)
        assert row["escalations"] == [escalation.id for escalation in decision.escalations]
        assert row["next_review_at"] == decision.next_review_at
        assert row["balance"] == case["balance"]


def test_segments_add_up_to_the_cent(cases: list[Record], decisions: pl.DataFrame) -> None:
    summary = by_segment(decisions)
    assert summary["cases"].sum() == 1200
    assert summary["balance"].sum() == sum(case["balance"] for case in cases) == Decimal("7616828.11")
    [high_value] = summary.filter(segment="high_value").iter_rows()
    assert high_value == ("high_value", 60, Decimal("2418130.24"))
    assert summary.filter(segment="not known")["cases"].to_list() == [71]


def test_escalations_are_counted(decisions: pl.DataFrame) -> None:
    counts = dict(by_escalation(decisions).iter_rows())
    assert (counts["bankruptcy"], counts["deceased"], counts["team-lead-late"]) == (24, 16, 599)


def test_the_next_night_goes_on_where_this_one_ended(
    rules: recoup.Engine, cases: list[Record], decisions: pl.DataFrame
) -> None:
    later = decide(rules, cases, states(decisions), AS_OF + timedelta(days=15))
    moved = decisions.join(later, on="case_id", suffix="_later").filter(pl.col("stage") != pl.col("stage_later"))
    assert 0 < moved.height < 1200
    # Without the states every case would begin anew.
    anew = decide(rules, cases, {}, AS_OF + timedelta(days=15))
    assert states(anew) != states(later)


@pytest.mark.parametrize("vague", [{}, {"risk_score": {"unknown": True}}], ids=["in a table", "one by one"])
def test_a_case_that_is_refused_leaves_the_others(rules: recoup.Engine, cases: list[Record], vague: Record) -> None:
    wrong = cases[1] | {"balance": Decimal("-1.00")} | vague
    decided = decide(rules, [cases[0], wrong, *cases[2:]], {}, AS_OF)
    [refused] = decided.filter(pl.col("errors").is_not_null()).iter_rows(named=True)
    assert refused["case_id"] == wrong["case_id"]
    assert refused["errors"] == [
        {"at": "balance", "code": "refused", "message": "`-1` is below `0`, the least here", "help": None}
    ]
    assert decided["errors"].null_count() == 1199


def test_a_state_of_another_case_is_refused(rules: recoup.Engine, cases: list[Record], decisions: pl.DataFrame) -> None:
    swapped = dict(zip(decisions["case_id"], decisions["state"].reverse()))
    decided = decide(rules, cases, swapped, AS_OF)
    assert decided["errors"].null_count() == 0


def test_two_nights_by_the_command_line(tmp_path: Path) -> None:
    file = tmp_path / "decisions.parquet"
    command = [sys.executable, "-m", "nightly.batch", str(DATA / "portfolio.ndjson"), str(file), "--as-of"]
    folder = Path(__file__).parents[1]
    stages = []
    for night in ("2026-09-07T22:00:00Z", "2026-09-22T22:00:00Z"):
        ended = subprocess.run([*command, night], cwd=folder, capture_output=True, text=True, check=True)
        stages.append(pl.read_parquet(file)["stage"])
    assert "high_value" in ended.stdout and "2418130.24" in ended.stdout
    assert (stages[0] != stages[1]).any()
