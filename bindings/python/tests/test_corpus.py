"""The corpus of the core through Python: its dicts are decided as the command decides their JSON text."""

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
from recoup._recoup import _command

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


@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.stem)
def test_a_pack_of_the_corpus_is_decided_as_it_says(path: Path, tmp_path: Path) -> None:
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

    library = tmp_path / "library"
    for name, text in sources.items():
        (library / name).parent.mkdir(parents=True, exist_ok=True)
        (library / name).write_text(text, encoding="utf-8")
    as_ofs = {case.get("as_of", file.get("as_of")) for case in file["cases"]}
    refused = 0
    for as_of in sorted(as_ofs):
        cases = [case for case in file["cases"] if case.get("as_of", file.get("as_of")) == as_of]
        records = [native(case["record"], engine.schema()) for case in cases]
        refused += check_cases(engine, library / pack, as_of, records)
    assert refused == sum("refused" in case["expect"] for case in file["cases"])


def check_cases(engine: recoup.Engine, pack: Path, as_of: str, records: list[Any]) -> int:
    """Records as objects of Python are decided as the command decides their JSON text; gives how many are refused."""
    decisions = list(engine.evaluate_many(records, as_of=dt.datetime.fromisoformat(as_of)))
    texts: dict[int, str] = {}
    # The command refuses a key that it has met, so each round has the cases whose keys are new in it.
    rest = list(range(len(records)))
    while rest:
        keys: dict[str, int] = {}
        for index in rest:
            keys.setdefault(str(records[index].get("case_id")), index)
        rest = [index for index in rest if index not in keys.values()]
        texts |= decided_by_command(pack, as_of, {index: records[index] for index in keys.values()})
    for index, (record, decision) in enumerate(zip(records, decisions, strict=True)):
        if isinstance(decision, recoup.RecordError):
            assert index not in texts, (record, decision)
        else:
            assert decision.to_json() == texts[index], record
            compare(decision.to_dict(), json.loads(decision.to_json()))
    return len(records) - len(texts)


def decided_by_command(pack: Path, as_of: str, records: dict[int, Any]) -> dict[int, str]:
    """What the command writes for records of different keys, by their numbers."""
    cases, out = pack.parent / "cases.ndjson", pack.parent / "decisions.ndjson"
    cases.write_text("".join(json_text(record) + "\n" for record in records.values()), encoding="utf-8")
    arguments = ["run", str(pack), "--cases", str(cases), "--as-of", as_of, "--out", str(out)]
    assert _command(["recoup", *arguments]) in (0, 1)
    lines = [(json.loads(line)["key"], line) for line in out.read_text(encoding="utf-8").splitlines()]
    numbers = {str(record.get("case_id")): index for index, record in records.items()}
    return {numbers[str(key)]: line for key, line in lines}


def json_text(value: Any) -> str:
    """A record as JSON text whose numbers are written with all of their digits."""
    match value:
        case recoup.Unknown():
            return '{"unknown": true}'
        case dict():
            return "{" + ", ".join(f"{json.dumps(key)}: {json_text(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(json_text, value)) + "]"
        case Decimal():
            return format(value, "f")
        case dt.date():
            return json.dumps(value.isoformat())
        case _:
            return json.dumps(value)


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
