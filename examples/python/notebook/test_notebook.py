"""The notebook gives what it shows. `UPDATE_EXPECT=1` runs it and keeps what comes out."""

import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parent / "tour.ipynb"


def outputs(notebook: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    """By code cell its source, and what it printed and showed, as text and as HTML."""
    return [
        (cell.source, [dict(output.get("data", {"text": output.get("text")})) for output in cell.outputs])
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_the_notebook_gives_what_it_shows() -> None:
    shown = nbformat.read(NOTEBOOK, as_version=4)
    executed = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(executed, kernel_name="python3", resources={"metadata": {"path": NOTEBOOK.parent}})
    client.record_timing = False
    client.coalesce_streams = True  # what is printed comes in pieces, as it happens
    client.execute()
    if os.environ.get("UPDATE_EXPECT") == "1":
        executed.metadata = shown.metadata  # without the version of the interpreter
        nbformat.write(executed, NOTEBOOK)
        shown = executed
    assert len(outputs(shown)) > 10
    assert all(shown for _, shown in outputs(shown)[1:])
    for expected, found in zip(outputs(shown), outputs(executed), strict=True):
        assert found == expected
