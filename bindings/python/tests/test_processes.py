"""Forks, signals, and many threads at once."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import recoup
from conftest import AS_OF, ROOT, SMALL, load

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no fork, and no SIGINT of this kind")

CASE: dict[str, Any] = {"case_id": "A-1", "balance": 7000}


def in_child(work: Any) -> int:
    """What a forked child that does this ends with."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_child_decides_while_the_parent_decides() -> None:
    engine = load(SMALL)
    expected = engine.evaluate(CASE, as_of=AS_OF)
    stop, wrong = threading.Event(), list[object]()

    def work() -> None:
        while not stop.is_set():
            if engine.evaluate(CASE, as_of=AS_OF) != expected:
                wrong.append("parent")

    def reload() -> None:
        while not stop.is_set():
            engine.reload()

    def child() -> None:
        for _ in range(20):
            assert engine.evaluate(CASE, as_of=AS_OF) == expected
        engine.reload()
        assert expected.explain()

    threads = [threading.Thread(target=target) for target in (work, work, reload)]
    for thread in threads:
        thread.start()
    try:
        assert [in_child(child) for _ in range(20)] == [0] * 20
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []


ENGINE = load(SMALL)


def decide(number: int) -> recoup.Decision:
    return ENGINE.evaluate(CASE | {"case_id": f"A-{number}"}, as_of=AS_OF)


def test_a_pool_of_forked_workers() -> None:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        decisions = pool.map(decide, range(4), chunksize=1)
    assert decisions == [decide(number) for number in range(4)]


@pytest.fixture
def interruptible() -> Iterator[None]:
    # A shell that starts tests in the background has them ignore SIGINT.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_ctrl_c_stops_many(small: recoup.Engine) -> None:
    def records() -> Iterator[object]:
        for number in range(100_000):
            if number == 100:
                os.kill(os.getpid(), signal.SIGINT)
            yield CASE

    decided = 0
    with pytest.raises(KeyboardInterrupt):
        for _ in small.evaluate_many(records(), as_of=AS_OF):
            decided += 1
    assert 99 <= decided < 50_000


def test_ctrl_c_ends_the_command(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "cases.ndjson")
    run = [sys.executable, "-m", "recoup", "run", str(ROOT / "rules/us-consumer"), "--cases"]
    command = subprocess.Popen([*run, str(tmp_path / "cases.ndjson")], stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    # Opening waits until the command reads, so that it is then in the middle of its work.
    with (tmp_path / "cases.ndjson").open("w", encoding="utf-8"):
        command.send_signal(signal.SIGINT)
        command.communicate(timeout=60)
    assert command.returncode == -signal.SIGINT
