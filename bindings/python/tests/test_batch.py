"""Tables of polars, pandas, pyarrow and DuckDB are decided as their rows are, one by one."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import recoup
from conftest import AS_OF, HEADER, load

PACK = (
    HEADER
    + """
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money, min: 0}
      product: {type: choice, of: [card, loan]}
      score: {type: integer, min: 300, max: 850, absent: unknown}
      opened: {type: date, absent: none}
      called: {type: timestamp, absent: none}
      flag: {type: boolean, default: false}
      payments: {type: list, of: {amount: money, on: date}, default: []}
segmentation:
  outputs: {segment: [large, small]}
  grid: |
    | row       | balance | score  | then segment |
    |-----------|---------|--------|--------------|
    | large     | >= 5000 | >= 600 | large        |
    | otherwise |         |        | small        |
rules:
  seen:
    hit: first
    outputs:
      balance: {type: money}
      opened: {type: date, absent: none}
      called: {type: timestamp, absent: none}
      product: {type: choice, of: [card, loan]}
      flag: boolean
      paid: money
    list:
      - id: all
        when: "true"
        give:
          balance: "= balance"
          opened: "= opened"
          called: "= called"
          product: "= product"
          flag: "= flag"
          paid: "= payments.sum(|payment| payment.amount)"
escalations:
  - id: owes-much
    when: balance >= 10000
    give: {level: 2}
  - id: lent
    when: product == "loan"
    give: {level: 1}
