"""Dicts that are read straight into the engine against the same records as text: one meaning, two ways.

A `Mapping` that is no dict is written as text, which the engine reads and which says what a record means. A dict goes
straight where it is plainly given.
"""

from __future__ import annotations

import datetime as dt
import enum
import json
import pickle
import types
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import recoup
from conftest import AS_OF, HEADER, ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

TYPES = [
    "text",
    "boolean",
    "integer",
    "money",
    "percent",
    "date",
    "timestamp",
    "zone",
    "{type: decimal, decimals: 3}",
    "{type: choice, of: [card, loan, '12']}",
]
FIELDS = {
    "case_id": "{type: text, key: true}",
    "text": "{type: text, absent: none}",
    "short": "{type: text, max: 3, absent: none}",
    "choice": "{type: choice, of: [card, loan, 'true'], absent: unknown}",
    "boolean": "{type: boolean, default: false}",
    "integer": "{type: integer, min: -5, max: 1000, absent: none}",
    "money": "{type: money, min: 0, absent: unknown}",
    "percent": "{type: percent, absent: none}",
    "decimal": "{type: decimal, decimals: 3, absent: none}",
    "date": "{type: date, absent: none}",
    "past": "{type: date, max: 2026-09-07, absent: none}",
    "timestamp": "{type: timestamp, absent: none}",
    "zone": "{type: zone, absent: none}",
    "currency": "{type: text, absent: none}",
    "texts": "{type: list, of: text, max: 3, default: []}",
    "moneys": "{type: list, of: {type: money, min: 1}, absent: unknown}",
    "dates": "{type: list, of: date, absent: none}",
    "choices": "{type: list, of: {type: choice, of: [card, loan]}, default: []}",
    "events": "{type: list, of: {at: {type: timestamp, time: true}, kind: {type: choice, of: [a, b], absent: none}, "
    "amount: {type: money, max: 100, default: 1}, note: {type: text, private: true, absent: unknown}}, default: []}",
}


def pack(fields: dict[str, str], more: str = "") -> recoup.Engine:
    lines = "\n".join(f"      {name}: {declared}" for name, declared in fields.items())
    text = f"{HEADER}\nrecords:\n  case:\n{more}    fields:\n{lines}\n" + (
        "segmentation:\n  outputs: {segment: [large, small]}\n  grid: |\n"
        "    | row | money | then segment |\n    |---|---|---|\n"
        "    | large | >= 50 | large |\n    | otherwise | | small |\n"
        "rules:\n  seen:\n    hit: first\n    outputs:\n      texts: integer\n      percent: {type: percent, absent: none}\n"
        "      named: {type: choice, of: [card, loan, 'true']}\n      note: {type: text, absent: none}\n"
        "    list:\n      - id: all\n        when: 'true'\n"
        "        give: {texts: '= count(texts)', percent: '= percent', named: '= choice', note: '= text'}\n"
    )
    return recoup.Engine.from_files({"small/pack.yaml": text}, pack="small")


@pytest.fixture(scope="module")
def wide() -> recoup.Engine:
    return pack(FIELDS)


@pytest.fixture(scope="module")
def open_to_more() -> recoup.Engine:
    return pack(FIELDS, "    on_unknown_field: ignore\n")


class Inner(enum.Enum):
    CARD = "card"


class Word(enum.Enum):
    CARD = "card"
    NUMBER = 12
    DATE = dt.date(2026, 1, 2)
    NESTED = Inner.CARD


class Spoken(enum.StrEnum):
    LOAN = "loan"


class Text(str):
    pass


class Whole(int):
    pass


class Other(dict[str, Any]):
    pass


class Day(dt.date):
    pass


