"""Values that Python has no type for: what is not known, what failed, durations, and parts of a decision."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that is not known, and the facts for want of which it is not.

    It is neither true nor false: `if decision.some_flag:` raises where the flag is not known. Ask `is`, `==` or
    `isinstance(value, recoup.Unknown)`.
    """

    facts: tuple[str, ...] = ()
    """The facts that are not known and would decide; empty in a record."""

    def __bool__(self) -> NoReturn:
        raise TypeError("what is unknown is neither true nor false: ask `isinstance(value, recoup.Unknown)`")

    def __repr__(self) -> str:
        return f"recoup.Unknown({', '.join(self.facts)})" if self.facts else "recoup.UNKNOWN"


UNKNOWN = Unknown()
"""Says in a record, or as the result of a host function, that something is not known."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A result whose calculation failed. `decision.errors` says more."""

    code: str
    """The stable code, such as `division-by-zero`."""

    def __bool__(self) -> NoReturn:
        raise TypeError("what failed is neither true nor false: ask `isinstance(value, recoup.Failed)`")

    def __repr__(self) -> str:
        return f"recoup.Failed({self.code!r})"


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration as host functions take and give it."""

    count: int
    unit: str
    """`days`, `months`, `business_days` or `seconds`."""

    def __post_init__(self) -> None:
        if self.unit not in ("days", "months", "business_days", "seconds"):
            raise ValueError(f"a duration has no unit {self.unit!r}: days, months, business_days or seconds")


class Part(Mapping[str, Any]):
    """A part of a decision: a mapping that never changes, whose keys are attributes too.

    `decision.stage.to` and `decision.stage["to"]` are the same. A key that is the name of a method, such as `values`,
    is reached by `[...]` alone.
    """

    __slots__ = ("_items",)
    _items: dict[str, Any]

    def __init__(self, items: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_items", dict(items))

    def __getitem__(self, key: str) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_items":
            raise AttributeError(name)
        try:
            return self._items[name]
        except KeyError:
            raise _no_name(AttributeError, "this part of a decision", name, self._items) from None

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError("a decision never changes")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a decision never changes")

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._items]

    def __hash__(self) -> int:
        return hash(tuple(self._items.items()))

    def __reduce__(self) -> tuple[type[Part], tuple[dict[str, Any]]]:
        return type(self), (self._items,)

    def __repr__(self) -> str:
        return f"Part({', '.join(f'{key}={value!r}' for key, value in self._items.items())})"


def _no_name(error: type[Exception], what: str, name: str, known: Mapping[str, Any] | list[str]) -> Exception:
    """The error of a name that there is not, with the nearest one."""
    import difflib

    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean `{near[0]}`?" if near else f"; it has {', '.join(f'`{key}`' for key in known) or 'nothing'}"
    return error(f"{what} has no `{name}`{hint}")


def _plain(value: Any) -> Any:
    """A part of a decision as dictionaries and lists."""
    match value:
        case Part():
            return {key: _plain(item) for key, item in value.items()}
        case tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def _instant(text: str) -> datetime.datetime:
    """An instant of recoup's JSON. Digits behind the microseconds are more than a `datetime` holds, and are cut off."""
    return datetime.datetime.fromisoformat(text)
