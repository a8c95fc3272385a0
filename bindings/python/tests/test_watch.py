"""Packs that are loaded again when their files change."""

from __future__ import annotations

import gc
import logging
import os
import threading
import weakref
from decimal import Decimal
from pathlib import Path

import pytest
import recoup
from conftest import AS_OF, HEADER, load

PACK = (
    HEADER
    + """
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money}
segmentation:
  outputs: {segment: [large, small]}
  grid: |
    | row       | balance   | then segment |
    |-----------|-----------|--------------|
    | large     | >= LIMIT  | large        |
    | otherwise |           | small        |
"""
)
# So seldom that no test ever waits for it: looks are asked for.
NEVER = 1e6


def write(folder: Path, limit: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / "pack.yaml"
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(PACK.replace("LIMIT", limit), encoding="utf-8")
    # Clocks of file systems may be coarse.
    os.utime(file, ns=(before + 10**9, before + 10**9))
    return folder


def segment(engine: recoup.Engine) -> str:
    return str(engine.evaluate({"case_id": "A-1", "balance": Decimal(100)}, as_of=AS_OF).segment)


def test_a_changed_pack_is_loaded(tmp_path: Path) -> None:
    engine = recoup.Engine.load(write(tmp_path / "small", "500"))
    loaded: list[recoup.Engine] = []
    with engine.watch(every=NEVER, on_reload=loaded.append) as watcher:
        assert not watcher.check() and segment(engine) == "small"
        write(tmp_path / "small", "50")
        assert segment(engine) == "small"
        assert watcher.check() and segment(engine) == "large"
        assert not watcher.check() and loaded == [engine]


def test_a_broken_pack_leaves_the_old_one(tmp_path: Path) -> None:
    engine = recoup.Engine.load(write(tmp_path / "small", "50"))
    errors: list[recoup.PackError] = []
    with engine.watch(every=NEVER, on_error=errors.append) as watcher:
        write(tmp_path / "small", "fifty")
        assert not watcher.check() and segment(engine) == "large"
        assert not watcher.check(), "it is not tried again until it changes"
        assert [finding.path for finding in errors[0].diagnostics] == ["small/pack.yaml"] and len(errors) == 1
        write(tmp_path / "small", "500")
        assert watcher.check() and segment(engine) == "small"


def test_new_files_and_bases_are_seen(tmp_path: Path) -> None:
    write(tmp_path / "small", "500")
    (tmp_path / "top").mkdir()
    (tmp_path / "top/pack.yaml").write_text(
        HEADER.replace("pack: small", "pack: top") + "extends: [small]\n", encoding="utf-8"
    )
    engine = recoup.Engine.load(tmp_path / "top")
    with engine.watch(every=NEVER) as watcher:
        write(tmp_path / "small", "50")
        assert watcher.check() and segment(engine) == "large"
        more = "change:\n  segmentation/large: {balance: '>= 1000'}\n"
        (tmp_path / "top/more.yaml").write_text(more, encoding="utf-8")
        assert watcher.check() and segment(engine) == "small"


def test_a_thread_watches(tmp_path: Path) -> None:
    engine = recoup.Engine.load(write(tmp_path / "small", "500"))
    reloaded = threading.Event()
    with engine.watch(every=0.005, on_reload=lambda _: reloaded.set()):
        write(tmp_path / "small", "50")
        assert reloaded.wait(60) and segment(engine) == "large"


def test_what_happened_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    engine = recoup.Engine.load(write(tmp_path / "small", "500"))
    with caplog.at_level(logging.INFO, "recoup"), engine.watch(every=NEVER) as watcher:
        write(tmp_path / "small", "fifty")
        watcher.check()
        write(tmp_path / "small", "50")
        watcher.check()
    assert [record.levelname for record in caplog.records] == ["ERROR", "INFO"]
    assert "small/pack.yaml" in caplog.text


def test_a_watcher_does_not_keep_the_engine(tmp_path: Path) -> None:
    engine = recoup.Engine.load(write(tmp_path / "small", "500"))
    watcher, gone = engine.watch(every=NEVER), weakref.ref(engine)
    del engine
    gc.collect()
    assert gone() is None and not watcher.check()
    watcher.stop()


def test_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="loaded from memory"):
        load(PACK.replace("LIMIT", "5")).watch()
    engine = recoup.Engine.load(write(tmp_path / "small", "500"))
    with pytest.raises(ValueError, match="above 0"):
        engine.watch(every=0)