NEW_YORK = ZoneInfo("America/New_York")
NUMBERS = ["0", "-0", "1", "12.5", "12.500", "-0.00", "0.001", "0.0001", "1E+3", "1e-7", "NaN", "-Infinity", "sNaN"]
NUMBERS += ["9" * 28, "9" * 29, "0." + "0" * 27 + "1", "92233720368547758.07", "92233720368547758.08", "100", "1E-400"]
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([None, recoup.UNKNOWN, recoup.Unknown(("x",)), True, False, Word.CARD, Word.NUMBER, Word.DATE]),
    st.sampled_from([Word.NESTED, Spoken.LOAN, Text("card"), Whole(5), Day(2026, 3, 4), uuid.UUID(int=7), NEW_YORK]),
    st.sampled_from([1.5, float("nan"), b"card", bytearray(b"x"), object(), int, {"unknown": True}, {"unknown": 1}]),
    st.sampled_from(["card", "loan", "true", "12", "", " ", "a", "b", "USD", "EUR", "Zoë", "\ud800", "a\0b", "x" * 40]),
    st.sampled_from(["2026-01-02", "2026-9-7", "2026-09-07T10:00:00Z", "2026-09-07T10:00:00", "America/New_York"]),
    st.sampled_from(["12.5", "12.50", "1,200.00", "12 %", "12.5%", "-0", "1e3", "+1", "007"]),
    st.sampled_from(NUMBERS).map(Decimal),
    st.sampled_from([0, 1, -1, 12, 1000, 1001, 2**62, 2**63 - 1, 2**63, -(2**63), 10**28, 10**27, 1 << 300]),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.decimals(0, 2000, places=2),
    st.integers(-10, 2000),
    st.dates(),
    st.dates(dt.date(2026, 9, 1), dt.date(2026, 9, 10)),
    st.datetimes(timezones=st.sampled_from([dt.timezone.utc, NEW_YORK, dt.timezone(dt.timedelta(seconds=3601)), None])),
    st.datetimes(dt.datetime(2026, 9, 7), dt.datetime(2026, 9, 8), timezones=st.just(NEW_YORK)),
    st.datetimes(dt.datetime(1, 1, 1), dt.datetime(1, 1, 2), timezones=st.just(dt.timezone(dt.timedelta(hours=9)))),
    st.text(max_size=5),
)
EVENT = st.dictionaries(st.sampled_from(["at", "kind", "amount", "note", "nope"]), SCALARS, max_size=4)
GOOD_EVENT = st.fixed_dictionaries(
    {"at": st.datetimes(dt.datetime(2025, 1, 1), dt.datetime(2026, 9, 1), timezones=st.just(NEW_YORK))},
    optional={
        "kind": st.sampled_from(["a", "b", None, recoup.UNKNOWN]),
        "amount": st.decimals(0, 100, places=2) | st.integers(0, 100),
        "note": st.text(max_size=3) | st.none(),
    },
)
LISTS: st.SearchStrategy[Any] = st.one_of(
    st.lists(SCALARS, max_size=3),
    st.lists(SCALARS, max_size=3).map(tuple),
    st.lists(EVENT | GOOD_EVENT, max_size=3),
    st.lists(GOOD_EVENT, max_size=3),
    EVENT,
    EVENT.map(Other),
    EVENT.map(types.MappingProxyType),
    st.lists(st.lists(SCALARS, max_size=2), max_size=2),
)
GOOD: dict[str, st.SearchStrategy[Any]] = {
    "case_id": st.sampled_from(["A-1", "Zoë"]),
    "text": st.text(max_size=5) | st.none(),
    "short": st.text(max_size=3) | st.none(),
    "choice": st.sampled_from(["card", "loan", "true", Word.CARD, recoup.UNKNOWN]),
    "boolean": st.booleans(),
    "integer": st.integers(-5, 1000),
    "money": st.decimals(0, 10**9, places=2) | st.integers(0, 10**6) | st.just(recoup.UNKNOWN),
    "percent": st.decimals(-100, 100, places=4) | st.integers(0, 100),
    "decimal": st.decimals(-10, 10, places=3),
    "date": st.dates() | st.dates().map(str),
    "past": st.dates(max_value=dt.date(2026, 9, 7)),
    "timestamp": st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 1, 1), timezones=st.just(NEW_YORK)),
    "zone": st.sampled_from([NEW_YORK, "Europe/Paris"]),
    "currency": st.just("USD"),
    "texts": st.lists(st.text(max_size=2), max_size=3),
    "moneys": st.lists(st.decimals(1, 100, places=2) | st.integers(1, 5), max_size=3).map(tuple),
    "dates": st.lists(st.dates() | st.just(recoup.UNKNOWN), max_size=3),
    "choices": st.lists(st.sampled_from(["card", "loan"]), max_size=3),
    "events": st.lists(GOOD_EVENT, max_size=3),
}

GOOD_RECORD = st.fixed_dictionaries(
    {"case_id": GOOD["case_id"]}, optional={name: values for name, values in GOOD.items() if name != "case_id"}
)


def told(engine: recoup.Engine, record: object) -> tuple[str, ...]:
    """What a record comes to: the decision and its reasons to the last byte, or all problems."""
    try:
        decision = engine.evaluate(record, as_of=AS_OF)
    except recoup.RecordError as error:
        return ("refused", *map(repr, error.problems))
    return "decided", decision.to_json(), decision.explain(format="json")


