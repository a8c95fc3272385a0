"""Engines: loading, reloading, many cases, judgements, states, threads, the command."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import recoup
from conftest import AS_OF, HEADER, ROOT, SMALL, load
from recoup import states

ESCALATING = (
    HEADER
    + """
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money}
workflows:
  consumer:
    initial: contact
    stages:
      contact:
        next:
          - {to: closure, when: balance <= 0}
      closure: {end: true}
escalations:
  - {id: legal, when: balance > 10, give: {level: 1}, cooldown: 30 days}
"""
)


def test_a_pack_says_what_it_is(us: recoup.Engine) -> None:
    assert (us.name, us.version) == ("us-consumer", "2026.11.0")
    assert len(us.digest) == 64 and "escalations/bankruptcy" in us.rule_ids
    assert us.schema()["properties"]["case_id"] and us.decision_schema()["properties"]["segmentation"]
    report = us.test()
    assert report.failed == 0 and report.passed == len(report.tests) == len(list(report)) > 400
    assert set(report.uncovered) <= set(us.rule_ids)
    assert str(report).startswith(f"{report.passed} passed, 0 failed")


def test_findings_are_data() -> None:
    gap = SMALL.replace("    | otherwise |         | small        |\n", "")
    (found,) = [found for found in load(gap).check() if found.severity == "warning"]
    assert found.code == "gap" and found.path == "small/pack.yaml" and found.line and found.column
    broken = SMALL.replace(">= 5000", ">= 5_000x").replace("hit: first", "hit: frist")
    with pytest.raises(recoup.PackError) as caught:
        load(broken)
    assert len(caught.value.diagnostics) >= 2 and isinstance(caught.value, recoup.RecoupError)
    assert all(str(found) in str(caught.value) for found in caught.value.diagnostics)
    assert any(found.help and "first" in found.help for found in caught.value.diagnostics)


@pytest.mark.parametrize("path", ["no such folder", Path("no such folder")])
def test_a_folder_that_is_missing_is_told(path: str | Path) -> None:
    with pytest.raises(recoup.PackError, match="`no such folder` does not exist") as caught:
        recoup.Engine.load(path)
    assert caught.value.diagnostics == ()


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    pack = tmp_path / "small"
    pack.mkdir()
    (pack / "pack.yaml").write_bytes(b"pack: \xff\xfe")
    with pytest.raises(recoup.PackError, match="pack.yaml"):
        recoup.Engine.load(pack)
    with pytest.raises(recoup.PackError, match="is not a folder"):
        recoup.Engine.load(pack / "pack.yaml")


def test_a_library_may_lie_elsewhere() -> None:
    engine = recoup.Engine.load(str(ROOT / "rules" / "us-consumer"), library=ROOT / "rules")
    assert engine.name == "us-consumer"


def test_instants_are_aware(small: recoup.Engine) -> None:
    record = {"case_id": "A-1", "balance": 1}
    with pytest.raises(recoup.RecordError, match="as_of: this datetime has no time zone"):
        small.evaluate(record, as_of=dt.datetime(2026, 9, 7))
    with pytest.raises(TypeError, match="`as_of` is an aware `datetime`, not a `str`"):
        small.evaluate(record, as_of="2026-09-07")  # type: ignore[arg-type]
    with pytest.raises(recoup.RecordError, match="years 2 to 9998"):
        small.evaluate(record, as_of=dt.datetime(1, 5, 1, tzinfo=dt.UTC))
    with pytest.raises(TypeError):
        small.evaluate(record)  # type: ignore[call-arg]


def test_many_cases_are_decided_in_their_order(small: recoup.Engine) -> None:
    read: list[int] = []

    def records() -> Iterator[object]:
        for number in range(5):
            read.append(number)
            yield {"case_id": f"A-{number}", "balance": 1.5 if number == 2 else number}

    decisions = small.evaluate_many(records(), as_of=AS_OF)
    assert read == [] and iter(decisions) is decisions
    first = next(decisions)
    assert isinstance(first, recoup.Decision) and first.key == "A-0" and read == [0]
    rest = list(decisions)
    assert [getattr(decision, "key", None) for decision in rest] == ["A-1", None, "A-3", "A-4"]
    refused = rest[1]
    assert isinstance(refused, recoup.RecordError) and refused.problems[0].path == "balance"
    assert list(decisions) == []
    single = small.evaluate({"case_id": "A-4", "balance": 4}, as_of=AS_OF)
    assert rest[-1] == single


def double(balance: Decimal) -> Decimal:
    return balance * 2


@pytest.mark.parametrize("pack", ["us-consumer", "scripted", "us-consumer-flexible", "plugins/affordability/example"])
def test_a_pickled_engine_needs_no_folder(pack: str) -> None:
    engine = recoup.Engine.load(ROOT / "rules" / pack, library=ROOT / "rules")
    again = pickle.loads(pickle.dumps(engine))
    assert again.digest == engine.digest and repr(again) == repr(engine)
    again.reload()
    assert [str(found) for found in again.check()] == [str(found) for found in engine.check()]


def test_a_pickled_engine_keeps_its_functions() -> None:
    more = "functions:\n  double: {of: {a: money}, gives: money, host: true}\nfacts:\n  twice: double(balance)\n"
    engine = pickle.loads(pickle.dumps(load(SMALL.replace("| balance |", "| twice   |") + more, functions=[double])))
    assert engine.evaluate(CASE | {"balance": 2500}, as_of=AS_OF).segment == "large"


def test_the_state_of_another_case_is_a_state_error(us: recoup.Engine, portfolio: list[dict[str, Any]]) -> None:
    state = us.evaluate(portfolio[0], as_of=AS_OF).state
    with pytest.raises(recoup.StateError, match="not of"):
        us.evaluate(portfolio[1], state=state, as_of=AS_OF)


def test_an_action_that_was_stored_is_recorded(us: recoup.Engine, us_case: dict[str, Any]) -> None:
    decision = us.evaluate(us_case, as_of=AS_OF)
    assert decision.state is not None
    stored = json.loads(decision.to_json())["actions"][0]
    recorded = states.record(decision.state, stored, outcome="sent", at=AS_OF)
    assert recorded == states.record(decision.state, decision.actions[0], outcome="sent", at=AS_OF)
    before, after = states.revision(decision.state), states.revision(recorded)
    assert before != after and before in decision.state and after in recorded
    for wrong in ({"id": "x"}, None, 5, {**stored, "due": "soon"}):
        with pytest.raises(TypeError, match="action"):
            states.record(decision.state, wrong, outcome="sent", at=AS_OF)  # type: ignore[arg-type]


def test_a_template_that_the_pack_does_not_have_is_refused(us: recoup.Engine, us_case: dict[str, Any]) -> None:
    with pytest.raises(recoup.RecordError, match="attempt.template: the pack has no template `validation_notise`"):
        us.check_contact(us_case, channel="letter", template="validation_notise", as_of=AS_OF)


def test_escalations_are_due_on_days(us: recoup.Engine, us_case: dict[str, Any]) -> None:
    decision = us.evaluate(us_case, as_of=AS_OF)
    assert {type(escalation.due_on) for escalation in decision.escalations} <= {dt.date, dt.datetime, type(None)}
    assert decision.escalations[0].due_on == dt.date(2026, 9, 10)


def test_many_cases_go_on_from_their_states(us: recoup.Engine, portfolio: list[dict[str, Any]]) -> None:
    cases = portfolio[:40]
    first = [us.evaluate(case, as_of=AS_OF) for case in cases]
    later = AS_OF + dt.timedelta(days=9)
    expected = [
        us.evaluate(case, state=decision.state, as_of=later) for case, decision in zip(cases, first, strict=True)
    ]
    assert expected != [us.evaluate(case, as_of=later) for case in cases], "states matter"
    by_key = {str(decision.key): decision.state for decision in first}
    in_order = [decision.state for decision in first]
    assert list(us.evaluate_many(cases, states=by_key, as_of=later)) == expected
    assert list(us.evaluate_many(iter(cases), states=iter(in_order), as_of=later)) == expected
    # A case that has no state begins.
    first_begins = [us.evaluate(cases[0], as_of=later), *expected[1:]]
    del by_key[str(first[0].key)]
    assert list(us.evaluate_many(cases, states=by_key, as_of=later)) == first_begins
    assert list(us.evaluate_many(cases, states=[None, *in_order[1:]], as_of=later)) == first_begins


def test_wrong_states_of_many(us: recoup.Engine, portfolio: list[dict[str, Any]]) -> None:
    one, other = portfolio[:2]
    state = us.evaluate(one, as_of=AS_OF).state
    wrong, good = us.evaluate_many([other, one], states={other["case_id"]: state, one["case_id"]: state}, as_of=AS_OF)
    assert isinstance(wrong, recoup.RecordError) and wrong.problems[0].path == "state.case"
    assert isinstance(good, recoup.Decision)
    (broken,) = us.evaluate_many([one], states=["{"], as_of=AS_OF)
    assert isinstance(broken, recoup.StateError)
    with pytest.raises(ValueError, match="fewer states than records"):
        list(us.evaluate_many([one, other], states=[state], as_of=AS_OF))
    with pytest.raises(TypeError, match="a state is text, not a `int`"):
        list(us.evaluate_many([one], states=[5], as_of=AS_OF))  # type: ignore[list-item]
    for states in ("text", 5):
        with pytest.raises(TypeError, match="`states` is a mapping from the keys of cases"):
            us.evaluate_many([one], states=states, as_of=AS_OF)  # type: ignore[arg-type]


def test_what_an_iterable_raises_comes_through(small: recoup.Engine) -> None:
    def records() -> Iterator[object]:
        yield {"case_id": "A-1", "balance": 1}
        raise OSError("the line is dead")

    decisions = small.evaluate_many(records(), as_of=AS_OF)
    next(decisions)
    with pytest.raises(OSError, match="the line is dead"):
        next(decisions)
    with pytest.raises(TypeError):
        small.evaluate_many(5, as_of=AS_OF)  # type: ignore[arg-type]


def test_an_offer_is_judged(us: recoup.Engine, us_case: dict[str, Any], portfolio: list[dict[str, Any]]) -> None:
    decided = zip(portfolio, us.evaluate_many(portfolio, as_of=AS_OF), strict=True)
    case, settlement = next(
        (case, decision.settlement)
        for case, decision in decided
        if isinstance(decision, recoup.Decision)
        and isinstance(decision.settlement, recoup.Part)
        and decision.settlement.none_because is None
    )
    limit = settlement.limits[0]
    assert isinstance(settlement.of, Decimal) and isinstance(limit.percent, Decimal)
    accepted = us.judge_offer(case, amount=limit.amount, role=limit.role, as_of=AS_OF)
    assert isinstance(accepted, recoup.OfferCheck) and accepted.accepted and accepted.verdict == "accepted"
    assert accepted.key == case["case_id"] and accepted.as_of == AS_OF and accepted.counter is None
    assert [payment.amount for payment in accepted.plan] == [limit.amount] == [accepted.amount]
    assert accepted.plan[0].due >= dt.date(2026, 9, 7)
    low = us.judge_offer(case, amount="0.01", role=limit.role, as_of=AS_OF)
    assert low.verdict == "refused" and not low.accepted and low.because
    assert low.counter is not None and low.counter.amount >= limit.amount
    for amount in (600.0, float("nan"), None, True):
        with pytest.raises(recoup.RecordError, match="offer.amount"):
            us.judge_offer(us_case, amount=amount, as_of=AS_OF)
    with pytest.raises(recoup.RecordError, match="offer.role: the authority has no role `boss`"):
        us.judge_offer(us_case, amount=600, role="boss", as_of=AS_OF)


def test_a_contact_is_checked(us: recoup.Engine, us_case: dict[str, Any]) -> None:
    check = us.check_contact(us_case, channel="call", at=AS_OF, purpose="collection", as_of=AS_OF)
    assert isinstance(check, recoup.ContactCheck) and check.verdict in ("allow", "review", "deny")
    assert check.allowed == (check.verdict == "allow") and check.channel == "call" and check.at == AS_OF
    with pytest.raises(recoup.RecordError, match=r"attempt.channel: the pack has no channel `cal` \(did you mean"):
        us.check_contact(us_case, channel="cal", as_of=AS_OF)
    with pytest.raises(recoup.RecordError, match="attempt.at: this datetime has no time zone"):
        us.check_contact(us_case, channel="call", at=dt.datetime(2026, 9, 7), as_of=AS_OF)


def test_a_state_goes_from_decision_to_decision(us: recoup.Engine, us_case: dict[str, Any]) -> None:
    first = us.evaluate(us_case, as_of=AS_OF)
    assert first.state is not None
    action = first.actions[0]
    done = recoup.states.record(first.state, action, outcome="sent", at=AS_OF)
    assert done != first.state
    next_day = AS_OF + dt.timedelta(days=1)
    second = us.evaluate(us_case, state=done, as_of=next_day)
    assert action.id not in [later.id for later in second.actions]
    again = us.evaluate(us_case, state=first.state, as_of=next_day)
    assert action.id in [later.id for later in again.actions]
    approved = recoup.states.approve(first.state, action.id, by="maria", at=AS_OF)
    assert '"by":"maria"' in approved


def test_states_are_changed_by_hand() -> None:
    engine = load(ESCALATING)
    state = engine.start("A-1", workflow="consumer", stage="contact", since=dt.date(2026, 8, 20))
    moved = engine.move_to(state, "closure", by="maria", why="paid in cash", at=AS_OF)
    assert '"stage":"closure"' in moved
    held = recoup.states.hold(state, "h1", reason="papers", by="maria", start=dt.date(2026, 9, 7))
    assert recoup.states.release(held, "h1") != held
    case = {"case_id": "A-1", "balance": 20}
    assert [found.id for found in engine.evaluate(case, state=state, as_of=AS_OF).escalations] == ["legal"]
    rests = engine.record_escalation("A-1", "legal", state=state, at=AS_OF)
    assert engine.evaluate(case, state=rests, as_of=AS_OF).escalations == ()
    with pytest.raises(recoup.StateError, match="the state is refused"):
        engine.evaluate(case, state="{", as_of=AS_OF)
    with pytest.raises(recoup.StateError, match="did you mean `contact`"):
        engine.start("A-1", workflow="consumer", stage="contct", since=dt.date(2026, 8, 20))
    with pytest.raises(TypeError, match="`since` is a `date`"):
        engine.start("A-1", workflow="consumer", stage="contact", since=AS_OF)
    with pytest.raises(recoup.RecordError, match="this is the state of the case `A-1`"):
        engine.evaluate({"case_id": "A-2", "balance": 1}, state=state, as_of=AS_OF)


OTHER = SMALL.replace(">= 5000", ">= 9000").replace("version: 1.0.0", "version: 2.0.0")
CASE = {"case_id": "A-1", "balance": 7000}


def test_a_reload_replaces_the_pack_or_leaves_it() -> None:
    engine = load(SMALL)
    before = engine.evaluate(CASE, as_of=AS_OF)
    running = engine.evaluate_many([CASE], as_of=AS_OF)
    with pytest.raises(recoup.PackError):
        engine.reload({"small/pack.yaml": "pack: small"})
    assert engine.version == "1.0.0" and engine.evaluate(CASE, as_of=AS_OF) == before
    engine.reload({"small/pack.yaml": OTHER})
    assert engine.version == "2.0.0" and engine.evaluate(CASE, as_of=AS_OF).segment == "small"
    assert before.segment == "large" and before.explain() and next(running) == before
    engine.reload()
    assert engine.version == "2.0.0"


def test_a_folder_is_loaded_again(tmp_path: Path) -> None:
    pack = tmp_path / "small"
    pack.mkdir()
    (pack / "pack.yaml").write_text(SMALL)
    engine = recoup.Engine.load(pack)
    (pack / "pack.yaml").write_text(OTHER)
    assert engine.version == "1.0.0"
    engine.reload()
    assert engine.version == "2.0.0"
    with pytest.raises(TypeError, match="loaded from a folder"):
        engine.reload({})


def test_threads_never_see_half_a_pack() -> None:
    engine = load(SMALL)
    expected = {load(text).evaluate(CASE, as_of=AS_OF) for text in (SMALL, OTHER)}
    torn: list[object] = []
    stop = threading.Event()

    def work() -> None:
        for _ in range(200):
            decision = engine.evaluate(CASE, as_of=AS_OF)
            if decision not in expected or decision.seen.balance != 7000:
                torn.append(decision)

    def reload() -> None:
        texts = [OTHER, SMALL]
        while not stop.is_set():
            engine.reload({"small/pack.yaml": texts[0]})
            texts.reverse()

    workers = [threading.Thread(target=work) for _ in range(8)]
    reloading = threading.Thread(target=reload)
    for thread in [reloading, *workers]:
        thread.start()
    for thread in workers:
        thread.join()
    stop.set()
    reloading.join()
    assert torn == []


def test_objects_go_when_nobody_holds_them() -> None:
    engine = load(SMALL)
    decision = engine.evaluate(CASE, as_of=AS_OF)
    gone = weakref.ref(engine), weakref.ref(decision)
    del engine, decision
    assert [reference() for reference in gone] == [None, None]


def test_everything_public_says_what_it_is() -> None:
    silent = [
        f"{name}.{member}"
        for name in recoup.__all__
        if inspect.isclass(public := getattr(recoup, name))
        for member, value in vars(public).items()
        if not member.startswith("_") and callable(value) and not inspect.getdoc(value)
    ]
    assert silent == []


@pytest.mark.parametrize("command", [[sys.executable, "-m", "recoup"], [str(Path(sys.executable).parent / "recoup")]])
def test_the_command_is_the_same(command: list[str], tmp_path: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False)
        return done.returncode, done.stdout + done.stderr

    assert run("new", "mine")[0] == 0
    assert run("check", "mine")[0] == 0
    status, text = run("test", "mine")
    assert status == 0 and "passed" in text
    assert run("check", "nothing") == (2, "error: cannot read the pack: `nothing` does not exist\n")
    (tmp_path / "mine" / "pack.yaml").write_text("pack: mine")
    assert run("check", "mine")[0] == 1
