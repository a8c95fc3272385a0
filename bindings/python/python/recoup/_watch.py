"""Loads a pack again when its files change, and keeps the old one where the new one cannot be used."""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from recoup._errors import PackError

if TYPE_CHECKING:
    from recoup._recoup import Engine

_LOG = logging.getLogger("recoup")

_Stamp = tuple[tuple[str, int, int], ...]
"""Each file with the time of its last change and its size."""


class Watcher:
    """Watches the folders of a pack, its bases and its plugins; see `Engine.watch`. A context manager."""

    def __init__(
        self,
        engine: Engine,
        *,
        every: float,
        on_reload: Callable[[Engine], object] | None,
        on_error: Callable[[PackError], object] | None,
    ) -> None:
        if not every > 0:
            raise ValueError(f"`every` is a number of seconds above 0, not {every}")
        self._engine = weakref.ref(engine)
        self._every = every
        self._on_reload = on_reload or (lambda engine: _LOG.info("loaded %r again", engine))
        self._on_error = on_error or (lambda error: _LOG.error("the pack that was loaded stays in use: %s", error))
        self._tried = _stamp(engine)
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        # Like all threads it ends with the process, and is not there in a child after a fork.
        self._thread = threading.Thread(target=self._run, name="recoup-watch", daemon=True)
        self._thread.start()

    def check(self) -> bool:
        """Looks now, whatever the clock says; whether the pack was loaded again.

        Raises what `on_reload` and `on_error` raise.
        """
        with self._lock:
            engine = self._engine()
            if engine is None:
                return False
            stamp = _stamp(engine)
            return stamp != self._tried and self._load(engine, stamp)

    def stop(self) -> None:
        """Stops watching, and waits until a load that is under way has ended."""
        self._stopped.set()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        before = self._tried
        while not self._stopped.wait(self._every):
            with self._lock:
                engine = self._engine()
                if engine is None:
                    return
                try:
                    stamp = _stamp(engine)
                    # Files that are still being written are left until they rest.
                    if stamp == before and stamp != self._tried:
                        self._load(engine, stamp)
                    before = stamp
                except Exception:
                    _LOG.exception("watching the pack goes on")
                del engine

    def _load(self, engine: Engine, stamp: _Stamp) -> bool:
        self._tried = stamp
        try:
            engine.reload()
        except PackError as error:
            self._on_error(error)
            return False
        # The new pack may have other bases, and what was tried is what was loaded.
        if [entry[0] for entry in _stamp(engine)] != [entry[0] for entry in stamp]:
            self._tried = _stamp(engine)
        self._on_reload(engine)
        return True


def _stamp(engine: Engine) -> _Stamp:
    """What the files of a pack are now."""
    return tuple(sorted(entry for folder in engine._folders() for entry in _files(folder)))


def _files(folder: Path) -> Iterator[tuple[str, int, int]]:
    for path, folders, files in os.walk(folder, followlinks=True):
        folders.sort()
        for name in files:
            file = os.path.join(path, name)
            try:
                found = os.stat(file)
            except OSError:
                # Taken away meanwhile, which the next look shows.
                continue
            yield file, found.st_mtime_ns, found.st_size