def compare(engine: recoup.Engine, record: dict[Any, Any]) -> bool:
    """Whether the record is decided, which both ways have to agree about."""
    straight, by_text = told(engine, record), told(engine, types.MappingProxyType(record))
    assert straight == by_text
    return straight[0] == "decided"


@settings(max_examples=600, deadline=None)
@given(record=st.dictionaries(st.sampled_from([*FIELDS, "nope", Text("money"), 5]), SCALARS | LISTS, max_size=4))
def test_odd_records_mean_the_same_both_ways(
    wide: recoup.Engine, open_to_more: recoup.Engine, record: dict[Any, Any]
) -> None:
    compare(wide, {"case_id": "A-1", **record})
    compare(open_to_more, {"case_id": "A-1", **record})


@settings(max_examples=300, deadline=None)
@given(record=GOOD_RECORD, order=st.randoms())
def test_good_records_are_decided_both_ways(wide: recoup.Engine, record: dict[str, Any], order: Any) -> None:
    keys = list(record)
    order.shuffle(keys)
    assert compare(wide, {key: record[key] for key in keys})


@settings(max_examples=300, deadline=None)
@given(record=GOOD_RECORD, data=st.data())
def test_one_wrong_value_is_found_both_ways(wide: recoup.Engine, record: dict[str, Any], data: Any) -> None:
    field = data.draw(st.sampled_from([*FIELDS, "nope"]))
    compare(wide, {**record, field: data.draw(SCALARS | LISTS)})


def records(path: str) -> Iterator[dict[str, Any]]:
    for line in (ROOT / path).read_text().splitlines():
        try:
            record = json.loads(line, parse_float=Decimal)
        except json.JSONDecodeError:
            continue
        if isinstance(record, dict):
            yield record


@pytest.mark.parametrize("name", ["portfolio.ndjson", "portfolio-with-errors.ndjson"])
def test_the_portfolio_means_the_same_both_ways(us: recoup.Engine, name: str) -> None:
    decided = [compare(us, record) for record in list(records(f"examples/data/{name}"))[:400]]
    assert sum(decided) >= 10


def test_keys_may_stand_in_any_order_and_be_other_objects(small: recoup.Engine) -> None:
    whole = {"case_id": "A-1", "balance": 7, "days": 3, "product": "card"}
    wanted = told(small, types.MappingProxyType(whole))
    for record in (whole, dict(reversed(whole.items())), json.loads(json.dumps(whole)), whole):
        assert told(small, record) == wanted
    assert told(small, {"case_id": "A-1", "balance": 7}) != wanted


def test_other_keys_are_passed_over_where_the_record_says_so(open_to_more: recoup.Engine) -> None:
    assert compare(open_to_more, {"nope": "x", "case_id": "A-1", "more": None, "money": 5, "last": [1]})
    assert not compare(open_to_more, {"nope": 1.5, "case_id": "A-1"})
    assert not compare(open_to_more, {"nope": "\ud800", "case_id": "A-1"})


def names(decision: recoup.Decision) -> Iterator[str]:
    """The names of all results."""
    yield from decision.segmentation
    yield from decision.scores
    for table, outputs in decision.results.items():
        yield table
        yield from (f"{table}.{output}" for output in outputs)


@pytest.mark.parametrize(
    "pack, cases",
    [("rules/us-consumer", "examples/data/portfolio.ndjson"), ("benches/data/bench", "benches/data/cases.ndjson")],
)
def test_results_by_name_are_those_of_the_whole_decision(pack: str, cases: str) -> None:
    engine, seen = recoup.Engine.load(ROOT / pack), 0
    for record in list(records(cases))[:200]:
        record.pop("expect", None)
        try:
            decision = engine.evaluate(record, as_of=AS_OF)
        except recoup.RecordError:
            continue
        # What was pickled has nothing but the whole decision.
        whole = pickle.loads(pickle.dumps(decision))
        assert decision.fired == whole.fired
        for name in names(whole):
            one, other = decision[name], whole[name]
            assert repr(one) == repr(other) and type(one) is type(other), name
            if "." not in name:
                assert repr(getattr(decision, name)) == repr(getattr(whole, name))
            seen += 1
    assert seen > 500


def test_instants_are_read_to_the_microsecond(wide: recoup.Engine) -> None:
    late = dt.datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=dt.timezone.utc)
    for as_of in (AS_OF, late, dt.datetime(2, 1, 1, microsecond=1, tzinfo=dt.timezone.utc), AS_OF.astimezone(NEW_YORK)):
        decision = wide.evaluate({"case_id": "A-1"}, as_of=as_of)
        assert decision.as_of == as_of
        assert wide.evaluate({"case_id": "A-1"}, as_of=as_of).to_json() == decision.to_json()
