"""Tables of Spark on a small cluster of this machine: the same results as in process."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import recoup
from pyspark.sql import DataFrame, SparkSession
from recoup.spark import PACKS, _engine, _engines, evaluate

ROOT = Path(__file__).resolve().parents[4]
AS_OF = dt.datetime(2026, 9, 7, 22, 0, tzinfo=dt.UTC)
US = ROOT / "rules/us-consumer"

PACK = """
pack: small
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money}
functions:
  limit: {of: {balance: money}, gives: money, host: true}
facts:
  limit_of_case: limit(balance)
segmentation:
  outputs: {segment: [large, small]}
  grid: |
    | row       | balance          | then segment |
    |-----------|------------------|--------------|
    | large     | >= limit_of_case | large        |
    | otherwise |                  | small        |
"""


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    # Workers are to be the Python of the tests.
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[2]").appName("recoup")
    settings = {
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "3",
        "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        "spark.sql.execution.arrow.maxRecordsPerBatch": "100",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def portfolio() -> pa.Table:
    lines = (ROOT / "examples/data/portfolio.ndjson").read_text(encoding="utf-8").splitlines()
    records = [json.loads(line, parse_float=Decimal) for line in lines[:600]]
    return table(records)


def table(records: list[dict[str, Any]]) -> pa.Table:
    """The records as a table, without the explicit unknowns, which tables do not have."""

    def known(value: Any) -> Any:
        if isinstance(value, dict):
            return None if value == {"unknown": True} else {name: known(item) for name, item in value.items()}
        return [known(item) for item in value] if isinstance(value, list) else value

    names = dict.fromkeys(name for record in records for name in record)
    return pa.Table.from_pylist([{name: known(record.get(name)) for name in names} for record in records])


def frame(spark: SparkSession, cases: pa.Table, folder: Path) -> DataFrame:
    pq.write_table(cases, folder / "cases.parquet")
    return spark.read.parquet(str(folder / "cases.parquet")).repartition(4)


def rows(decided: pa.Table) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = decided.to_pylist()
    return sorted(found, key=lambda row: str(row["case_id"]))


def test_workers_decide_as_this_process_does(spark: SparkSession, portfolio: pa.Table, tmp_path: Path) -> None:
    cases = frame(spark, portfolio, tmp_path)
    assert cases.rdd.getNumPartitions() >= 2
    decided = evaluate(cases, US, as_of=AS_OF, fired=True, decisions=True).toArrow()
    here = pa.table(
        recoup.Engine.load(US).evaluate_batch(portfolio, as_of=AS_OF, fired=True, decisions=True)
    )
    assert decided.column_names == here.column_names and decided.num_rows == 600
    assert rows(decided) == rows(here)
    assert len(set(decided["segment"].to_pylist())) > 5


def test_states_go_from_night_to_night(spark: SparkSession, portfolio: pa.Table, tmp_path: Path) -> None:
    engine, later = recoup.Engine.load(US), AS_OF + dt.timedelta(days=9)
    first = evaluate(frame(spark, portfolio, tmp_path), engine, as_of=AS_OF, results=["state"]).toArrow()
    states = {row["case_id"]: row["state"] for row in rows(first)}
    with_states = portfolio.append_column("stored", pa.array([states[key] for key in portfolio["case_id"].to_pylist()]))
    decided = evaluate(frame(spark, with_states, tmp_path), engine, as_of=later, states="stored", decisions=True)
    here = engine.evaluate_batch(with_states, as_of=later, states="stored", decisions=True)
    assert rows(decided.toArrow()) == rows(pa.table(here))


@pytest.fixture
def limit() -> Callable[[Decimal], Decimal]:
    # Not a function of this module, which the workers could not import.
    def limit(balance: Decimal) -> Decimal:
        return Decimal(100)

    return limit


Limit = Callable[[Decimal], Decimal]


def test_functions_travel_with_the_pack(spark: SparkSession, tmp_path: Path, limit: Limit) -> None:
    (tmp_path / "small").mkdir()
    (tmp_path / "small/pack.yaml").write_text(PACK, encoding="utf-8")
    records = [{"case_id": f"A-{n}", "balance": Decimal(f"{90 + n}.00")} for n in range(20)]
    cases = frame(spark, table(records), tmp_path)
    decided = evaluate(cases, tmp_path / "small", as_of=AS_OF, functions=[limit]).toArrow()
    segments = {row["case_id"]: row["segment"] for row in rows(decided)}
    assert segments == {f"A-{n}": "large" if n >= 10 else "small" for n in range(20)}


def test_refused_rows_say_why_and_the_others_go_on(spark: SparkSession, tmp_path: Path, limit: Limit) -> None:
    records = [{"case_id": f"A-{n}", "balance": Decimal(n)} for n in range(-1, 5)]
    pack = PACK.replace("balance: {type: money}", "balance: {type: money, min: 0}", 1)
    engine = recoup.Engine.from_files({"small/pack.yaml": pack}, pack="small", functions=[limit])
    decided = rows(evaluate(frame(spark, table(records), tmp_path), engine, as_of=AS_OF).toArrow())
    refused = [row for row in decided if row["errors"]]
    assert [row["case_id"] for row in refused] == ["A--1"] and "balance" in str(refused[0]["errors"])
    assert [row["segment"] for row in decided] == [None, "small", "small", "small", "small", "small"]


def test_columns_that_do_not_fit_are_told_before_any_row_is_read(
    spark: SparkSession, tmp_path: Path, limit: Limit
) -> None:
    engine = recoup.Engine.from_files({"small/pack.yaml": PACK}, pack="small", functions=[limit])
    wrong = frame(spark, table([{"case_id": "A-1", "balanc": Decimal(1)}]), tmp_path)
    with pytest.raises(recoup.TableError, match="did you mean `balance`"):
        evaluate(wrong, engine, as_of=AS_OF)
    with pytest.raises(recoup.PackError, match="cannot read the pack"):
        evaluate(wrong, tmp_path / "nowhere", as_of=AS_OF)


def test_a_worker_compiles_a_pack_once(limit: Limit) -> None:
    from pyspark import cloudpickle

    engine = recoup.Engine.from_files({"small/pack.yaml": PACK}, pack="small", functions=[limit])
    data = cloudpickle.dumps(engine)
    first = _engine("digest", data)
    assert first is _engine("digest", data) and first.digest == engine.digest
    for number in range(PACKS):
        _engine(str(number), data)
    assert len(_engines) == PACKS and _engine("digest", data) is not first, "what was used long ago goes"
