"""A nightly run on polars: cases in, decisions and next states out.

    python -m nightly.batch ../data/portfolio.ndjson decisions.parquet --as-of 2026-09-07T22:00:00Z

What it writes holds the state of each case, and the next run reads it from there.
"""

import argparse
import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import recoup

Record = dict[str, Any]

RULES = Path(__file__).parents[3] / "rules/us-consumer"
RESULTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "case_id": pl.String,
    "balance": pl.Decimal(18, 2),
    "segment": pl.String,
    "strategy": pl.String,
    "priority": pl.Int64,
    "escalations": pl.List(pl.String),
    "stage": pl.String,
    "state": pl.String,
    "next_review_at": pl.Datetime("us", "UTC"),
    "problems": pl.List(pl.String),
}
"""The columns of decisions. A result that is not known is null; of a case that is refused all are."""


def read(lines: Iterable[str]) -> list[Record]:
    """Cases from lines of JSON. Amounts become decimals; dates may stay text."""
    return [json.loads(line, parse_float=Decimal) for line in lines]


def decide(rules: recoup.Engine, cases: Iterable[Record], states: pl.DataFrame | None, as_of: datetime) -> pl.DataFrame:
    """The decisions of all cases, with the columns of `RESULTS`. `states` are the decisions of the last run."""
    stored = {} if states is None else dict(states.select("case_id", "state").drop_nulls().iter_rows())
    cases = list(cases)
    decisions = rules.evaluate_many(cases, states=stored, as_of=as_of)
    return pl.DataFrame(map(result, cases, decisions), RESULTS)


def result(case: Record, decision: recoup.Decision | recoup.RecordError) -> Record:
    """A row of decisions."""
    if isinstance(decision, recoup.RecordError):
        return {"case_id": case["case_id"], "problems": [str(problem) for problem in decision.problems]}

    def known(value: Any) -> Any:
        return None if isinstance(value, (recoup.Unknown, recoup.Failed)) else value

    stage = known(decision.stage)
    return {
        "case_id": decision.key,
        "balance": case["balance"],
        "segment": known(decision.segment),
        "strategy": known(decision.strategy),
        "priority": known(decision.priority),
        "escalations": [escalation.id for escalation in decision.escalations],
        "stage": stage and stage.to,
        "state": decision.state,
        "next_review_at": decision.next_review_at,
    }


def by_segment(decisions: pl.DataFrame) -> pl.DataFrame:
    """How many cases each segment has, and what they owe, to the cent."""
    segments = decisions.group_by(pl.col("segment").fill_null("not known"))
    return segments.agg(pl.len().alias("cases"), pl.col("balance").sum()).sort("segment")


def by_escalation(decisions: pl.DataFrame) -> pl.DataFrame:
    """How many cases each escalation has."""
    ids = decisions.select(pl.col("escalations").explode().alias("escalation")).drop_nulls()
    return ids.group_by("escalation").agg(pl.len().alias("cases")).sort("escalation")


def main() -> None:
    parser = argparse.ArgumentParser(description="Decides a portfolio, with the states of the last run.")
    parser.add_argument("cases", type=Path, help="a case in each line, as JSON")
    parser.add_argument("decisions", type=Path, help="the Parquet file of the last run, which this one replaces")
    parser.add_argument("--as-of", type=datetime.fromisoformat, required=True)
    options = parser.parse_args()

    with options.cases.open(encoding="utf-8") as lines:
        cases = read(lines)
    states = pl.read_parquet(options.decisions) if options.decisions.exists() else None
    decisions = decide(recoup.Engine.load(RULES), cases, states, options.as_of)
    decisions.write_parquet(options.decisions)
    with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(by_segment(decisions), by_escalation(decisions), sep="\n")


if __name__ == "__main__":
    main()
