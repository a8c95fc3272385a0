"""What hosts tell the state of a case.

A state is JSON text: `decision.state` gives it, the host stores it with the case, `Engine.evaluate(..., state=...)` takes
it. A state is never changed: each function takes one text and gives the next. A new one is made by `Engine.start`,
`Engine.move_to` and `Engine.record_escalation`, which need to know the pack.
"""

from recoup._recoup import approve, hold, record, release, revision

__all__ = ["approve", "hold", "record", "release", "revision"]
