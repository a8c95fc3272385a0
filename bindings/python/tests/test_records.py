"""Records of every kind, and what is refused in them."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import enum
import types
import uuid
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pydantic
import pytest
import recoup
from conftest import AS_OF
from hypothesis import given, settings
from hypothesis import strategies as st

NEW_YORK = ZoneInfo("America/New_York")


class Product(enum.Enum):
    CARD = "card"
    LOAN = "loan"


class Colour(enum.StrEnum):
    CARD = "card"


WHOLE: dict[str, Any] = {
    "case_id": "A-1",
    "balance": Decimal("7000.10"),
    "share": Decimal("12.5"),
    "ratio": Decimal("0.125"),
    "opened": dt.date(2026, 3, 1),
    "called": dt.datetime(2026, 9, 1, 9, 30, 0, 250000, tzinfo=NEW_YORK),
    "product": Product.CARD,
    "name": "Zoë \"\\\n</script>",
    "days": 8,
    "flag": True,
    "home": NEW_YORK,
    "payments": [{"amount": Decimal("10.10"), "on": dt.date(2026, 8, 1)}, {"amount": 5, "on": "2026-08-02"}],
}


def decide(engine: recoup.Engine, record: object) -> recoup.Decision:
    return engine.evaluate(record, as_of=AS_OF)


def test_every_type_comes_out_as_it_went_in(small: recoup.Engine) -> None:
    decision = decide(small, WHOLE)
    assert decision.segment == "large"
    seen = decision.seen
    assert (seen.balance, seen.share, seen.ratio) == (Decimal("7000.10"), Decimal("12.5"), Decimal("0.125"))
    assert str(seen.balance) == "7000.10"
    assert seen.opened == dt.date(2026, 3, 1) and type(seen.opened) is dt.date
    assert seen.called == WHOLE["called"] and seen.called.utcoffset() == dt.timedelta(0)
    assert (seen.product, seen.name, seen.days, seen.flag) == ("card", WHOLE["name"], 8, True)
    assert seen.home == "America/New_York"
    assert (seen.paid, seen["each"]) == (Decimal("15.10"), Decimal("0.125"))
    assert decision.get("seen.paid") == decision["seen.paid"] == Decimal("15.10")


def test_kinds_of_objects_give_the_same_decision(small: recoup.Engine) -> None:
    @dataclasses.dataclass(frozen=True, slots=True)
    class Payment:
        amount: Decimal
        on: dt.date

    @dataclasses.dataclass
    class Case:
        case_id: str
        balance: Decimal
        product: Product | None = None
        payments: list[Payment] = dataclasses.field(default_factory=list)

    class Model(pydantic.BaseModel):
        case_id: str
        balance: Decimal
        product: Product | None = None
        payments: list[Payment] = []

    class Named(NamedTuple):
        case_id: str
        balance: Decimal
        product: str
        payments: tuple[Payment, ...]

    class Row:
        """As an ORM has it: more attributes than the record has fields."""

        metadata = object()

        def __init__(self) -> None:
            self.case_id, self.balance, self._hidden = "A-1", Decimal("50.05"), object()
            self.payments = [types.SimpleNamespace(amount=Decimal(3), on=dt.date(2026, 8, 1), case=self)]

        @property
        def product(self) -> str:
            return "card"

    payment = Payment(Decimal(3), dt.date(2026, 8, 1))
    plain = {
        "case_id": "A-1",
        "balance": Decimal("50.05"),
        "product": "card",
        "payments": [{"amount": Decimal(3), "on": dt.date(2026, 8, 1)}],
    }
    expected = decide(small, plain)
    for record in (
        types.MappingProxyType(plain),
        collections.ChainMap({}, plain),
        collections.OrderedDict(plain),
        Case("A-1", Decimal("50.05"), Product.CARD, [payment]),
        Model(case_id="A-1", balance=Decimal("50.05"), product=Product.CARD, payments=[payment]),
        Named("A-1", Decimal("50.05"), "card", (payment,)),
        types.SimpleNamespace(**plain, more=1),
        Row(),
        plain | {"product": Colour.CARD},
    ):
        assert decide(small, record) == expected, record


def test_a_key_may_be_a_uuid(small: recoup.Engine) -> None:
    key = uuid.UUID(int=7)
    assert decide(small, {"case_id": key, "balance": 1}).key == str(key)


def test_unknown_is_not_none(small: recoup.Engine) -> None:
    known = {"case_id": "A-1", "balance": 1, "ratio": Decimal(1), "flag": False}
    unknown = decide(small, known | {"flag": recoup.UNKNOWN, "days": recoup.UNKNOWN})
    assert unknown.seen.flag == recoup.Unknown(("flag",))
    assert isinstance(unknown.seen.days, recoup.Unknown)
    none = decide(small, known | {"days": None})
    assert none.seen.days is None and none.seen.flag is False
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(unknown.seen.flag)


def test_what_fails_is_its_own_kind_of_result(small: recoup.Engine) -> None:
    decision = decide(small, WHOLE | {"days": 0})
    assert decision.seen["each"] == recoup.Failed("division-by-zero")
    assert [(error.at, error.code) for error in decision.errors] == [("rules/seen/all", "division-by-zero")]
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(decision.seen["each"])


class Loud:
    """An object whose attribute fails when it is read."""

    case_id = "A-1"

    @property
    def balance(self) -> Decimal:
        raise LookupError("the session is closed")


def test_what_an_object_raises_comes_through(small: recoup.Engine) -> None:
    with pytest.raises(LookupError, match="the session is closed"):
        decide(small, Loud())


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("balance", 12.5, "balance: a float does not hold the number that was written (use `decimal.Decimal`, such as"),
        ("days", 1.0, "days: a float does not hold"),
        ("balance", float("nan"), "balance: this is not a number (where it is not known"),
        ("balance", Decimal("NaN"), "balance: this is not a number"),
        ("balance", Decimal("-Infinity"), "balance: this is not a number"),
        ("balance", Decimal("1e400000000"), "balance: this number is too large or too fine"),
        pytest.param("balance", 10**5000, "balance: this number is too large", id="huge"),
        ("balance", Decimal("0.001"), "balance: `0.001` has more than 2 decimals"),
        ("called", dt.datetime(2026, 9, 1), "called: this datetime has no time zone"),
        ("called", dt.datetime.min.replace(tzinfo=dt.timezone(dt.timedelta(hours=5))), "called: this instant lies"),
        ("opened", dt.datetime(2026, 9, 1, tzinfo=dt.UTC), "opened: "),
        ("name", b"x", "name: bytes are no text (decode them"),
        ("name", "\ud800", "name: this text holds half of a surrogate pair"),
        ("payments", {1, 2}, "payments: a `set` is nothing that a record holds"),
        ("payments", [{"amount": 1.5, "on": "2026-08-01"}], "payments[0].amount: a float"),
        ("payments", [{"amount": 1, "on": "2026-08-01"}, object()], "payments[1]: a `object` is nothing"),
        ("days", dt.timedelta(1), "days: a `timedelta` is nothing"),
        ("balanse", 1, "balanse: there is no field `balanse` (did you mean `balance`?)"),
        ("product", "crad", "product: `crad` is not one of the values of this choice (did you mean `card`?)"),
    ],
)
def test_what_has_no_exact_form_is_refused_with_its_path(
    small: recoup.Engine, field: str, value: object, message: str
) -> None:
    with pytest.raises(recoup.RecordError) as caught:
        decide(small, {"case_id": "A-1", "balance": 1} | {field: value})
    assert [str(problem) for problem in caught.value.problems][0].startswith(message)
    assert len(caught.value.problems) == 1
    assert isinstance(caught.value, recoup.RecoupError) and isinstance(caught.value, ValueError)


def test_all_problems_are_told_at_once(small: recoup.Engine) -> None:
    with pytest.raises(recoup.RecordError) as caught:
        decide(small, {"case_id": 1.5, "balance": 2.5, "opend": None, 3: 4})
    assert [problem.path for problem in caught.value.problems] == ["case_id", "balance", ""]
    with pytest.raises(recoup.RecordError) as caught:
        decide(small, {"balance": 2.5, "opend": None})
    assert [problem.path for problem in caught.value.problems] == ["balance", "opend", "case_id"]


@pytest.mark.parametrize("record", [None, 5, "text", [], object(), dict, b"", lambda: 1])
def test_what_is_no_record_is_refused(small: recoup.Engine, record: object) -> None:
    with pytest.raises(recoup.RecordError):
        decide(small, record)


def test_a_record_that_holds_itself_has_an_end(small: recoup.Engine) -> None:
    record: dict[str, Any] = {"case_id": "A-1", "balance": 1}
    record["payments"] = [record]
    with pytest.raises(recoup.RecordError, match="nests deeper"):
        decide(small, record)


MONEY = st.decimals(min_value=-(10**15), max_value=10**15, places=2, allow_nan=False)


@settings(max_examples=300, deadline=None)
@given(
    balance=MONEY,
    ratio=st.one_of(st.none(), st.decimals(min_value=-(10**9), max_value=10**9, places=3)),
    opened=st.one_of(st.none(), st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1))),
    called=st.one_of(st.none(), st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2200, 1, 1), timezones=st.timezones())),
    name=st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1)),
    days=st.one_of(st.none(), st.integers(-(10**17), 10**17)),
    flag=st.one_of(st.just(recoup.UNKNOWN), st.booleans()),
    payments=st.lists(MONEY, max_size=4),
)
def test_values_survive_the_way_in_and_out(small: recoup.Engine, payments: list[Decimal], **fields: Any) -> None:
    on = dt.date(2026, 1, 1)
    paid = [{"amount": amount, "on": on} for amount in payments]
    decision = decide(small, {"case_id": "A-1", "payments": paid, **fields})
    seen = decision.seen
    for name, value in fields.items():
        match name, value:
            case ("flag", recoup.Unknown()) | ("ratio", None):
                assert isinstance(seen[name], recoup.Unknown)
            case _:
                assert seen[name] == value, name
    assert seen.paid == sum(payments)
