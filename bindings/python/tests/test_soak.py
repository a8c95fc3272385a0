"""Many threads and long runs: small in the gate, and large where `RECOUP_SOAK` is set (`cargo xtask soak`)."""

from __future__ import annotations

import gc
import itertools
import os
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import recoup
from conftest import AS_OF, SMALL, load

IS_SOAK = bool(os.environ.get("RECOUP_SOAK"))
OTHER = SMALL.replace("version: 1.0.0", "version: 2.0.0").replace(">= 5000", ">= 50")
# What may be kept beyond what was there when the run was warm: pages of allocators, not what grows with the count.
FLAT = 4 * 2**20


def case(number: int) -> dict[str, Any]:
    payments = [{"amount": Decimal(number % 7), "on": "2026-01-02"}] * (number % 3)
    return {"case_id": f"A-{number}", "balance": Decimal(number % 9000), "days": number % 50, "payments": payments}


def test_threads_see_one_pack_or_the_other() -> None:
    count = 100_000 if IS_SOAK else 4_000
    packs = [load(SMALL), load(OTHER)]
    cases = [case(number) for number in range(500)]
    expected = [{pack.evaluate(one, as_of=AS_OF).to_json() for pack in packs} for one in cases]
    assert all(len(both) == 2 for both in expected)
    engine = load(SMALL)
    wrong, seen, left = list[str](), set[str](), threading.Semaphore(0)

    def decide(thread: int) -> None:
        for number in range(thread, count, 8):
            decision = engine.evaluate(cases[number % 500], as_of=AS_OF)
            seen.add(decision.pack.version)
            if decision.to_json() not in expected[number % 500]:
                wrong.append(decision.to_json())
        left.release()

    threads = [threading.Thread(target=decide, args=(thread,)) for thread in range(8)]
    for thread in threads:
        thread.start()
    reloads = 0
    for text in itertools.cycle([OTHER, SMALL]):
        engine.reload({"small/pack.yaml": text})
        reloads += 1
        if not any(thread.is_alive() for thread in threads) and reloads >= 2:
            break
    for thread in threads:
        thread.join()
        assert left.acquire(blocking=False), "a thread ended early"
    assert wrong == []
    print(f"{count} decisions in 8 threads beside {reloads} reloads, versions {sorted(seen)}")
    assert not IS_SOAK or seen == {"1.0.0", "2.0.0"}


def resident() -> int:
    """The memory of this process that is in use, in bytes."""
    gc.collect()
    pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_memory_stays_flat(us: recoup.Engine, us_case: dict[str, Any]) -> None:
    evaluations, reloads = (1_000_000, 1_000) if IS_SOAK else (6_000, 30)
    engine = load(SMALL)

    def evaluate(count: int) -> None:
        for number in range(count):
            decision = engine.evaluate(case(number), as_of=AS_OF)
            if number % 10 == 0:
                assert decision.segment in ("large", "small") and decision.to_dict()
            if number % 100 == 0:
                assert decision.explain()
                us.evaluate(us_case, as_of=AS_OF).to_dict()
        with pytest.raises(recoup.RecordError):
            engine.evaluate({"balance": 1.5}, as_of=AS_OF)

    def reload(count: int) -> None:
        for _ in range(count):
            engine.reload({"small/pack.yaml": SMALL})
            with pytest.raises(recoup.PackError):
                engine.reload({"small/pack.yaml": SMALL.replace("type: money", "type: mony")})

    evaluate(evaluations // 10)
    reload(reloads // 10)
    warm = resident()
    evaluate(evaluations)
    decided = resident()
    reload(reloads)
    reloaded = resident()
    print(
        f"{evaluations} evaluations: {warm / 1e6:.1f} to {decided / 1e6:.1f} MB; "
        f"{reloads} reloads, as many refused: {reloaded / 1e6:.1f} MB"
    )
    assert decided - warm < FLAT
    assert reloaded - decided < FLAT
