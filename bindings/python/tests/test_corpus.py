"""The corpus of the core through Python: as dicts it is decided as its JSON text is, and as its tests expect."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import recoup
import yaml
from conftest import ROOT

PACKS = sorted((ROOT / "core/tests/corpus/packs").glob("*.yaml"))


class Scalars(yaml.BaseLoader):
    """Every scalar as it is written; whether it was quoted is kept."""


class Quoted(str):
    """A scalar in quotes."""


def scalar(loader: Scalars, node: yaml.ScalarNode) -> str | None:
    if node.style is None and node.value in ("", "null", "~"):
        return None
    return Quoted(node.value) if node.style else node.value


Scalars.add_constructor("tag:yaml.org,2002:str", scalar)


def flow(value: Any) -> str:
    """A value of the corpus as YAML in one line."""
    match value:
        case None:
            return "null"
        case dict():
            return "{" + ", ".join(f"{quoted(key)}: {flow(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case Quoted():
            return quoted(value)
        case _:
            return quoted(value) if set(value) & set(",[]{}#") else str(value)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def native(value: Any, schema: dict[str, Any]) -> Any:
    """A value of the corpus as a Python program has it: by what the pack's schema says of the field."""
    if "anyOf" in schema and not isinstance(value, dict | list):
        if isinstance(value, str) and any("pattern" in option for option in schema["anyOf"]):
            return number(value, schema)
        return native(value, schema["anyOf"][0])
    match value:
        case {"unknown": "true"} if len(value) == 1:
            return recoup.UNKNOWN
        case dict() | list() if "anyOf" in schema:
            return native(value, schema["anyOf"][0])
        case dict():
            properties = schema.get("properties", {})
            return {key: native(item, properties.get(key, {})) for key, item in value.items()}
        case list():
            return [native(item, schema.get("items", {})) for item in value]
        case "true" | "false" if not isinstance(value, Quoted) and schema.get("type") == "boolean":
            return value == "true"
        case str() if schema.get("format") == "date-time":
            try:
                instant = dt.datetime.fromisoformat(value)
            except ValueError:
                return str(value)
            return instant if instant.tzinfo and instant.microsecond == 0 and "." not in value else str(value)
        case str() if schema.get("format") == "date":
            try:
                return dt.date.fromisoformat(value)
            except ValueError:
                return str(value)
        case str():
            return str(value)
        case _:
            return value


def number(text: str, schema: dict[str, Any]) -> Any:
    is_whole = any(option.get("type") == "integer" for option in schema["anyOf"])
    try:
        return int(text) if is_whole else Decimal(text)
    except (ValueError, ArithmeticError):
        return str(text)


def written(value: Any) -> Any:
    """The same value as the JSON text of a record has it."""
    match value:
        case recoup.Unknown():
            return {"unknown": True}
        case dict():
            return {key: written(item) for key, item in value.items()}
        case list():
            return [written(item) for item in value]
        case Decimal():
            return format(value, "f")
        case dt.datetime():
            return value.isoformat()
        case dt.date():
            return value.isoformat()
        case _:
            return value


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.stem)
def test_a_pack_of_the_corpus_decides_dicts_as_it_says(path: Path) -> None:
    file = yaml.load(path.read_text(encoding="utf-8"), Scalars)
    files: dict[str, str] = {name: str(text) for name, text in file["files"].items()}
    has_folders = any(name.endswith("/pack.yaml") for name in files)
    pack = "main" if has_folders else "corpus"
    sources = files if has_folders else {f"corpus/{name}": text for name, text in files.items()}
    tests = "tests:\n"
    for case in file["cases"]:
        tests += f"  - name: {flow(case['name'])}\n    as_of: {case.get('as_of', file.get('as_of'))}\n"
        tests += f"    given: {flow(case['record'])}\n    expect: {flow(case['expect'])}\n"
        for key in ("state", "attempt", "offer"):
            if key in case:
                tests += f"    {key}: {flow(case[key])}\n"
    engine = recoup.Engine.from_files(sources | {f"{pack}/zz-cases.yaml": tests}, pack=pack)

    report = engine.test()
    assert report.failed == 0, str(report)
    assert report.passed == len(file["cases"])

    schema = engine.schema()
    decided = 0
    for case in file["cases"]:
        as_of = dt.datetime.fromisoformat(case.get("as_of", file.get("as_of")))
        record = native(case["record"], schema)
        outcomes: list[Any] = []
        for form in (record, json.loads(json.dumps(written(record)))):
            try:
                decision = engine.evaluate(form, as_of=as_of)
                outcomes.append(decision.to_json())
                compare(decision.to_dict(), json.loads(decision.to_json()))
                decided += 1
            except recoup.RecordError as error:
                outcomes.append(error.problems)
        assert outcomes[0] == outcomes[1], case["name"]
    assert decided % 2 == 0


def compare(value: Any, text: Any) -> None:
    """Values are what the JSON says, exactly."""
    match value:
        case dict():
            assert list(value) == list(text)
            for key in value:
                compare(value[key], text[key])
        case list():
            assert len(value) == len(text)
            for item, said in zip(value, text, strict=True):
                compare(item, said)
        case recoup.Unknown(facts):
            assert text == {"unknown": list(facts)}
        case recoup.Failed(code):
            assert text == {"error": code}
        case Decimal():
            assert format(value, "f") == text
        case dt.datetime():
            assert value == dt.datetime.fromisoformat(text)
        case dt.date():
            assert value.isoformat() == text
        case _:
            assert type(value) is type(text) and value == text


def test_the_corpus_is_there() -> None:
    assert len(PACKS) >= 100
