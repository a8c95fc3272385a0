"""A rules engine for debt collections: policy in text files, decisions with their reasons.

    import datetime, decimal, recoup

    engine = recoup.Engine.load("rules/us-consumer")
    decision = engine.evaluate(case, as_of=datetime.datetime.now(datetime.timezone.utc))
    decision.segment                 # a result by its name
    print(decision.explain())        # why

Amounts are `decimal.Decimal`, days `datetime.date`, instants aware `datetime.datetime`. A float is refused, because it
does not hold what was written. What is not known is `recoup.UNKNOWN`, and never counts as false.
"""

from recoup import states
from recoup._errors import Diagnostic, PackError, Problem, RecordError, RecoupError, StateError, TableError
from recoup._functions import function
from recoup._recoup import Decision, Decisions, Engine, Table, __version__
from recoup._reports import (
    ContactCheck,
    ContactReason,
    CounterOffer,
    Coverage,
    Instalment,
    OfferCheck,
    TestReport,
    TestResult,
)
from recoup._values import UNKNOWN, Duration, Failed, Part, Unknown
from recoup._watch import Watcher

__all__ = [
    "UNKNOWN",
    "ContactCheck",
    "ContactReason",
    "CounterOffer",
    "Coverage",
    "Decision",
    "Decisions",
    "Diagnostic",
    "Duration",
    "Engine",
    "Failed",
    "Instalment",
    "OfferCheck",
    "PackError",
    "Part",
    "Problem",
    "RecordError",
    "RecoupError",
    "StateError",
    "Table",
    "TableError",
    "TestReport",
    "TestResult",
    "Unknown",
    "Watcher",
    "__version__",
    "function",
    "states",
]
