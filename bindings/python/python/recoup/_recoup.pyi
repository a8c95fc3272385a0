"""The compiled part of recoup. Everything public is found in `recoup` and `recoup.states`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from os import PathLike
from pathlib import Path
from typing import Any, Final, Literal, Protocol, final

from recoup._errors import Diagnostic, PackError, RecordError
from recoup._reports import ContactCheck, OfferCheck, TestReport
from recoup._values import Failed, Part, Unknown
from recoup._watch import Watcher

__all__ = [
    "Decision",
    "Decisions",
    "Engine",
    "Table",
    "__version__",
    "_command",
    "_restore",
    "approve",
    "hold",
    "record",
    "release",
    "revision",
]

__version__: Final[str]

class _ArrowStream(Protocol):
    """A table that hands out its columns, as those of polars, pandas, pyarrow and DuckDB do."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...

class _ArrowArray(Protocol):
    """One batch of rows, or one column, that hands itself out."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any: ...

@final
class Engine:
    """A loaded pack, ready to decide cases. Shared by threads; changed only as a whole, by `reload`.

    A pickled engine holds the files of the pack, and needs no folder where it is read; its functions are pickled too.

    A record is a `dict` or another mapping, a dataclass, a named tuple, a pydantic model, or any object that has the
    fields as attributes. Of the last, only the attributes that are fields are read; all others are refused where they
    have a field that the pack does not know. Numbers with decimals are `decimal.Decimal`, whole numbers or their text;
    a `float`, a naive `datetime` and `bytes` are refused. `None` says that there is none, `recoup.UNKNOWN` that it is
    not known.
    """

    @staticmethod
    def load(
        path: str | PathLike[str],
        library: str | PathLike[str] | None = None,
        functions: Mapping[str, Callable[..., Any]] | Iterable[Callable[..., Any]] | None = None,
    ) -> Engine:
        """Loads the pack in a folder.

        `library` is the folder in which the packs are found that this one extends; without it, the parent folder.
        `functions` are the functions that the pack declares with `host: true`, by name, or a list of functions that
        have their names (see `recoup.function`). Their type hints are compared with the pack. They are called by position,
        with `Decimal`, `date`, aware `datetime`, `str`, `int`, `bool`, `None`, `recoup.Duration`, lists, and dicts for
        records. What they raise is an error of the rule that asked; a `float` is refused.

        Raises `PackError`, with all findings.
        """

    @staticmethod
    def from_files(
        files: Mapping[str, str | bytes],
        *,
        pack: str,
        functions: Mapping[str, Callable[..., Any]] | Iterable[Callable[..., Any]] | None = None,
    ) -> Engine:
        """Loads a pack from memory: `files` by `PACK/path/in/pack.yaml`, those of its bases too.

        Raises `PackError`, with all findings.
        """

    def reload(self, files: Mapping[str, str | bytes] | None = None) -> None:
        """Loads the pack again, from its folder or from these files. Decisions that are being made keep the old one.

        Raises `PackError`, and then goes on with the old pack.
        """

    def watch(
        self,
        *,
        every: float = 1.0,
        on_reload: Callable[[Engine], object] | None = None,
        on_error: Callable[[PackError], object] | None = None,
    ) -> Watcher:
        """Loads the pack again when a file of it, of its bases or plugins changes, looking `every` so many seconds.

        A thread of its own looks until `stop()` is called on what this gives, the engine is gone, or the process ends.
        A pack that cannot be used is passed to `on_error`, and the old one goes on. Without these functions both are
        written to the logger `recoup`.

            with engine.watch():
                serve()

        Raises `TypeError` where the pack was loaded from memory.
        """

    def _folders(self) -> list[Path]: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    def evaluate(
        self, record: object, *, state: str | None = None, input: str | None = None, as_of: datetime
    ) -> Decision:
        """Decides a case at an instant. `state` is what `decision.state` gave before, for a case in a workflow.

        `input` names an input of the pack, for a row that has the columns of another system.

        Raises `RecordError`, with all problems, and `StateError`.
        """

    def evaluate_many(
        self,
        records: Iterable[object],
        *,
        states: Mapping[str, str | None] | Iterable[str | None] | None = None,
        input: str | None = None,
        as_of: datetime,
    ) -> Decisions:
        """Decides many cases by the pack as it is now, each when the iterator is asked for it, in their order.

        `states` are the states that were stored, by the keys of the cases, or one for each record, `None` where there is
        none. A record that is refused, or whose state is, gives its `RecordError` or `StateError` in its place, which is
        returned and not raised.
        """

    def evaluate_batch(
        self,
        table: _ArrowStream | _ArrowArray,
        *,
        states: str | _ArrowStream | _ArrowArray | None = None,
        as_of: datetime,
        results: Iterable[str] | None = None,
        fired: bool = False,
        decisions: bool = False,
        threads: int | None = None,
    ) -> Table:
        """Decides a table of cases: columns by the names of the case's fields in, columns of results out.

        `table` is a DataFrame of polars or pandas, a table or record batch of pyarrow, a relation of DuckDB, or anything
        else that speaks the Arrow PyCapsule interface; its columns are shared, not copied. The `Table` that comes back
        has the rows in their order and goes to any of them: `polars.DataFrame(table)`, `pyarrow.table(table)`.

        A null is an absent field. Choices are text or categories; amounts are decimals or integers, never floats; dates
        are dates; instants have a time zone; lists are lists, of structs where their items have fields.

        There is a column for the key, one for each result (`segment`, a score, `TABLE.OUTPUT`), `escalations`, in a pack
        with workflows `workflow`, `stage` and the next `state`, and `next_review_at`. A result is null where there is
        none, where it is not known, and where the row is refused; what it is say `unknowns`, with the names of results
        and rules that are not known, `missing`, with the fields for want of which they are not, and `errors`. A row that
        is refused says all of its problems there, with the code `refused`; so does a row whose key stood in an earlier
        one. The columns follow from the pack and the arguments, never from the rows.

        `states` are the states of the cases: the name of a column, or a column beside the table. `results` takes only
        these, in this order. `fired` adds the ids of the rows and rules that fired, `decisions` the whole decisions as
        JSON, as `Decision.to_json` gives them. `threads` is how many threads decide; without it, as many as there are
        processors. A pack with functions of Python decides on one.

        Raises `TableError`, with all that is wrong with the columns, before any row is read.
        """

    def judge_offer(
        self,
        record: object,
        *,
        amount: object,
        instalments: int = 1,
        role: str | None = None,
        state: str | None = None,
        input: str | None = None,
        as_of: datetime,
    ) -> OfferCheck:
        """Says what becomes of an offer to settle. `amount` is a `Decimal`, a whole number or text.

        Raises `RecordError`, with the problems of the record and the offer.
        """

    def check_contact(
        self,
        record: object,
        *,
        channel: str,
        at: datetime | None = None,
        initiated_by: str = "us",
        purpose: str | None = None,
        recipient: str = "debtor",
        address: str | None = None,
        template: str | None = None,
        state: str | None = None,
        input: str | None = None,
        as_of: datetime,
    ) -> ContactCheck:
        """Says whether a contact may be made, why not, and when. Without `at` it is made at `as_of`.

        Raises `RecordError`, with the problems of the record and the contact.
        """

    def start(self, case: str, *, workflow: str, stage: str, since: date) -> str:
        """The state of a case that is taken over from another system, in a stage that it entered on a day.

        Raises `StateError`.
        """

    def move_to(self, state: str, stage: str, *, by: str, why: str, at: datetime) -> str:
        """Moves a case by hand to a stage of its workflow; gives its next state.

        Raises `StateError`.
        """

    def record_escalation(self, case: str, escalation: str, *, state: str | None = None, at: datetime) -> str:
        """Records that an escalation was acted on, so that it rests for its cooldown; gives the case's next state.

        Raises `StateError`.
        """

    def check(self) -> tuple[Diagnostic, ...]:
        """Warnings and notes about the pack. One with errors is never loaded."""

    def test(self) -> TestReport:
        """Runs the pack's rule tests, and counts which rows and rules they make fire."""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of a case."""

    def decision_schema(self) -> dict[str, Any]:
        """The JSON Schema of a decision."""

    @property
    def name(self) -> str:
        """The pack's name."""

    @property
    def version(self) -> str:
        """The pack's version."""

    @property
    def digest(self) -> str:
        """SHA-256 over all that affects the pack's meaning."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the pack's inputs, in the order of the pack."""

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The qualified ids of all rows and rules, in the order of the pack."""

@final
class Table:
    """A decided table. It goes to whoever takes Arrow tables: `polars.DataFrame(table)`, `pyarrow.table(table)`."""

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the columns."""

    def __len__(self) -> int: ...
    def __arrow_c_schema__(self) -> object:
        """The table's schema, as the Arrow PyCapsule interface has it."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table, as the Arrow PyCapsule interface has it. It can be asked for again and again."""

