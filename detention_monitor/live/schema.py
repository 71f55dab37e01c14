"""The tables of the store: the same in SQLite and PostgreSQL; made and changed by migrations only.

Instants are seconds UTC in 64-bit integers. `entry` and `log` only ever grow: the database itself
refuses to change or delete a row, but for one thing: a text may be erased for good under the
retention rules, once a row of the log says so (`erased_by`). Everything marked a projection can be made again from them.
SQLModel does not validate rows of a table: only `store.py` writes them, from checked values.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Text, UniqueConstraint
from sqlmodel import Field, SQLModel

HEAD = "0003"
"""The revision of the schema that this program reads and writes."""
_SERIAL = BigInteger().with_variant(Integer, "sqlite")  # SQLite keeps INTEGER keys as row numbers


def _key(name: str) -> Column[int]:
    """Return a whole number for a key, which we count ourselves: one writer, no gaps."""
    return Column(name, _SERIAL, primary_key=True, autoincrement=False)


class EntryRow(SQLModel, table=True):
    """An accepted entry of a custody record, in order of arrival. Append-only."""

    __tablename__ = "entry"
    __table_args__ = (
        UniqueConstraint("force", "source", "id", name="entry_once"),
        Index("entry_by_record", "force", "record"),
        Index("entry_by_arrival", "received_at"),
    )

    seq: int = Field(sa_column=_key("seq"))
    received_at: int = Field(sa_type=BigInteger)
    feed: str = Field(sa_type=Text)
    force: str = Field(sa_type=Text)
    source: str = Field(sa_type=Text)
    id: str = Field(sa_type=Text)
    record: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    at: int = Field(sa_type=BigInteger)
    recorded_at: int | None = Field(sa_type=BigInteger)
    not_carried: str = Field(sa_type=Text)
    """What its source declared that it does not carry (JSON)."""
    body: str = Field(sa_type=Text)
    """The whole entry as checked (JSON); empty once erased."""
    salt: str = Field(sa_type=Text)
    content: str = Field(sa_type=Text)
    """Digest of what it says, with salt."""
    digest: str = Field(sa_type=Text)
    """Seals this row and all before it."""
    erased_by: int | None = Field(sa_type=BigInteger)
    """The row of the log that erased it."""


class LogRow(SQLModel, table=True):
    """What a person did, and what an alert became. Append-only; each row seals those before it."""

    __tablename__ = "log"
    __table_args__ = (Index("log_by_key", "key"), Index("log_by_what", "what", "seq"))

    seq: int = Field(sa_column=_key("seq"))
    at: int = Field(sa_type=BigInteger)
    what: str = Field(sa_type=Text)
    key: str | None = Field(sa_type=Text)
    body: str | None = Field(sa_type=Text)
    """Who, reason, times (JSON, with salt); NULL once erased under the retention rules."""
    content: str = Field(sa_type=Text)
    """Digest of the body: the chain holds when the body is erased."""
    digest: str = Field(sa_type=Text)
    erased_by: int | None = Field(sa_type=BigInteger)
    """The row of the log that erased its body."""


class SetAsideRow(SQLModel, table=True):
    """A line that was not taken, with the reason: once each, however often it is read."""

    __tablename__ = "set_aside"
    __table_args__ = (Index("set_aside_by_time", "at"),)

    digest: str = Field(sa_type=Text, primary_key=True)
    at: int = Field(sa_type=BigInteger)
    feed: str = Field(sa_type=Text)
    origin: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    line: str = Field(sa_type=Text)
    record: str | None = Field(sa_type=Text)


class FeedRow(SQLModel, table=True):
    """Where reading of a feed has come to, and its health."""

    __tablename__ = "feed"

    name: str = Field(sa_type=Text, primary_key=True)
    position: str = Field(sa_type=Text)
    heartbeat_at: int | None = Field(sa_type=BigInteger)
    last_entry_at: int | None = Field(sa_type=BigInteger)
    problem: str | None = Field(sa_type=Text)


class AssessmentRow(SQLModel, table=True):
    """The last assessment of a detention. A projection."""

    __tablename__ = "assessment"
    __table_args__ = (Index("assessment_by_change", "next_change_at"),)

    detention: str = Field(sa_type=Text, primary_key=True)
    as_of: int = Field(sa_type=BigInteger)
    next_change_at: int | None = Field(sa_type=BigInteger)
    unclosed: bool
    ruleset: str = Field(sa_type=Text)
    body: str = Field(sa_type=Text)


class FindingRow(SQLModel, table=True):
    """What a finding became, and when: a row for each change. A projection."""

    __tablename__ = "finding"
    __table_args__ = (Index("finding_by_detention", "detention", "at"),)

    key: str = Field(sa_type=Text, primary_key=True)
    at: int = Field(sa_column=Column("at", BigInteger, primary_key=True, autoincrement=False))
    detention: str = Field(sa_type=Text)
    body: str | None = Field(sa_type=Text)
    """The finding (JSON); NULL where it is no longer found."""
    ruleset: str = Field(sa_type=Text)
    """By which rules it became so."""


class AlertRow(SQLModel, table=True):
    """A finding put before a person, in its present state. A projection."""

    __tablename__ = "alert"
    __table_args__ = (
        Index("alert_by_detention", "detention"),
        Index("alert_by_change", "changes_at"),
    )

    key: str = Field(sa_type=Text, primary_key=True)
    detention: str = Field(sa_type=Text)
    record: str = Field(sa_type=Text)
    rule: str = Field(sa_type=Text)
    duty: str | None = Field(sa_type=Text)
    severity: str = Field(sa_type=Text)
    authority: str = Field(sa_type=Text)
    due_at: int | None = Field(sa_type=BigInteger)
    state: str = Field(sa_type=Text)
    since: int = Field(sa_type=BigInteger)
    raised_at: int | None = Field(sa_type=BigInteger)
    active: bool
    seen: bool
    deadline_missed: bool
    answered: bool
    recorded_late: int | None = Field(sa_type=BigInteger)
    owner: str = Field(sa_type=Text)
    expected_at: int | None = Field(sa_type=BigInteger)
    times: int = Field(sa_type=BigInteger)
    escalated_at: int | None = Field(sa_type=BigInteger)
    because_of: str | None = Field(sa_type=Text)
    message: str = Field(sa_type=Text)
    ruleset: str = Field(sa_type=Text)
    changes_at: int | None = Field(sa_type=BigInteger)
    """When the state changes with no new entry or act; NULL: never."""


class RuleSetRow(SQLModel, table=True):
    """The files of a rule set that judged: what rule applied on a day, and what to start again by."""

    __tablename__ = "ruleset"

    hash: str = Field(sa_type=Text, primary_key=True)
    kept_at: int = Field(sa_type=BigInteger)
    policy: str | None = Field(sa_type=Text)
    """The name of the force's policy file among them, if there was one."""
    files: str = Field(sa_type=Text)
    """Text by name (JSON)."""


class ProgressRow(SQLModel, table=True):
    """How far the projections reach: one row."""

    __tablename__ = "progress"

    id: int = Field(sa_column=Column("id", Integer, primary_key=True, autoincrement=False))
    entry_seq: int = Field(sa_type=BigInteger)
    log_seq: int = Field(sa_type=BigInteger)
    settled_at: int = Field(sa_type=BigInteger)
    ruleset: str = Field(sa_type=Text)
    limits: str = Field(sa_type=Text)
    """The limits of the live monitor in force (JSON), for those who act."""
    fault: str | None = Field(sa_type=Text)
    """Why the rules could not be loaded anew, if they could not."""
    version: int = Field(sa_type=BigInteger)
    """Counts every change of a projection, so that a screen can tell cheaply whether to read."""
