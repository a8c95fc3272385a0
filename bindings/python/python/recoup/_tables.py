"""Tables of other libraries, as the engine can read them."""

from __future__ import annotations

from typing import Any


def _readable(table: Any) -> Any:
    """A table or a column, by way of pyarrow where polars gives a column without a type in a form that is not Arrow's.

    Columns of the type `Null` have no buffers in Arrow; polars gives them one, which pyarrow overlooks.
    """
    if type(table).__module__.partition(".")[0] != "polars":
        return table
    schema = getattr(table, "schema", None) or {table.name: table.dtype}
    without_type = [name for name, dtype in schema.items() if "Null" in str(dtype)]
    if not without_type:
        return table
    try:
        import pyarrow
    except ImportError:
        names = ", ".join(f"`{name}`" for name in without_type)
        raise TypeError(f"{names} has no type, for it holds no values: cast it, or install pyarrow") from None
    return pyarrow.table(table) if hasattr(table, "columns") else pyarrow.chunked_array(table)
