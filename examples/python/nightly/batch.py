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
States = dict[str, str]  # by case_id

RULES = Path(__file__).parents[3] / "rules/us-consumer"
RESULTS = ["segment", "strategy", "priority", "escalations", "stage", "state", "next_review_at"]


def read(lines: Iterable[str]) -> list[Record]:
    """Cases from lines of JSON. Amounts become decimals; dates may stay text."""
    return [json.loads(line, parse_float=Decimal) for line in lines]


def decide(rules: recoup.Engine, cases: list[Record], states: States, as_of: datetime) -> pl.DataFrame:
    """A row for each case: what it owes, its results, its next state.

    A result that is not known is null. Of a case that is refused all are, and `errors` says why.
    """
    # No column can say of a single value that it is not known: cases that do so are decided one by one.
    tabular = decide_table(rules, [case for case in cases if not is_vague(case)], states, as_of)
    others = [decide_one(rules, case, states, as_of) for case in cases if is_vague(case)]
    return pl.concat([tabular, pl.DataFrame(others, tabular.schema)])


def is_vague(case: Record) -> bool:
    """Whether a field says that it is not known: `{"unknown": true}`."""
    return any(isinstance(value, dict) for value in case.values())


def decide_table(rules: recoup.Engine, cases: list[Record], states: States, as_of: datetime) -> pl.DataFrame:
    table = pl.DataFrame(cases, infer_schema_length=None)
    stored = pl.Series([states.get(case_id) for case_id in table["case_id"]], dtype=pl.String)
    decided = pl.DataFrame(rules.evaluate_batch(table, states=stored, results=RESULTS, as_of=as_of))
    # Choices come as categories, which cannot be stacked with others.
    choices = pl.col("segment", "strategy").cast(pl.String)
    return decided.with_columns(choices, table["balance"]).select("case_id", "balance", *RESULTS, "errors")


def decide_one(rules: recoup.Engine, case: Record, states: States, as_of: datetime) -> Record:
    row = {"case_id": case["case_id"], "balance": case["balance"]}
    try:
        decision = rules.evaluate(case, state=states.get(case["case_id"]), as_of=as_of)
    except recoup.RecordError as error:
        problems = [
            {"at": problem.path, "code": "refused", "message": problem.message, "help": problem.help}
            for problem in error.problems
        ]
        return row | {"errors": problems}

    def known(value: Any) -> Any:
        return None if isinstance(value, (recoup.Unknown, recoup.Failed)) else value

    stage = known(decision.stage)
    return row | {
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
    last = pl.read_parquet(options.decisions) if options.decisions.exists() else None
    states = {} if last is None else dict(last.select("case_id", "state").drop_nulls().iter_rows())
    decisions = decide(recoup.Engine.load(RULES), cases, states, options.as_of)
    decisions.write_parquet(options.decisions)
    with pl.Config(tbl_rows=-1, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True):
        print(by_segment(decisions), by_escalation(decisions), sep="\n")


if __name__ == "__main__":
    main()