"""
)
UTC = dt.UTC


@pytest.fixture(scope="module")
def engine() -> recoup.Engine:
    return load(PACK)


def rows(count: int = 12) -> list[dict[str, Any]]:
    return [
        {
            "case_id": f"C-{index}",
            "balance": Decimal(f"{index * 1234}.{index % 100:02}"),
            "product": ("card", "loan")[index % 2],
            "score": None if index % 3 == 0 else 500 + index * 20,
            "opened": None if index % 4 == 0 else dt.date(2026, 1, 1 + index % 28),
            "called": None if index % 5 == 0 else dt.datetime(2026, 2, 1, 12, index % 60, tzinfo=UTC),
            "flag": index % 2 == 0,
            "payments": [{"amount": Decimal("1.50") * paid, "on": dt.date(2026, 3, 1)} for paid in range(index % 3)],
        }
        for index in range(count)
    ]


SCHEMA = pa.schema(
    [
        ("case_id", pa.string()),
        ("balance", pa.decimal128(14, 2)),
        ("product", pa.dictionary(pa.int8(), pa.string())),
        ("score", pa.int32()),
        ("opened", pa.date32()),
        ("called", pa.timestamp("ms", "Europe/Berlin")),
        ("flag", pa.bool_()),
        ("payments", pa.list_(pa.struct([("amount", pa.decimal128(14, 2)), ("on", pa.date32())]))),
    ]
)


def arrow(records: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(records, schema=SCHEMA)


def decided(table: recoup.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pa.table(table).to_pylist()
    return found


def assert_decides(engine: recoup.Engine, table: Any, records: list[dict[str, Any]]) -> None:
    """The rows come to what their records come to."""
    result = engine.evaluate_batch(table, as_of=AS_OF, decisions=True, fired=True)
    found = decided(result)
    assert len(result) == len(found) == len(records)
    for row, record in zip(found, records, strict=True):
        decision = engine.evaluate(record, as_of=AS_OF)
        assert row["decision"] == decision.to_json()
        assert row["fired"] == list(decision.to_dict()["fired"])
        assert row["escalations"] == [fired["id"] for fired in json.loads(decision.to_json())["escalations"]]
        assert row["seen.balance"] == record["balance"]
        assert row["seen.opened"] == record["opened"]
        assert row["seen.called"] == record["called"]
        assert row["seen.product"] == record["product"]
        assert row["seen.flag"] is record["flag"]
        assert row["seen.paid"] == sum(payment["amount"] for payment in record["payments"])
        if isinstance(decision.segment, str):
            assert (row["segment"], row["unknowns"], row["missing"]) == (decision.segment, None, None)
        else:
            assert (row["segment"], row["unknowns"], row["missing"]) == (None, ["segment"], ["score"])
        assert row["errors"] is None


def test_tables_of_pyarrow_are_decided_as_their_rows_whole_in_batches_and_in_chunks(engine: recoup.Engine) -> None:
    records = rows()
    table = arrow(records)
    assert_decides(engine, table, records)
    assert_decides(engine, table.to_reader(max_chunksize=5), records)
    assert_decides(engine, table.combine_chunks().to_batches()[0].slice(3, 4), records[3:7])
    chunked = pa.concat_tables([table.slice(0, 5), table.slice(5, 1), table.slice(6)])
    assert_decides(engine, chunked.slice(4, 5), records[4:9])


def test_data_frames_of_polars_are_decided_as_their_rows(engine: recoup.Engine) -> None:
    records = rows()
    frame = pl.DataFrame(arrow(records))
    assert_decides(engine, frame, records)
    assert_decides(engine, frame.with_columns(pl.col("product").cast(pl.String)), records)
    assert_decides(engine, frame.with_columns(pl.col("product").cast(pl.Enum(["loan", "card"]))), records)
    back = pl.DataFrame(engine.evaluate_batch(frame, as_of=AS_OF))
    assert back.schema["seen.balance"] == pl.Decimal(38, 2)
    assert back["case_id"].to_list() == [record["case_id"] for record in records]


def test_data_frames_of_pandas_are_decided_as_their_rows(engine: recoup.Engine) -> None:
    records = rows()
    frame = pd.DataFrame(records)
    frame["score"] = frame["score"].astype("Int64")
    frame["called"] = pd.to_datetime(frame["called"], utc=True)
    frame["product"] = frame["product"].astype("category")
    assert_decides(engine, frame, records)
    # pandas knows no days: they are midnights.
    assert_decides(engine, frame.assign(opened=pd.to_datetime(frame["opened"])), records)


def test_relations_of_duckdb_are_decided_and_read_again(engine: recoup.Engine) -> None:
    records = rows()
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("portfolio", arrow(records))
        relation = connection.sql("SELECT * FROM portfolio ORDER BY CAST(substr(case_id, 3) AS INTEGER)")
        assert_decides(engine, relation, records)
        result = pa.table(engine.evaluate_batch(relation, as_of=AS_OF, results=["segment"]))
        connection.register("result", result)
        counted = connection.sql("SELECT segment, count(*) FROM result GROUP BY ALL ORDER BY ALL").fetchall()
    assert sum(count for _, count in counted) == len(records)


def test_wanted_results_come_in_their_order_and_say_what_is_wrong_beside(engine: recoup.Engine) -> None:
    result = engine.evaluate_batch(arrow(rows()), as_of=AS_OF, results=["seen.paid", "segment"])
    assert result.column_names == ("case_id", "seen.paid", "segment", "unknowns", "missing", "errors")
    assert repr(result) == "<recoup.Table of 12 rows: case_id, seen.paid, segment, unknowns, missing, errors>"
    with pytest.raises(recoup.TableError) as caught:
        engine.evaluate_batch(arrow(rows()), as_of=AS_OF, results=["segmen"])
    (problem,) = caught.value.problems
    assert (problem.message, problem.help) == ("the pack has no result `segmen`", "did you mean `segment`?")


def test_a_refused_row_says_why_and_the_others_go_on(engine: recoup.Engine) -> None:
    records = rows(6)
    records[1]["balance"] = Decimal("-1")
    records[2]["balance"] = None
    records[3]["product"] = "boat"
    records[4]["case_id"] = "C-0"
    found = decided(engine.evaluate_batch(arrow(records), as_of=AS_OF))
    assert [row["errors"] is None for row in found] == [True, False, False, False, False, True]
    for row, record in zip(found[1:4], records[1:4], strict=True):
        with pytest.raises(recoup.RecordError) as caught:
            engine.evaluate(record, as_of=AS_OF)
        wanted = [
            {"at": problem.path, "code": "refused", "message": problem.message, "help": problem.help}
            for problem in caught.value.problems
        ]
        assert row["errors"] == wanted
        assert row["segment"] is None and row["escalations"] is None and row["case_id"] == record["case_id"]
    (again,) = found[4]["errors"]
    assert (again["message"], again["help"]) == ("the key `C-0` stands in row 1 already", "give each case one row")


def test_columns_that_do_not_fit_are_told_at_once_before_any_row_is_read(engine: recoup.Engine) -> None:
    table = pa.table(
        {
            "case_id": pa.array([1], pa.int64()),
            "balanse": pa.array([Decimal("1.00")]),
            "score": pa.array([1.5]),
            "called": pa.array([dt.datetime(2026, 1, 1)], pa.timestamp("us")),
            "product": ["boat"],
            "flag": pa.array([b"yes"]),
        }
    )
    with pytest.raises(recoup.TableError, match="the table is refused") as caught:
        engine.evaluate_batch(table, as_of=AS_OF)
    problems = {problem.path: problem for problem in caught.value.problems}
    assert set(problems) == {"case_id", "balanse", "balance", "score", "called", "flag"}
    assert problems["balanse"].help == "did you mean `balance`?"
    assert "a float does not hold" in problems["score"].message
    assert problems["called"].message == "these instants have no time zone"
    assert "is it `balanse`?" == problems["balance"].help
    assert isinstance(caught.value, recoup.RecordError)


def test_floats_for_money_are_refused_by_the_column(engine: recoup.Engine) -> None:
    frame = pl.DataFrame(arrow(rows())).with_columns(pl.col("balance").cast(pl.Float64))
    with pytest.raises(recoup.TableError) as caught:
        engine.evaluate_batch(frame, as_of=AS_OF)
    (problem,) = caught.value.problems
    assert problem.path == "balance"
    assert problem.help is not None and "decimal128(12, 2)" in problem.help


def test_what_is_no_table_is_told(engine: recoup.Engine) -> None:
    with pytest.raises(TypeError, match="evaluate_many"):
        engine.evaluate_batch(rows(), as_of=AS_OF)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`threads` is at least 1"):
        engine.evaluate_batch(arrow(rows()), as_of=AS_OF, threads=0)
    with pytest.raises(ValueError, match="time zone"):
        engine.evaluate_batch(arrow(rows()), as_of=dt.datetime(2026, 1, 1))


def test_threads_change_nothing(engine: recoup.Engine) -> None:
    table = arrow(rows(9_000))
    chunks = pa.concat_tables([table.slice(at, 700) for at in range(0, 9_000, 700)])
    one = pa.table(engine.evaluate_batch(table, as_of=AS_OF, threads=1))
    for threads in (2, 5):
        assert pa.table(engine.evaluate_batch(chunks, as_of=AS_OF, threads=threads)).to_pylist() == one.to_pylist()


def test_a_table_without_rows_has_the_same_columns(engine: recoup.Engine) -> None:
    empty = engine.evaluate_batch(arrow([]), as_of=AS_OF)
    full = engine.evaluate_batch(arrow(rows()), as_of=AS_OF)
    assert len(empty) == 0
    assert pa.table(empty).schema == pa.table(full).schema


def test_states_go_in_and_the_next_ones_come_out(us: recoup.Engine, us_case: dict[str, Any]) -> None:
    cases = [us_case | {"case_id": f"A-{index}"} for index in range(4)]
    frame = pl.DataFrame(cases)
    first = pl.DataFrame(us.evaluate_batch(frame, as_of=AS_OF, decisions=True))
    for row, case in zip(first.to_dicts(), cases, strict=True):
        decision = us.evaluate(case, as_of=AS_OF)
        assert (row["decision"], row["state"]) == (decision.to_json(), decision.state)
    later = AS_OF + dt.timedelta(days=3)
    beside = pl.DataFrame(us.evaluate_batch(frame, states=first["state"], as_of=later, decisions=True))
    inside = us.evaluate_batch(frame.with_columns(before=first["state"]), states="before", as_of=later, decisions=True)
    assert pl.DataFrame(inside).equals(beside)
    for row, case, state in zip(beside.to_dicts(), cases, first["state"], strict=True):
        decision = us.evaluate(case, state=state, as_of=later)
        assert (row["decision"], row["state"], row["errors"]) == (decision.to_json(), decision.state, None)
    wrong = pl.DataFrame(us.evaluate_batch(frame, states=first["state"].reverse(), as_of=later))
    assert "this is the state of the case" in wrong["errors"][0][0]["message"]
    with pytest.raises(ValueError, match="there are 2 states for 4 rows"):
        us.evaluate_batch(frame, states=first["state"][:2], as_of=later)
    with pytest.raises(recoup.TableError, match="no column `befor`"):
        us.evaluate_batch(frame, states="befor", as_of=later)
