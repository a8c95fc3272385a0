"""Tables of Spark, decided by its workers.

    from recoup.spark import evaluate

    decisions = evaluate(cases, "rules/us-consumer", as_of=now)

Needs PySpark 4 and what its `mapInArrow` needs: pyarrow, and pandas below 3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from os import PathLike
from typing import TYPE_CHECKING, Any

from recoup._recoup import Engine

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame

__all__ = ["evaluate"]

PACKS = 16
"""How many packs a worker keeps."""

_engines: dict[str, Engine] = {}
"""The packs of this worker, by the digests of their bytes, the one used last behind the others."""


def evaluate(
    df: DataFrame,
    pack: str | PathLike[str] | Engine,
    *,
    as_of: datetime,
    states: str | None = None,
    results: Sequence[str] | None = None,
    fired: bool = False,
    decisions: bool = False,
    library: str | PathLike[str] | None = None,
    functions: Mapping[str, Callable[..., Any]] | Iterable[Callable[..., Any]] | None = None,
) -> DataFrame:
    """Decides each row of a table as `Engine.evaluate_batch` does, and gives a table of the results.

    `pack` is a folder, with `library` and `functions` as in `Engine.load`, or a loaded engine. It travels to the workers
    as bytes, and each of them compiles it once. Functions travel too; those of a module need the module on the workers
    (`SparkContext.addPyFile`). `states` names the column that has the states; the other columns are
    those of a case. `results`, `fired` and `decisions` choose the columns that come out, as for `evaluate_batch`; texts
    come as `string`. Rows that are refused are not lost: their problems stand in the column `errors`.

    A key that stands in two rows is told within a batch of Spark alone.

    Raises `PackError`, and `TableError` where the columns do not fit the pack, before any row is read.
    """
    import pyarrow as pa
    from pyspark import cloudpickle
    from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema

    engine = pack if isinstance(pack, Engine) else Engine.load(pack, library, functions)

    def decided(engine: Engine, table: pa.Table | pa.RecordBatch) -> pa.Table:
        # Workers are many; each has one core.
        results_of = engine.evaluate_batch(
            table, states=states, as_of=as_of, results=results, fired=fired, decisions=decisions, threads=1
        )
        return pa.table(results_of)

    data: bytes = cloudpickle.dumps(engine)
    digest = hashlib.sha256(data).hexdigest()
    # What comes out follows from the pack and the options alone, so that no row shows it.
    nothing = to_arrow_schema(df.schema).empty_table()
    schema = _plain(decided(engine, nothing).schema)

    def decide(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        engine = _engine(digest, data)
        for batch in batches:
            yield from decided(engine, batch).cast(schema).to_batches()

    return df.mapInArrow(decide, from_arrow_schema(schema))


def _engine(digest: str, data: bytes) -> Engine:
    from pyspark import cloudpickle

    engine = _engines.pop(digest, None) or cloudpickle.loads(data)
    _engines[digest] = engine
    if len(_engines) > PACKS:
        del _engines[next(iter(_engines))]
    return engine


def _plain(schema: pa.Schema) -> pa.Schema:
    """The columns with the types that Spark has: texts are not in dictionaries."""
    import pyarrow as pa

    def plain(kind: pa.DataType) -> pa.DataType:
        if pa.types.is_dictionary(kind):
            return plain(kind.value_type)
        if pa.types.is_list(kind):
            return pa.list_(plain(kind.value_type))
        if pa.types.is_struct(kind):
            return pa.struct([field.with_type(plain(field.type)) for field in kind])
        return kind

    return pa.schema([field.with_type(plain(field.type)) for field in schema])
