"""recoup from Python beside the same policy by hand and in other engines: one process, one thread, in turn.

    python benches/python/bench.py            # the table
    python benches/python/bench.py --quick    # only that all outcomes are right

Needs `recoup` and what `requirements.txt` names. A wrong outcome stops it before anything is timed.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version

import by_hand
import peers
import recoup
import write_by_hand
from cases import AS_OF, DATA, Case, Outcome, exact, read

@dataclass
class Contender:
    """Somebody who decides cases."""

    name: str
    cases: list[Case]
    """The cases in the form that it takes."""
    outcome: Callable[[Case], Outcome]
    run: Callable[[list[Case]], object]
    """Decides cases, one after the other: what is timed."""
    share: int = 1
    """Slow ones decide one of so many cases in a round."""


def contenders(engine: recoup.Engine, cases: list[Case]) -> list[Contender]:
    """All of them; the first is the one that others are measured by."""
    policy = json.loads((DATA / "policy.json").read_text())
    exact_cases = [exact(case) for case in cases]
    evaluate, decide, decide_exact = engine.evaluate, by_hand.decide, by_hand.decide_exact
    bits = {f"escalations/{row['name'].removeprefix('T_').lower()}": 1 << bit for bit, row in enumerate(policy["trig"])}

    def outcome_of(decision: recoup.Decision) -> Outcome:
        return (
            decision.segment,
            decision["settlement.discount_bps"],
            decision["settlement.role"],
            sum(bits[rule] for rule in decision.fired if rule in bits),
            int(decision["incentive.incentive"].scaleb(2)),
            decision["transition.next_stage"],
        )

    def recoup_outcome(case: Case) -> Outcome:
        return outcome_of(evaluate(case, as_of=AS_OF))

    def recoup_alone(cases: list[Case]) -> None:
        for case in cases:
            evaluate(case, as_of=AS_OF)

    def recoup_kept(cases: list[Case]) -> object:
        return [evaluate(case, as_of=AS_OF) for case in cases]

    def recoup_read(cases: list[Case]) -> None:
        for case in cases:
            outcome_of(evaluate(case, as_of=AS_OF))

    def recoup_explained(cases: list[Case]) -> None:
        for case in cases:
            evaluate(case, as_of=AS_OF).explain()

    def recoup_many(cases: list[Case]) -> None:
        for _ in engine.evaluate_many(cases, as_of=AS_OF):
            pass

    def hand_exact_outcome(case: Case) -> Outcome:
        segment, discount, role, triggers, incentive, stage = decide_exact(case)
        return segment, discount, role, triggers, int(incentive * 100), stage

    def hand_exact(cases: list[Case]) -> None:
        for case in cases:
            decide_exact(case)

    def hand(cases: list[Case]) -> None:
        for case in cases:
            decide(case)

    def each(outcome: Callable[[Case], Outcome]) -> Callable[[list[Case]], None]:
        def run(cases: list[Case]) -> None:
            for case in cases:
                outcome(case)

        return run

    zen, zen_as_shown = peers.by_zen(policy)
    rule_engine, business_rules = peers.by_rule_engine(policy), peers.by_business_rules(policy)
    return [
        Contender("by hand, `Decimal`", exact_cases, hand_exact_outcome, hand_exact),
        Contender("by hand, whole cents and a float", cases, decide, hand),
        Contender("recoup, decision", exact_cases, recoup_outcome, recoup_alone),
        Contender("recoup, decision, all kept", exact_cases, recoup_outcome, recoup_kept),
        Contender("recoup, `evaluate_many`", exact_cases, recoup_outcome, recoup_many),
        Contender("recoup, decision and six outcomes read", exact_cases, recoup_outcome, recoup_read),
        Contender("recoup, decision and explanation as text", exact_cases, recoup_outcome, recoup_explained, 50),
        Contender(f"zen-engine {version('zen-engine')}, compiled beforehand", cases, zen, each(zen), 10),
        Contender(f"zen-engine {version('zen-engine')}, as its README shows", cases, zen_as_shown, each(zen_as_shown), 50),
        Contender(f"rule-engine {version('rule-engine')}", cases, rule_engine, each(rule_engine), 100),
        Contender(f"business-rules {version('business-rules')}", cases, business_rules, each(business_rules), 100),
    ]


def check(all_contenders: list[Contender], expected: list[Outcome], least: int) -> None:
    """Compares the outcomes of the cases that are timed."""
    for contender in all_contenders:
        count = max(least, len(expected) // contender.share)
        for case, wanted in list(zip(contender.cases, expected, strict=True))[:count]:
            found = contender.outcome(case)
            if found != wanted:
                sys.exit(f"{contender.name}: {case['case_id']} came to {found}, wanted {wanted}")
        print(f"{contender.name}: {count} outcomes are right", file=sys.stderr)


def measure(all_contenders: list[Contender], rounds: int, times: int) -> dict[str, list[float]]:
    """Seconds for a case, by contender and round. In each round all decide the same cases in the same new order."""
    taken: dict[str, list[float]] = {contender.name: [] for contender in all_contenders}
    order = list(range(len(all_contenders[0].cases))) * times
    for number in range(rounds):
        random.shuffle(order)
        for place in range(len(all_contenders)):
            contender = all_contenders[(place + number) % len(all_contenders)]
            # Slow ones decide the first cases alone, whose outcomes were compared.
            known = len(contender.cases) // contender.share
            places = [index for index in order if index < known] if contender.share > 1 else order
            cases = [contender.cases[index] for index in places[: len(order) // contender.share]]
            start = time.perf_counter()
            contender.run(cases)
            taken[contender.name].append((time.perf_counter() - start) / len(cases))
    return taken


def table(all_contenders: list[Contender], taken: dict[str, list[float]], cases: int) -> str:
    """The results as Markdown."""
    first, second = (taken[contender.name] for contender in all_contenders[:2])
    lines = [
        "| contender | cases a round | µs a case | by hand, `Decimal` | by hand, cents |",
        "|---|---:|---:|---:|---:|",
    ]
    for contender in all_contenders:
        own = taken[contender.name]
        ratios = [statistics.median(a / b for a, b in zip(base, own, strict=True)) for base in (first, second)]
        shown = [f"{ratio:.2f} ×" if ratio >= 0.1 else f"1/{1 / ratio:.0f} ×" for ratio in ratios]
        micros = statistics.median(own) * 1e6
        count = cases // contender.share
        lines.append(f"| {contender.name} | {count:,} | {micros:,.2f} | {shown[0]} | {shown[1]} |")
    return "\n".join(lines)


def main() -> None:
    """Compares, measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only compare outcomes, of fewer cases")
    parser.add_argument("--rounds", type=int, default=15, help="how many rounds (15)")
    parser.add_argument("--times", type=int, default=10, help="how often each case is decided in a round (10)")
    options = parser.parse_args()
    if write_by_hand.text() != write_by_hand.WRITTEN.read_text():
        sys.exit("by_hand.py is not what write_by_hand.py writes")
    cases, expected = read()
    if options.quick:
        cases, expected = cases[:100], expected[:100]
    engine = recoup.Engine.load(DATA / "bench")
    all_contenders = contenders(engine, cases)
    check(all_contenders, expected, 20 if options.quick else 100)
    if options.quick:
        return
    taken = measure(all_contenders, options.rounds, options.times)
    print(f"Python {platform.python_version()}, {options.rounds} rounds, medians\n")
    print(table(all_contenders, taken, len(cases) * options.times))


if __name__ == "__main__":
    main()