@final
class Decisions:
    """The decisions of many cases, one after the other; see `Engine.evaluate_many`."""

    def __iter__(self) -> Iterator[Decision | RecordError]: ...
    def __next__(self) -> Decision | RecordError:
        """The next decision, or why its record is refused."""

@final
class Decision:
    """What a case comes to. Never changes.

    Results are attributes: `decision.segment` is an output of the segmentation or a score, `decision.fees.amount` an
    output of a table or rule list. A result whose name this class has for something else is found by `decision["name"]`.
    Amounts, percentages and decimals are `Decimal`, days `date`, instants aware `datetime` (in UTC, to the microsecond);
    what is not known is an `Unknown`, what failed a `Failed`. Parameters of actions and values of templates are as in
    the JSON, where numbers with decimals are text.

    Two decisions are equal where their JSON is. A pickled decision needs neither the pack nor the engine.
    """

    @property
    def key(self) -> Any:
        """The key of the case."""

    @property
    def as_of(self) -> datetime:
        """The instant that the case was decided at."""

    @property
    def today(self) -> date:
        """The day of that instant at the pack's place."""

    @property
    def pack(self) -> Part:
        """The pack that decided: `name`, `version`, `digest`."""

    @property
    def stage(self) -> Part | Unknown | Failed | None:
        """Where the case stands in its workflow; `None` where it is in none."""

    @property
    def segmentation(self) -> Part:
        """The outputs of the segmentation."""

    @property
    def scores(self) -> Part:
        """The scores, each with its `value` and the `parts` that made it."""

    @property
    def actions(self) -> tuple[Part, ...]:
        """What the host is asked to do, in the order of the steps."""

    @property
    def escalations(self) -> tuple[Part, ...]:
        """The escalations that fired, in the order of the pack."""

    @property
    def incentives(self) -> Part | None:
        """What the debtor is offered; `None` in a pack without incentives."""

    @property
    def settlement(self) -> Part | Unknown | Failed | None:
        """What the case may be settled for; `None` in a pack without a settlement."""

    @property
    def results(self) -> Part:
        """The outputs of tables and rule lists, by table."""

    @property
    def arms(self) -> Part | None:
        """The arms of the experiments; `None` in a pack without experiments."""

    @property
    def fired(self) -> tuple[str, ...]:
        """The rows and rules that fired, in the order of the pack."""

    @property
    def unknowns(self) -> tuple[Part, ...]:
        """What could not be decided, each with `at` and the `facts` that are not known."""

    @property
    def errors(self) -> tuple[Part, ...]:
        """What failed, each with `at`, `code` and `message`."""

    @property
    def state(self) -> str | None:
        """The next state of the case, as the text to store with it; `None` where the case has none."""

    @property
    def next_review_at(self) -> datetime | None:
        """When the same case may next lead to another decision; `None` where time changes nothing."""

    def get(self, name: str, default: Any = None) -> Any:
        """A result by its name, such as `segment`, `priority` or `fees.amount`; `default` where there is no such."""

    def __getitem__(self, key: str, /) -> Any: ...
    def __getattr__(self, name: str) -> Any: ...
    def to_dict(self) -> dict[str, Any]:
        """The whole decision as dicts and lists, with `Decimal`, `date`, `datetime`, `Unknown` and `Failed` in them."""

    def to_json(self) -> str:
        """The whole decision as one line of JSON: the same bytes for the same pack, record, state and instant."""

    def explain(self, format: Literal["text", "json", "html"] = "text") -> str:
        """Why the decision is as it is, told from what the evaluation kept: nothing is evaluated or called again."""

    def _repr_html_(self) -> str: ...
    def __eq__(self, value: object, /) -> bool: ...
    def __ne__(self, value: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __dir__(self) -> list[str]: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

def record(state: str, action: Part | Mapping[str, Any], *, outcome: str, at: datetime) -> str:
    """Records that an action of `decision.actions` was carried out; gives the next state. Raises `StateError`.

    An action that was stored as JSON does, too.
    """

def approve(state: str, action_id: str, *, by: str, at: datetime) -> str:
    """Records that somebody approved an action, by its `id`; gives the next state. Raises `StateError`."""

def hold(state: str, id: str, *, reason: str, by: str, start: date, until: date | None = None) -> str:
    """Puts a case on hold, up to a day or until it is released; gives the next state. Raises `StateError`."""

def release(state: str, id: str) -> str:
    """Takes a hold away; gives the next state. Raises `StateError`."""

def revision(state: str) -> str:
    """The revision of a state, which is another after each change. Raises `StateError`."""

def _command(arguments: list[str]) -> int:
    """Runs the `recoup` command; gives its exit status."""

def _restore(json: str, whole: Part, told: tuple[str | None, str, str, str]) -> Decision:
    """A decision that was pickled."""
