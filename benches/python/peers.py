"""The other engines: the policy of `../data/policy.json` in the form that each one's documentation shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Case = dict[str, Any]
Outcome = tuple[str, int, str, int, int, str]
Policy = dict[str, Any]
Rule = dict[str, Any]


def by_zen(policy: Policy) -> tuple[Callable[[Case], Outcome], Callable[[Case], Outcome]]:
    """zen-engine: five decision tables in a row. Compiled beforehand, and made from text as its README shows."""
    import zen

    graph = _zen_graph(policy)
    compiled = zen.ZenEngine({"loader": {"type": "static", "content": {"policy": graph}}})
    made = zen.ZenEngine().create_decision(json.dumps(graph))

    def outcome(response: Any) -> Outcome:
        result = response["result"]
        triggers = sum(int(row["bit"]) for row in result["triggers"])
        discount, incentive = int(result["discount_bps"]), int(result["incentive"])
        return result["segment"], discount, result["role"], triggers, incentive, result["next_stage"]

    return (
        lambda case: outcome(compiled.evaluate("policy", case)),
        lambda case: outcome(made.evaluate(case)),
    )


def _zen_graph(policy: Policy) -> dict[str, Any]:
    def text(value: str) -> str:
        return json.dumps(value)

    def cell(condition: dict[str, Any]) -> str:
        match condition["op"]:
            case "is":
                return "true" if condition["v"] else "false"
            case "in":
                return ", ".join(map(text, condition["v"]))
            case _:
                low, high = condition["lo"], condition["hi"]
                if low is None:
                    return f"< {high}"
                return f">= {low}" if high is None else f"[{low}..{high})"

    def cells(rule: Rule) -> dict[str, str]:
        return {condition["f"]: cell(condition) for condition in rule["c"]}

    def table(name: str, outputs: list[str], rows: list[tuple[dict[str, str], list[str]]], path: str = "") -> Any:
        fields = [field["name"] for field in policy["fields"]] + ["segment"]
        fields = [field for field in fields if any(field in inputs for inputs, _ in rows)]
        rules = [
            {"_id": f"{name}{number}"}
            | {field: inputs.get(field, "") for field in fields}
            | {f"then_{output}": value for output, value in zip(outputs, values, strict=True)}
            for number, (inputs, values) in enumerate(rows)
        ]
        content = {
            "hitPolicy": "collect" if path else "first",
            "inputs": [{"id": field, "name": field, "field": field} for field in fields],
            "outputs": [{"id": f"then_{output}", "name": output, "field": output} for output in outputs],
            "rules": rules,
            "passThrough": True,
            "outputPath": path or None,
        }
        return {"id": name, "name": name, "type": "decisionTableNode", "content": content}

    settlement = [(cells(rule), [str(rule["bps"]), text(rule["role"])]) for rule in policy["set"]]
    transitions = [(cells(rule) | {"stage": text(rule["from"])}, [text(rule["to"])]) for rule in policy["trans"]]
    triggers = [(cells(rule), [str(1 << bit)]) for bit, rule in enumerate(policy["trig"])]
    incentives = [(cells(rule), [f"floor(balance * {rule['bps']} / 10000)"]) for rule in policy["inc"]]
    nodes = [
        {"id": "in", "name": "in", "type": "inputNode", "content": {}},
        table("segmentation", ["segment"], [(cells(rule), [text(rule["out"])]) for rule in policy["seg"]]),
        table("settlement", ["discount_bps", "role"], [*settlement, ({}, ["0", text("NONE")])]),
        table("triggers", ["bit"], triggers, "triggers"),
        table("incentive", ["incentive"], incentives),
        table("transition", ["next_stage"], [*transitions, ({}, ["stage"])]),
        {"id": "out", "name": "out", "type": "outputNode", "content": {}},
    ]
    pairs = zip(nodes, nodes[1:], strict=False)
    edges = [
        {"id": f"e{number}", "type": "edge", "sourceId": one["id"], "targetId": other["id"]}
        for number, (one, other) in enumerate(pairs)
    ]
    return {"nodes": nodes, "edges": edges}


def by_rule_engine(policy: Policy) -> Callable[[Case], Outcome]:
    """rule-engine: an expression for each rule, compiled; Python walks the rules."""
    import rule_engine  # type: ignore[import-untyped]

    def clause(condition: dict[str, Any]) -> str:
        field = condition["f"]
        match condition["op"]:
            case "is":
                return field if condition["v"] else f"not {field}"
            case "in":
                return f"{field} in [{', '.join(json.dumps(value) for value in condition['v'])}]"
            case _:
                parts = [f"{field} >= {condition['lo']}"] if condition["lo"] is not None else []
                parts += [f"{field} < {condition['hi']}"] if condition["hi"] is not None else []
                return " and ".join(parts)

    def compiled(rules: list[Rule]) -> list[tuple[Any, Rule]]:
        return [(rule_engine.Rule(" and ".join(map(clause, rule["c"])) or "true"), rule) for rule in rules]

    parts = {part: compiled(policy[part]) for part in ("seg", "set", "trig", "inc")}
    stages: dict[str, list[tuple[Any, Rule]]] = {}
    for rule in policy["trans"]:
        stages.setdefault(rule["from"], []).extend(compiled([rule]))

    def decide(case: Case) -> Outcome:
        def first(rules: list[tuple[Any, Rule]], facts: Case) -> Rule:
            return next((rule for expression, rule in rules if expression.matches(facts)), {})

        segment: str = first(parts["seg"], case)["out"]
        discount = first(parts["set"], case | {"segment": segment})
        triggers = sum(1 << bit for bit, (rule, _) in enumerate(parts["trig"]) if rule.matches(case))
        incentive = case["balance"] * first(parts["inc"], case).get("bps", 0) // 10_000
        stage: str = first(stages.get(case["stage"], []), case).get("to") or case["stage"]
        return segment, discount.get("bps") or 0, discount.get("role") or "NONE", triggers, incentive, stage

    return decide


def by_business_rules(policy: Policy) -> Callable[[Case], Outcome]:
    """business-rules: variables and actions as classes, rules as data; it stops at the first rule that holds."""
    from business_rules import run_all  # type: ignore[import-untyped]
    from business_rules.actions import BaseActions, rule_action  # type: ignore[import-untyped]
    from business_rules.fields import FIELD_NUMERIC, FIELD_TEXT  # type: ignore[import-untyped]
    from business_rules.variables import (  # type: ignore[import-untyped]
        BaseVariables,
        boolean_rule_variable,
        numeric_rule_variable,
        string_rule_variable,
    )

    kinds = {field["name"]: field["kind"] for field in policy["fields"]} | {"segment": "enum"}
    decorators = {"enum": string_rule_variable, "bool": boolean_rule_variable}

    def variable(name: str) -> Any:
        def read(self: Any) -> Any:
            return self.case[name]

        read.__name__ = name
        return decorators.get(kinds[name], numeric_rule_variable)()(read)

    def start(self: Any, case: Case) -> None:
        self.case = case

    variables: Any = type("Variables", (BaseVariables,), {name: variable(name) for name in kinds} | {"__init__": start})

    class Actions(BaseActions):  # type: ignore[misc]
        def __init__(self) -> None:
            self.found: list[tuple[int, str]] = []

        @rule_action(params={"number": FIELD_NUMERIC, "word": FIELD_TEXT})  # type: ignore[untyped-decorator]
        def give(self, number: int, word: str) -> None:
            self.found.append((number, word))

    def clauses(condition: dict[str, Any]) -> list[dict[str, Any]]:
        name = condition["f"]
        match condition["op"]:
            case "is":
                return [{"name": name, "operator": "is_true" if condition["v"] else "is_false", "value": ""}]
            case "in":
                words = [{"name": name, "operator": "equal_to", "value": value} for value in condition["v"]]
                return words if len(words) == 1 else [{"any": words}]
            case _:
                low = {"name": name, "operator": "greater_than_or_equal_to", "value": condition["lo"]}
                high = {"name": name, "operator": "less_than", "value": condition["hi"]}
                return [clause for clause in (low, high) if clause["value"] is not None]

    def rule(conditions: list[dict[str, Any]], number: int, word: str = "") -> dict[str, Any]:
        # A rule without a condition holds: so does this one.
        always = {"name": "tenure_months", "operator": "greater_than_or_equal_to", "value": 0}
        holds = [clause for condition in conditions for clause in clauses(condition)] or [always]
        return {
            "conditions": {"all": holds},
            "actions": [{"name": "give", "params": {"number": number, "word": word}}],
        }

    segments = [rule(row["c"], 0, row["out"]) for row in policy["seg"]]
    discounts = [rule(row["c"], row["bps"], row["role"]) for row in policy["set"]]
    triggers = [rule(row["c"], 1 << bit) for bit, row in enumerate(policy["trig"])]
    incentives = [rule(row["c"], row["bps"]) for row in policy["inc"]]
    stages: dict[str, list[dict[str, Any]]] = {}
    for row in policy["trans"]:
        stages.setdefault(row["from"], []).append(rule(row["c"], 0, row["to"]))

    def run(rules: list[dict[str, Any]], case: Case, all_of_them: bool = False) -> list[tuple[int, str]]:
        actions = Actions()
        run_all(rules, variables(case), actions, stop_on_first_trigger=not all_of_them)
        return actions.found

    def decide(case: Case) -> Outcome:
        _, segment = run(segments, case)[0]
        discount, role = (run(discounts, case | {"segment": segment}) or [(0, "NONE")])[0]
        bits = sum(bit for bit, _ in run(triggers, case, all_of_them=True))
        basis_points, _ = (run(incentives, case) or [(0, "")])[0]
        _, stage = (run(stages.get(case["stage"], []), case) or [(0, case["stage"])])[0]
        return segment, discount, role, bits, case["balance"] * basis_points // 10_000, stage

    return decide
