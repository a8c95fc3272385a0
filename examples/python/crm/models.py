"""The tables: cases with their state, the log of decisions, and approvals."""

import json
from datetime import datetime, timezone
from decimal import Decimal
from functools import partial
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, Engine, ForeignKey, Text, TypeDecorator, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Instant(TypeDecorator[datetime]):
    """An aware datetime. SQLite knows no time zones, so every database is given UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and (value.astimezone(timezone.utc) if value.tzinfo else value.replace(tzinfo=timezone.utc))


class Base(DeclarativeBase):
    type_annotation_map = {datetime: Instant, dict[str, Any]: JSON}


class Case(Base):
    """One account: what is known of it, and where it stands."""

    __tablename__ = "cases"

    case_id: Mapped[str] = mapped_column(primary_key=True)
    record: Mapped[dict[str, Any]]
    """The fields that the rules know. Replace it to change it; a change inside is not noticed."""
    state: Mapped[str | None] = mapped_column(Text)
    """What the last decision gave as the next state."""
    next_review_at: Mapped[datetime | None] = mapped_column(index=True)
    """Before this instant there is nothing to look at; none where time changes nothing."""
    revision: Mapped[int] = mapped_column()

    # An UPDATE that finds another revision than the one that was read fails, so no writer overwrites another.
    __mapper_args__ = {"version_id_col": revision}


class LoggedDecision(Base):
    """A decision as it was made, with its reasons."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), index=True)
    as_of: Mapped[datetime]
    pack: Mapped[str]
    digest: Mapped[str]
    decision: Mapped[str] = mapped_column(Text)
    explanation: Mapped[str] = mapped_column(Text)

    @property
    def content(self) -> dict[str, Any]:
        """The decision as dicts and lists, its amounts as text."""
        content: dict[str, Any] = json.loads(self.decision)
        return content


class Approval(Base):
    """Who allowed an action that a person had to look at."""

    __tablename__ = "approvals"

    case_id: Mapped[str] = mapped_column(ForeignKey("cases.case_id"), primary_key=True)
    action_id: Mapped[str] = mapped_column(primary_key=True)
    by: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


def open_database(url: str) -> Engine:
    """A database with all tables. Amounts in records stay exact: decimals out, digits as text in."""
    database = create_engine(
        url,
        json_serializer=partial(json.dumps, default=str),
        json_deserializer=partial(json.loads, parse_float=Decimal),
    )
    Base.metadata.create_all(database)
    return database
