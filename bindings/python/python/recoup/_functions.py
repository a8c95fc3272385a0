"""Functions of the host: how they are given, and what their signatures and type hints say of them."""

from __future__ import annotations

import datetime
import enum
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, TypeVar, Union, overload
from zoneinfo import ZoneInfo

from recoup._errors import PackError
from recoup._values import Duration, Unknown

if TYPE_CHECKING:
    from recoup._recoup import Engine

_F = TypeVar("_F", bound=Callable[..., Any])

_NAME = "__recoup_name__"


@overload
def function(called: _F, /, *, name: str | None = None) -> _F: ...
@overload
def function(called: None = None, /, *, name: str | None = None) -> Callable[[_F], _F]: ...
def function(called: Any = None, /, *, name: str | None = None) -> Any:
    """Marks a function as one that rules may call; `functions=[..]` then finds the name by which packs declare it.

        @recoup.function
        def skip_trace_score(phone: str) -> int | None: ...

        engine = recoup.Engine.load("rules/consumer", functions=[skip_trace_score])

    Without `name=` the name is that of the function. Type hints are compared with what the pack declares when it is
    loaded: `Decimal` stands for decimal, money and percent, `str` for text and choice, `| None` where there may be none,
    `| recoup.Unknown` where something may not be known. What has no hint may be anything.

    Raises `PackError` where rules cannot call the function: it is `async`, says `float`, or needs keywords.
    """

    def marked(called: _F) -> _F:
        _described(name or _name_of(called), called)
        setattr(called, _NAME, name or _name_of(called))
        return called

    return marked if called is None else marked(called)


class _Supplied(NamedTuple):
    """A function as the engine takes it."""

    name: str
    called: Callable[..., Any]
    counts: tuple[int, int | None] | None
    """The fewest and the most arguments by position; nothing where that cannot be told."""
    parameters: list[_Hint]
    gives: _Hint


class _Hint(NamedTuple):
    """A type as a pack writes it, and what goes with it."""

    word: str
    maybe_none: bool = False
    maybe_unknown: bool = False


_ANY = _Hint("any", True, True)

_WORDS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (Decimal, "number"),
    (str, "text"),
    (datetime.datetime, "timestamp"),
    (datetime.date, "date"),
    (Duration, "duration"),
    (ZoneInfo, "zone"),
)


def _supplied(functions: Mapping[str, Callable[..., Any]] | Iterable[Callable[..., Any]]) -> list[_Supplied]:
    """The functions that a host gives, by name or as a list."""
    if isinstance(functions, Mapping):
        return [_described(name, called) for name, called in functions.items()]
    return [_described(getattr(called, _NAME, None) or _name_of(called), called) for called in functions]


def _unpickled(files: Mapping[str, str], pack: str, functions: Mapping[str, Callable[..., Any]]) -> Engine:
    """An engine that was pickled."""
    from recoup._recoup import Engine

    return Engine.from_files(files, pack=pack, functions=functions)


def _name_of(called: Any) -> str:
    name = getattr(called, "__name__", None)
    if not isinstance(name, str) or name == "<lambda>":
        raise PackError(f"a host function needs a name: `@recoup.function(name=...)`, or a dict; {called!r} has none")
    return name


def _described(name: Any, called: Any) -> _Supplied:
    """A function, and what it says of itself."""
    if not isinstance(name, str):
        raise TypeError(f"the name of a host function is text, not a `{type(name).__name__}`")
    if not callable(called):
        raise TypeError(f"the host function `{name}` is a `{type(called).__name__}`, which cannot be called")
    if inspect.iscoroutinefunction(called):
        raise PackError(f"the host function `{name}` is `async`: rules do not wait, so give a plain function")
    signature = _signature(called)
    if signature is None:
        return _Supplied(name, called, None, [], _ANY)
    least, most, hints = 0, 0, list[_Hint]()
    takes_any_count = False
    for parameter in signature.parameters.values():
        has_default = parameter.default is not inspect.Parameter.empty
        match parameter.kind:
            case inspect.Parameter.VAR_POSITIONAL:
                takes_any_count = True
            case inspect.Parameter.VAR_KEYWORD:
                pass
            case inspect.Parameter.KEYWORD_ONLY:
                if not has_default:
                    raise PackError(
                        f"the host function `{name}` needs `{parameter.name}` by keyword, but rules pass by position"
                    )
            case _:
                least, most = least + (not has_default), most + 1
                hints.append(_hint(parameter.annotation, f"the host function `{name}` takes `{parameter.name}` as"))
    gives = _hint(signature.return_annotation, f"the host function `{name}` gives")
    return _Supplied(name, called, (least, None if takes_any_count else most), hints, gives)




def _signature(called: Any) -> inspect.Signature | None:
    """The signature; nothing for what has none, as some functions that are not written in Python."""
    try:
        return inspect.signature(called, eval_str=True)
    except (ValueError, TypeError):
        return None
    except (NameError, AttributeError, SyntaxError):
        # Hints that cannot be read here, such as those of an import for type checkers alone, say nothing.
        bare = inspect.signature(called)
        empty = inspect.Signature.empty
        parameters = [parameter.replace(annotation=empty) for parameter in bare.parameters.values()]
        return bare.replace(parameters=parameters, return_annotation=empty)


def _hint(annotation: Any, what: str) -> _Hint:
    """What a type hint says; anything where it says nothing that packs have a word for."""
    options = _options(annotation)
    if float in options and (len(options) == 1 or what.endswith("gives")):
        raise PackError(f"{what} a `float`, which does not hold exact numbers: use `decimal.Decimal`")
    words = {_word(option) for option in options if option not in (type(None), Unknown, float)}
    if words and words <= {"integer", "number"} and len(words) == 2:
        words = {"number"}
    if len(words) != 1 or words == {"any"}:
        return _ANY
    return _Hint(words.pop(), type(None) in options, Unknown in options)


def _options(annotation: Any) -> list[Any]:
    """The types that a hint allows, `None` as its type."""
    origin = typing.get_origin(annotation)
    if origin in (Union, types.UnionType):
        return [option for argument in typing.get_args(annotation) for option in _options(argument)]
    if origin is Annotated:
        return _options(typing.get_args(annotation)[0])
    if origin is Literal:
        return [type(value) for value in typing.get_args(annotation)]
    if isinstance(annotation, typing.NewType):
        return _options(annotation.__supertype__)
    return [type(None) if annotation is None else annotation]


def _word(option: Any) -> str:
    option = typing.get_origin(option) or option
    if not isinstance(option, type) or option in (object, inspect.Signature.empty):
        return "any"
    for known, word in _WORDS:
        if option is known:
            return word
    if typing.is_typeddict(option) or issubclass(option, Mapping):
        return "record"
    if issubclass(option, enum.Enum):
        return "any"
    if issubclass(option, Sequence) and not issubclass(option, (str, bytes)):
        return "list"
    return "any"
