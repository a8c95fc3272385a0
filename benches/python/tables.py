"""Tables of Arrow beside dicts: the same policy and cases, one thread for both, in turn.

    python benches/python/tables.py            # the table
    python benches/python/tables.py --quick    # only that all outcomes are right

Needs `recoup` and what `requirements.txt` names. A wrong outcome stops it before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import pyarrow as pa
import recoup
from cases import AS_OF, DATA, MONEY, Case, Outcome, exact, read

RESULTS = [
    "segment",
    "settlement.discount_bps",
    "settlement.role",
    "incentive.incentive",
    "transition.next_stage",
    "escalations",
]

def table_of(cases: list[Case], rows: int, texts: pa.DataType) -> pa.Table:
    """The cases again and again, newly shuffled each time, each row with a key of its own."""
    types = {**dict.fromkeys(MONEY, pa.decimal128(12, 2)), "risk_score": pa.decimal128(4, 3)}
    columns = {}
    for name in cases[0]:
        values = [case[name] for case in cases]
        is_text = isinstance(values[0], str) and name != "case_id"
        kind = texts if is_text else types.get(name, pa.bool_() if isinstance(values[0], bool) else None)
        columns[name] = pa.array(values, kind) if kind or name == "case_id" else pa.array(values, pa.int32())
    whole = pa.table(columns)
    order = [index for _ in range(rows // len(cases)) for index in random.sample(range(len(cases)), len(cases))]
    drawn = whole.take(pa.array(order)).combine_chunks()
    keys = pa.array([f"{cases[index]['case_id']}-{row}" for row, index in enumerate(order)])
    return drawn.set_column(drawn.column_names.index("case_id"), "case_id", keys)


def check(decided: pa.Table, expected: dict[str, Outcome], bits: dict[str, int]) -> None:
    """Compares the outcome of each row."""
    for row in decided.to_pylist():
        found = (
            row["segment"],
            row["settlement.discount_bps"],
            row["settlement.role"],
            sum(bits[rule] for rule in row["escalations"]),
            int(row["incentive.incentive"].scaleb(2)),
            row["transition.next_stage"],
        )
        wanted = expected[row["case_id"].split("-")[0]]
        if found != wanted or row["unknowns"] is not None or row["errors"] is not None:
            sys.exit(f"{row['case_id']} came to {row}, wanted {wanted}")


def main() -> None:
    """Compares, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only compare outcomes, of fewer rows")
    parser.add_argument("--rounds", type=int, default=9, help="how many rounds (9)")
    parser.add_argument("--rows", type=int, default=1_000_000, help="how many rows a table has (1,000,000)")
    options = parser.parse_args()
    cases, outcomes = read()
    expected = {case["case_id"]: outcome for case, outcome in zip(cases, outcomes, strict=True)}
    exact_cases = [exact(case) for case in cases]
    policy = json.loads((DATA / "policy.json").read_text())
    bits = {row["name"].removeprefix("T_").lower(): 1 << bit for bit, row in enumerate(policy["trig"])}
    engine = recoup.Engine.load(DATA / "bench")

    rows = 2_000 if options.quick else options.rows
    dictionary = pa.dictionary(pa.int8(), pa.string())
    tables = {
        "a table, texts in dictionaries": table_of(exact_cases, rows, dictionary),
        "a table, texts as they are": table_of(exact_cases, rows, pa.string()),
    }

    def decide(table: pa.Table, threads: int | None) -> recoup.Table:
        return engine.evaluate_batch(table, as_of=AS_OF, results=RESULTS, threads=threads)

    for name, table in tables.items():
        check(pa.table(decide(table.slice(0, 20_000), 2)), expected, bits)
        print(f"{name}: {min(rows, 20_000)} outcomes are right", file=sys.stderr)
    if options.quick:
        return

    taken: dict[str, list[float]] = {}

    def timed(name: str, count: int, work: Callable[[], object]) -> None:
        start = time.perf_counter()
        work()
        taken.setdefault(name, []).append((time.perf_counter() - start) / count)

    def dicts() -> None:
        for case in exact_cases * 10:
            engine.evaluate(case, as_of=AS_OF)

    for _ in range(options.rounds):
        random.shuffle(exact_cases)
        timed("dicts, one after the other", 10 * len(cases), dicts)
        for name, table in tables.items():
            timed(name, rows, partial(decide, table, 1))
            timed(f"{name}, {os.cpu_count()} threads", rows, partial(decide, table, None))
    base = taken["dicts, one after the other"]
    print(f"Python {platform.python_version()}, {rows:,} rows, {options.rounds} rounds, medians\n")
    print("| | ns a case | dicts |\n|---|---:|---:|")
    for name, own in taken.items():
        ratio = statistics.median(a / b for a, b in zip(base, own, strict=True))
        print(f"| {name} | {statistics.median(own) * 1e9:,.0f} | {ratio:.1f} × |")


if __name__ == "__main__":
    main()
