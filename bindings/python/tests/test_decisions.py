"""Decisions as objects: results, texts, equality, pickling, explanations."""

from __future__ import annotations

import copy
import datetime as dt
import json
import pickle
from decimal import Decimal
from typing import Any

import pytest
import recoup
from conftest import AS_OF, ROOT


@pytest.fixture
def decision(us: recoup.Engine, us_case: dict[str, Any]) -> recoup.Decision:
    more: dict[str, Any] = {"hardship": None, "disputes": [], "contacts": [], "promises": [], "payments": [], "settlements": []}
    return us.evaluate(us_case | more, as_of=AS_OF)


def test_results_are_attributes(decision: recoup.Decision) -> None:
    assert decision.segment == decision["segment"] == decision.get("segment") == decision.segmentation.segment
    assert decision.key == "A-1"
    assert decision.as_of == AS_OF and decision.today == dt.date(2026, 9, 7)
    assert decision.pack.name == "us-consumer"
    assert decision.priority == decision.scores.priority.value
    assert "segment" in dir(decision) and "to_json" in dir(decision)
    assert decision.get("nothing") is None and decision.get("nothing", 5) == 5


def test_parts_have_their_types(decision: recoup.Decision) -> None:
    assert isinstance(decision.stage, recoup.Part)
    assert isinstance(decision.stage.since, dt.date)
    action = decision.actions[0]
    assert action.status in ("ready", "blocked", "needs_review") and action.due == dt.date(2026, 9, 7)
    assert action["id"] == action.id and dict(action).keys() == set(action)
    assert isinstance(decision.next_review_at, dt.datetime)
    assert decision.next_review_at.utcoffset() == dt.timedelta(0)


def test_a_name_that_there_is_not_names_the_nearest(decision: recoup.Decision) -> None:
    with pytest.raises(AttributeError, match="the decision has no `segmnt`; did you mean `segment`"):
        decision.segmnt
    with pytest.raises(KeyError, match="did you mean `segment`"):
        decision["segmnt"]
    with pytest.raises(AttributeError, match="did you mean `since`"):
        decision.stage.sinc  # type: ignore[union-attr]
    assert not hasattr(decision, "__array__")


def test_a_decision_never_changes(decision: recoup.Decision) -> None:
    with pytest.raises(AttributeError):
        setattr(decision, "segment", "other")
    with pytest.raises(AttributeError, match="never changes"):
        decision.stage.to = "other"  # type: ignore[union-attr]
    decision.to_dict()["segmentation"]["segment"] = "other"
    assert decision.segment != "other"


def test_dictionaries_hold_what_the_json_holds(decision: recoup.Decision) -> None:
    def same(value: Any, written: Any) -> bool:
        match value:
            case dict():
                return list(value) == list(written) and all(same(value[key], written[key]) for key in value)
            case list():
                return len(value) == len(written) and all(map(same, value, written))
            case recoup.Unknown(facts):
                return bool(written == {"unknown": list(facts)})
            case Decimal():
                return bool(str(value) == written)
            case dt.datetime():
                return value == dt.datetime.fromisoformat(written)
            case dt.date():
                return bool(value.isoformat() == written)
            case _:
                return type(value) is type(written) and value == written

    assert same(decision.to_dict(), json.loads(decision.to_json()))


def test_equal_decisions_are_equal(us: recoup.Engine, us_case: dict[str, Any]) -> None:
    first, again = (us.evaluate(us_case, as_of=AS_OF) for _ in range(2))
    other = us.evaluate(us_case | {"case_id": "A-2"}, as_of=AS_OF)
    assert first == again and hash(first) == hash(again) and len({first, again, other}) == 2
    assert first != other and first != first.to_json() and not first == 5
    with pytest.raises(TypeError):
        first < again  # type: ignore[operator]


def test_a_pickled_decision_is_the_same(decision: recoup.Decision) -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(decision, protocol))
        assert back == decision and hash(back) == hash(decision)
        assert back.to_json() == decision.to_json() and back.to_dict() == decision.to_dict()
        assert back.state == decision.state and repr(back) == repr(decision)
        for format in ("text", "json", "html"):
            assert back.explain(format) == decision.explain(format)
    twice = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(decision))))
    assert twice == decision and twice.segment == decision.segment and twice.explain() == decision.explain()
    assert copy.deepcopy(decision) == decision


def test_errors_are_pickled_with_what_they_carry(us: recoup.Engine) -> None:
    for raised in (
        pytest.raises(recoup.RecordError, us.evaluate, {}, as_of=AS_OF).value,
        pytest.raises(recoup.PackError, recoup.Engine.from_files, {"a/pack.yaml": "pack: a"}, pack="a").value,
    ):
        back = pickle.loads(pickle.dumps(raised))
        assert type(back) is type(raised) and str(back) == str(raised) and back.__dict__ == raised.__dict__


def test_an_explanation_says_why(decision: recoup.Decision) -> None:
    text = decision.explain()
    assert text.startswith("case A-1 as of 2026-09-07T22:00:00Z, by us-consumer")
    assert "segmentation: segment = " in text
    assert json.loads(decision.explain(format="json"))["key"] == "A-1"
    assert decision._repr_html_() == decision.explain("html")
    with pytest.raises(ValueError, match="no format `pdf`"):
        decision.explain("pdf")  # type: ignore[arg-type]


def test_text_of_a_record_is_escaped_in_html(small: recoup.Engine) -> None:
    key = "<script>alert('1')</script>&"
    html = small.evaluate({"case_id": key, "balance": 1}, as_of=AS_OF)._repr_html_()
    assert "<script" not in html and "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;" in html


def test_a_representation_helps(small: recoup.Engine) -> None:
    decision = small.evaluate({"case_id": "A-1", "balance": 1, "days": 0}, as_of=AS_OF)
    assert repr(decision) == (
        "<recoup.Decision of 'A-1' as of 2026-09-07T22:00:00+00:00 by small 1.0.0: segment='small', "
        "2 fired, 1 unknown, 1 failed>"
    )
    assert repr(small).startswith("<recoup.Engine small 1.0.0 ")
    assert repr(recoup.UNKNOWN) == "recoup.UNKNOWN" and repr(recoup.Unknown(("a",))) == "recoup.Unknown(a)"


@pytest.mark.parametrize("readme", ["README.md", "bindings/python/README.md"])
def test_a_readme_is_right(readme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    begin, *blocks = (ROOT / readme).read_text(encoding="utf-8").split("```python\n")
    # What is said between the blocks becomes empty lines, so that a failure shows its own line.
    code = "\n" * (begin.count("\n") + 1)
    for block in blocks:
        example, text = block.split("```", 1)
        code += example + "\n" * (text.count("\n") + 1)
    assert blocks
    exec(compile(code, readme, "exec"), {})
