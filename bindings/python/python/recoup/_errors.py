"""What is raised, and what it carries."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """A finding about a pack."""

    code: str
    """The stable code, such as `unknown-name`."""
    severity: str
    """`error`, `warning` or `note`."""
    message: str
    """What is wrong, in one line."""
    path: str | None
    """The file, as `PACK/path/in/pack.yaml`."""
    line: int | None
    """The line, counted from 1."""
    column: int | None
    """The column, counted from 1, in characters."""
    help: str | None
    """What to write instead."""

    def __str__(self) -> str:
        place = "" if self.path is None else f"{self.path}:{self.line}:{self.column}: "
        help = "" if self.help is None else f"; help: {self.help}"
        return f"{place}{self.severity}[{self.code}]: {self.message}{help}"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem of a record, a state or an argument."""

    path: str
    """Where, such as `contacts[0].at`; empty where the record itself is the problem."""
    message: str
    """What is wrong, in one line. Private values are not shown."""
    help: str | None
    """What to write instead."""

    def __str__(self) -> str:
        place = f"{self.path}: " if self.path else ""
        help = "" if self.help is None else f" ({self.help})"
        return f"{place}{self.message}{help}"


class RecoupError(Exception):
    """The base of all errors of recoup."""


class PackError(RecoupError):
    """A pack that cannot be used or read, or a host function that does not fit it."""

    diagnostics: tuple[Diagnostic, ...]
    """All findings; empty where the pack could not be read at all."""

    def __init__(self, message: str, diagnostics: Iterable[Diagnostic] = ()) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)

    def __reduce__(self) -> tuple[type[PackError], tuple[str, tuple[Diagnostic, ...]]]:
        return type(self), (str(self), self.diagnostics)


class RecordError(RecoupError, ValueError):
    """A record or an argument that is refused, with all of its problems."""

    problems: tuple[Problem, ...]
    """Every problem, each with its path."""

    _what = "the record is refused"

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{self._what}: {'; '.join(str(problem) for problem in self.problems)}")

    def __reduce__(self) -> tuple[type[RecordError], tuple[tuple[Problem, ...]]]:
        return type(self), (self.problems,)


class StateError(RecordError):
    """A state that cannot be read, or a change of it that cannot be made."""

    _what = "the state is refused"


class TableError(RecordError):
    """A table whose columns do not fit the case, or whose options do not fit the pack. No row was read."""

    _what = "the table is refused"
