"""Functions of the host: values both ways, what they raise, what does not fit."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType

import pytest
import recoup
from conftest import AS_OF, HEADER, load


def pack(gives: str, of: str = "{balance: money}", call: str = "f(balance)") -> str:
    return (
        HEADER
        + f"""
records:
  case:
    fields:
      case_id: {{type: text, key: true}}
      balance: {{type: money}}
      share: {{type: percent, default: 12.5}}
      day: {{type: date, default: 2026-03-01}}
      at: {{type: timestamp, default: 2026-03-01T12:00:00Z}}
      name: {{type: text, default: Zoë}}
      nobody: {{type: text, absent: none}}
      score: {{type: integer, absent: unknown}}
      payments: {{type: list, of: {{amount: money, on: date}}, default: []}}
functions:
  f: {{of: {of}, gives: {gives}, host: true}}
rules:
  r:
    outputs: {{x: {gives}}}
    hit: first
    list:
      - {{id: all, when: "true", give: {{x: "= {call}"}}}}
"""
    )


def decide(text: str, function: Callable[..., Any], **more: Any) -> recoup.Decision:
    engine = load(text, functions={"f": function})
    return engine.evaluate({"case_id": "A-1", "balance": Decimal("120.50")} | more, as_of=AS_OF)


def message(decision: recoup.Decision) -> str:
    (error,) = decision.errors
    assert (error.at, error.code) == ("rules/r/all", "host-failed")
    return str(error.message)


@pytest.mark.parametrize(
    ("gives", "value"),
    [
        ("money", Decimal("6.03")),
        ("percent", Decimal("12.5")),
        ("{type: decimal, decimals: 4}", Decimal("0.1250")),
        ("money", 7),
        ("integer", -8),
        ("boolean", True),
        ("text", "Zoë"),
        ("date", dt.date(2026, 2, 28)),
        ("timestamp", dt.datetime(2026, 2, 28, 12, tzinfo=dt.timezone(dt.timedelta(hours=3)))),
        ("{type: text, absent: none}", None),
    ],
)
def test_what_a_function_gives_comes_out(gives: str, value: object) -> None:
    assert decide(pack(gives), lambda balance: value)["r.x"] == value


def test_arguments_are_exact() -> None:
    taken: list[tuple[Any, ...]] = []

    def f(*arguments: Any) -> Decimal:
        taken.append(arguments)
        return Decimal(1)

    of = "{balance: money, share: percent, day: date, at: timestamp, name: text, payments: case.payments}"
    text = pack("money", of, "f(balance, share, day, at, name, payments)")
    decide(text, f, payments=[{"amount": Decimal("1.10"), "on": dt.date(2026, 1, 1)}])
    balance, share, day, at, name, payments = taken[0]
    assert (balance, share) == (Decimal("120.50"), Decimal("12.5")) and type(balance) is Decimal
    assert (day, at, name) == (dt.date(2026, 3, 1), dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC), "Zoë")
    assert type(day) is dt.date
    assert payments == [{"amount": Decimal("1.10"), "on": dt.date(2026, 1, 1)}]


def test_unknown_and_none_are_never_passed_by_surprise() -> None:
    calls: list[Any] = []
    text = pack("{type: integer, absent: none}", "{score: integer}", "f(score)")
    assert isinstance(decide(text, calls.append)["r.x"], recoup.Unknown)
    text = pack("{type: integer, absent: none}", "{nobody: text}", "f(nobody)")
    assert decide(text, calls.append)["r.x"] is None
    assert calls == []


def test_a_function_may_not_know() -> None:
    decision = decide(pack("money"), lambda balance: recoup.UNKNOWN)
    assert decision["r.x"] == recoup.Unknown(("f",)) and not decision.errors


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (1.5, "`f`: it gives a `float`: a float does not hold exact numbers, so use `decimal.Decimal`"),
        (Decimal("NaN"), "`f`: it gives a `Decimal`: it is not a number"),
        (dt.datetime(2026, 1, 1), "`f`: it gives a `datetime`: this datetime has no time zone"),
        (object(), "`f`: it gives a `object`: rules take text"),
        (10**30, "`f`: it gives a `int`: it is too large"),
        ("text", "`f`: it is declared to give money, but gives a text"),
        (None, "`f`: it is declared to give money, but gives none"),
    ],
)
def test_what_does_not_fit_is_an_error_of_the_rule(value: object, said: str) -> None:
    assert message(decide(pack("money"), lambda balance: value)).startswith(said)


def test_an_exception_is_an_error_of_the_rule_without_its_traceback() -> None:
    def f(balance: Decimal) -> Decimal:
        secret = "4111-1111"
        assert secret
        raise LookupError("no score\nfor this debtor")

    decision = decide(pack("money"), f)
    assert message(decision) == "`f`: LookupError: no score for this debtor"
    assert isinstance(decision["r.x"], recoup.Failed)
    assert "4111" not in decision.to_json() + decision.explain("text") + decision.explain("json")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_stops_the_program_is_no_error_of_a_rule(stop: type[BaseException]) -> None:
    def f(balance: Decimal) -> Decimal:
        raise stop

    with pytest.raises(stop):
        decide(pack("money"), f)
    assert decide(pack("money"), lambda balance: 1)["r.x"] == 1


def test_an_explanation_calls_nothing_again() -> None:
    calls: list[Decimal] = []

    def f(balance: Decimal) -> Decimal:
        calls.append(balance)
        return balance

    decision = decide(pack("money"), f)
    made = len(calls)
    assert made >= 1
    for format in ("text", "json", "html"):
        decision.explain(format)
    decision.to_dict()
    assert len(calls) == made


def test_a_function_may_use_the_engine() -> None:
    inner = load(pack("money"), functions={"f": lambda balance: balance * 2})

    def f(balance: Decimal) -> Decimal:
        given: Decimal = inner.evaluate({"case_id": "B", "balance": balance}, as_of=AS_OF)["r.x"]
        return given

    assert decide(pack("money"), f)["r.x"] == Decimal("241.00")


def test_a_function_is_called_in_many_threads() -> None:
    engine = load(pack("money"), functions={"f": lambda balance: balance + 1})
    wrong: list[object] = []

    def work(start: int) -> None:
        for number in range(start, start + 100):
            result = engine.evaluate({"case_id": "A", "balance": number}, as_of=AS_OF)["r.x"]
            if result != number + 1:
                wrong.append(result)

    threads = [threading.Thread(target=work, args=(start * 100,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def takes_two(a: object, b: object) -> int:
    return 1


def takes_none() -> int:
    return 1


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (takes_two, "the host's `f` takes 2 parameters, but the pack declares 1"),
        (takes_none, "the host's `f` takes 0 parameters, but the pack declares 1"),
        (lambda a, b, c=1: 1, "the host's `f` takes 2 to 3 parameters, but the pack declares 1"),
        (lambda a, b, *c: 1, "the host's `f` takes 2 or more parameters, but the pack declares 1"),
    ],
)
def test_another_number_of_parameters_is_a_finding(function: Callable[..., Any], said: str) -> None:
    with pytest.raises(recoup.PackError) as caught:
        load(pack("money"), functions={"f": function})
    (found,) = [found for found in caught.value.diagnostics if found.severity == "error"]
    assert (found.code, found.message) == ("wrong-host-function", said)
    assert found.path == "small/pack.yaml" and found.line and found.column and found.help


@pytest.mark.parametrize("function", [lambda a, b=2: 1, lambda *a: 1, lambda a, *, b=1, **c: 1, abs, Decimal])
def test_what_can_be_called_with_the_arguments_fits(function: Callable[..., Any]) -> None:
    assert decide(pack("money"), function).errors == ()


async def waits(balance: Decimal) -> Decimal:
    return balance


def keyword(balance: Decimal, *, currency: str) -> Decimal:
    return balance


@pytest.mark.parametrize(
    ("functions", "error", "said"),
    [
        ({"f": 5}, TypeError, "the host function `f` is a `int`, which cannot be called"),
        ({"f": waits}, recoup.PackError, "the host function `f` is `async`"),
        ({"f": keyword}, recoup.PackError, "the host function `f` needs `currency` by keyword"),
        ({}, recoup.PackError, "the host does not supply `f(money) gives money`"),
        ({"g": abs}, recoup.PackError, "the host does not supply"),
    ],
)
def test_what_cannot_be_a_function_is_refused(
    functions: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        load(pack("money"), functions=functions)
    assert said in str(caught.value)


def fee(balance: Decimal) -> Decimal | None:
    return balance


@recoup.function
def f(balance: Decimal) -> Decimal:
    """Half of it."""
    return balance / 2


@recoup.function(name="f")
def another(balance: Decimal) -> Decimal:
    return balance * 3


def test_functions_come_as_a_list_by_their_names() -> None:
    def amount(functions: Any) -> object:
        engine = load(pack("money"), functions=functions)
        return engine.evaluate({"case_id": "A-1", "balance": Decimal("120.50")}, as_of=AS_OF)["r.x"]

    assert amount([f]) == Decimal("60.25") and amount((another,)) == Decimal("361.50")
    assert f(Decimal(4)) == 2 and f.__doc__ == "Half of it."
    # A dict says the name itself.
    assert amount({"f": another}) == Decimal("361.50")
    with pytest.raises(recoup.PackError, match="a host function needs a name"):
        amount([lambda balance: balance])
    with pytest.raises(recoup.PackError, match="does not supply `f"):
        amount([fee])


def hinted(annotations: dict[str, Any]) -> Callable[..., Any]:
    def f(balance: Any) -> Any:
        return balance

    f.__annotations__ = annotations
    return f


@pytest.mark.parametrize(
    ("annotations", "said"),
    [
        ({"balance": str}, "the host's `f` takes text as `balance`, but the pack declares money"),
        ({"balance": int}, "the host's `f` takes integer as `balance`, but the pack declares money"),
        ({"balance": "list[Decimal]"}, "the host's `f` takes list as `balance`, but the pack declares money"),
        ({"return": dt.date}, "the host's `f` gives date, but the pack declares money"),
        ({"return": bool}, "the host's `f` gives boolean, but the pack declares money"),
        ({"return": Decimal | None}, "the host's `f` may give none, but the pack does not say what that means"),
    ],
)
def test_hints_that_differ_from_the_pack_are_findings(annotations: dict[str, Any], said: str) -> None:
    with pytest.raises(recoup.PackError) as caught:
        load(pack("money"), functions={"f": hinted(annotations)})
    (found,) = [found for found in caught.value.diagnostics if found.severity == "error"]
    assert (found.code, found.message) == ("wrong-host-function", said)


Amount = NewType("Amount", Decimal)


@pytest.mark.parametrize(
    "annotations",
    [
        {"balance": Decimal, "return": Decimal},
        {"balance": "Decimal", "return": "Decimal | recoup.Unknown"},
        {"balance": Amount, "return": int | Decimal},
        {"balance": Decimal | float, "return": Any},
        {"balance": "OnlyForTypeCheckers", "return": object},
        {"balance": Annotated[Decimal, "in dollars"], "return": int},
    ],
)
def test_hints_that_fit(annotations: dict[str, Any]) -> None:
    assert decide(pack("money"), hinted(annotations))["r.x"] == Decimal("120.50")


def test_hints_of_all_types() -> None:
    def g(
        share: Decimal, day: dt.date, at: dt.datetime, name: Literal["Zoë"], nobody: str | None, all: Sequence[object]
    ) -> bool:
        return nobody is None

    of = "{share: percent, day: date, at: timestamp, name: text, nobody: {type: text, absent: none}, all: case.payments}"
    assert decide(pack("boolean", of, "f(share, day, at, name, nobody, payments)"), g)["r.x"] is True
    with pytest.raises(recoup.PackError, match=r"`score` may be unknown, which the host's `f` does not take"):
        decide(pack("boolean", "{score: {type: integer, absent: unknown}}", "f(score)"), takes_a_score)
    assert decide(pack("integer", "{score: {type: integer, absent: unknown}}", "f(score)"), takes_unknown)["r.x"] == 0


def takes_a_score(score: int) -> bool:
    return score > 0


def takes_unknown(score: int | recoup.Unknown) -> int:
    return 0 if isinstance(score, recoup.Unknown) else score


def test_a_float_in_a_hint_is_refused_where_it_stands() -> None:
    for annotations in ({"balance": float}, {"return": float}, {"return": Decimal | float}):
        with pytest.raises(recoup.PackError, match="a `float`, which does not hold exact numbers"):
            recoup.function(hinted(annotations))
    with pytest.raises(recoup.PackError, match="needs `currency` by keyword"):
        recoup.function(keyword)
