"""Writes `by_hand.py`: the policy of `../data/policy.json` as a Python programmer writes it by hand.

    python benches/python/write_by_hand.py          # writes the file anew
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
POLICY = HERE.parent / "data" / "policy.json"
WRITTEN = HERE / "by_hand.py"
WIDTH = 120

HEAD = '''"""The policy of `../data/policy.json` in plain Python, twice: with whole cents and a float, and exactly.

Written by `write_by_hand.py`; do not edit. Each function takes a case as a dict and gives its outcome as a tuple:
segment, discount in basis points, role, triggers as bits, incentive, next stage. Nothing is checked, nothing explained.
"""

from decimal import ROUND_DOWN, Decimal
from typing import Any

Outcome = tuple[str, int, str, int, Any, str]

CENT = Decimal("0.01")
'''


class Form:
    """How amounts and scores stand in the code."""

    def __init__(self, name: str, about: str, kinds: dict[str, str], is_exact: bool) -> None:
        self.name = name
        self.about = about
        self.kinds = kinds
        self.is_exact = is_exact
        self.scores: dict[str, str] = {}

    def number(self, field: str, value: float) -> str:
        kind = self.kinds[field]
        if self.is_exact and kind == "money":
            amount = Decimal(int(value)) / 100
            if amount == Decimal("0.01"):
                return "CENT"
            assert amount == int(amount), "an amount with cents needs a constant"
            return f"{int(amount):_}"
        if self.is_exact and kind == "float":
            name = f"SCORE_{round(value * 1000):03}"
            self.scores[name] = str(value)
            return name
        return repr(value) if kind == "float" else f"{value:_}"

    def incentive(self, basis_points: int) -> str:
        if self.is_exact:
            return f"(balance * {basis_points} / 10_000).quantize(CENT, ROUND_DOWN)"
        return f"balance * {basis_points} // 10_000"

    def condition(self, condition: dict[str, Any]) -> str:
        field = condition["f"]
        match condition["op"]:
            case "is":
                return field if condition["v"] else f"not {field}"
            case "in":
                values = [json.dumps(value) for value in condition["v"]]
                return f"{field} == {values[0]}" if len(values) == 1 else f"{field} in {{{', '.join(values)}}}"
            case _:
                low, high = condition["lo"], condition["hi"]
                if low is None:
                    return f"{field} < {self.number(field, high)}"
                if high is None:
                    return f"{field} >= {self.number(field, low)}"
                return f"{self.number(field, low)} <= {field} < {self.number(field, high)}"

    def test(self, word: str, conditions: list[dict[str, Any]], indent: str) -> list[str]:
        """The head of a branch, in lines that are not too long."""
        tests = [self.condition(condition) for condition in conditions]
        line = f"{indent}{word} {' and '.join(tests)}:"
        if len(line) <= WIDTH:
            return [line]
        inner = [f"{indent}    {'and ' if number else ''}{test}" for number, test in enumerate(tests)]
        return [f"{indent}{word} (", *inner, f"{indent}):"]


def chain(
    form: Form,
    rows: list[dict[str, Any]],
    otherwise: list[str],
    then: Callable[[dict[str, Any]], list[str]],
    indent: str,
) -> list[str]:
    """The rows as `if`, `elif` and `else`."""
    lines: list[str] = []
    for row in rows:
        body = [f"{indent}    {line}" for line in then(row)]
        if not row["c"]:
            return [*lines, f"{indent}else:", *body]
        lines += [*form.test("elif" if lines else "if", row["c"], indent), *body]
    return [*lines, f"{indent}else:", *(f"{indent}    {line}" for line in otherwise)] if otherwise else lines


def function(form: Form, policy: dict[str, Any]) -> list[str]:
    parts = [row["c"] for part in ("seg", "set", "trig", "inc", "trans") for row in policy[part]]
    read = {condition["f"] for conditions in parts for condition in conditions} | {"stage", "balance"}
    lines = ["", "", f"def {form.name}(case: dict[str, Any]) -> Outcome:", f'    """{form.about}"""']
    lines += [f'    {field["name"]} = case["{field["name"]}"]' for field in policy["fields"] if field["name"] in read]
    lines += ["", *chain(form, policy["seg"], [], lambda row: [f'segment = "{row["out"]}"'], "    ")]
    discount = chain(
        form,
        policy["set"],
        ["discount_bps = 0", 'role = "NONE"'],
        lambda row: [f"discount_bps = {row['bps']:_}", f'role = "{row["role"]}"'],
        "    ",
    )
    lines += ["", *discount, "", "    triggers = 0"]
    for bit, row in enumerate(policy["trig"]):
        lines += [*form.test("if", row["c"], "    "), f"        triggers |= {1 << bit}"]
    incentive = chain(
        form, policy["inc"], ["incentive = 0"], lambda row: [f"incentive = {form.incentive(row['bps'])}"], "    "
    )
    lines += ["", *incentive]
    lines += ["", "    next_stage = stage"]
    stages: dict[str, list[dict[str, Any]]] = {}
    for row in policy["trans"]:
        stages.setdefault(row["from"], []).append(row)
    for number, (stage, rows) in enumerate(stages.items()):
        lines.append(f'    {"elif" if number else "if"} stage == "{stage}":')
        lines += chain(form, rows, [], lambda row: [f'next_stage = "{row["to"]}"'], "        ")
    return [*lines, "", "    return segment, discount_bps, role, triggers, incentive, next_stage"]


def text() -> str:
    """The text of `by_hand.py`."""
    policy = json.loads(POLICY.read_text())
    kinds = {field["name"]: field["kind"] for field in policy["fields"]}
    plain = Form("decide", "Amounts are whole cents, the score is a float.", kinds, is_exact=False)
    exact = Form("decide_exact", "Amounts and the score are `Decimal`.", kinds, is_exact=True)
    functions = [*function(plain, policy), *function(exact, policy)]
    scores = [f'{name} = Decimal("{value}")' for name, value in sorted(exact.scores.items())]
    return HEAD + "\n".join([*scores, *functions]) + "\n"


if __name__ == "__main__":
    WRITTEN.write_text(text())
