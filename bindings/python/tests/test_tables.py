"""Tables of polars whose columns have no type, for they hold no values."""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import recoup
from conftest import AS_OF

ROW: dict[str, Any] = {"case_id": "A-1", "balance": Decimal("7000.00")}


@pytest.mark.parametrize(
    "change",
    [{"share": None}, {"payments": []}, {"product": None, "opened": None, "payments": None}],
)
def test_a_column_without_values_is_one_of_nulls(small: recoup.Engine, change: dict[str, Any]) -> None:
    rows = [ROW | change, ROW | change | {"case_id": "A-2"}]
    decided = pl.DataFrame(small.evaluate_batch(pl.DataFrame(rows), as_of=AS_OF, decisions=True))
    expected = [small.evaluate(row, as_of=AS_OF).to_json() for row in rows]
    assert decided["decision"].to_list() == expected


def test_values_of_numpy_and_pandas(small: recoup.Engine) -> None:
    row = ROW | {"days": np.int64(7), "flag": np.bool_(True), "called": pd.Timestamp("2026-03-01T12:00", tz="UTC")}
    seen = small.evaluate(row, as_of=AS_OF).results.seen
    assert (seen.days, seen.flag, seen.called) == (7, True, pd.Timestamp("2026-03-01T12:00", tz="UTC"))
    for value in (np.float32(1.5), np.float64(1.5), pd.NaT, pd.NA, np.datetime64("2026-03-01")):
        for field in ("balance", "called"):
            with pytest.raises(recoup.RecordError) as refused:
                small.evaluate(ROW | {field: value}, as_of=AS_OF)
            assert [problem.path for problem in refused.value.problems] == [field]
    with pytest.raises(recoup.RecordError, match="this is no value .where it is not known, give `recoup.UNKNOWN`"):
        small.evaluate(ROW | {"called": pd.NaT}, as_of=AS_OF)


def test_states_that_are_all_none(small: recoup.Engine) -> None:
    table = pl.DataFrame([ROW])
    states = pl.Series([None])
    assert states.dtype == pl.Null
    decided = pl.DataFrame(small.evaluate_batch(table, states=states, as_of=AS_OF))
    assert decided["segment"].to_list() == ["large"] and decided["errors"].to_list() == [None]


def test_without_pyarrow_the_columns_are_named(small: recoup.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TypeError, match="`share` has no type, for it holds no values: cast it, or install pyarrow"):
        small.evaluate_batch(pl.DataFrame([ROW | {"share": None}]), as_of=AS_OF)
    assert len(small.evaluate_batch(pl.DataFrame([ROW]), as_of=AS_OF)) == 1
