"""The first schema: entries, log, feeds, and the projections made from them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("entry", "log")
_SERIAL = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _text(name: str, *, empty: bool = False, key: bool = False) -> "sa.Column[str]":
    return sa.Column(name, sa.Text, nullable=empty, primary_key=key)


def _number(name: str, *, empty: bool = False, key: bool = False) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger, nullable=empty, primary_key=key, autoincrement=False)


def _yes_no(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean, nullable=False)


def upgrade() -> None:
    """Make the tables, and the triggers that keep entries and log from being changed."""
    op.create_table(
        "entry",
        sa.Column("seq", _SERIAL, primary_key=True, autoincrement=False),
        _number("received_at"), _text("feed"), _text("force"), _text("source"), _text("id"),
        _text("record"), _text("kind"), _number("at"), _number("recorded_at", empty=True),
        _text("not_carried"), _text("body"),
        sa.UniqueConstraint("force", "source", "id", name="entry_once"),
    )  # fmt: skip
    op.create_index("entry_by_record", "entry", ["force", "record"])
    op.create_index("entry_by_arrival", "entry", ["received_at"])
    op.create_table(
        "log",
        sa.Column("seq", _SERIAL, primary_key=True, autoincrement=False),
        _number("at"), _text("what"), _text("key", empty=True), _text("body", empty=True),
        _text("content"), _text("digest"),
    )  # fmt: skip
    op.create_index("log_by_key", "log", ["key"])
    op.create_table(
        "set_aside",
        _text("digest", key=True), _number("at"), _text("feed"), _text("origin"), _text("reason"),
        _text("line"), _text("record", empty=True),
    )  # fmt: skip
    op.create_table(
        "feed",
        _text("name", key=True), _text("position"), _number("heartbeat_at", empty=True),
        _number("last_entry_at", empty=True), _text("problem", empty=True),
    )  # fmt: skip
    op.create_table(
        "assessment",
        _text("detention", key=True), _number("as_of"), _number("next_change_at", empty=True),
        _yes_no("unclosed"), _text("ruleset"), _text("body"),
    )  # fmt: skip
    op.create_index("assessment_by_change", "assessment", ["next_change_at"])
    op.create_table(
        "finding",
        _text("key", key=True), _number("at", key=True), _text("detention"),
        _text("body", empty=True),
    )  # fmt: skip
    op.create_index("finding_by_detention", "finding", ["detention", "at"])
    op.create_table(
        "alert",
        _text("key", key=True), _text("detention"), _text("record"), _text("rule"),
        _text("duty", empty=True), _text("severity"), _text("authority"),
        _number("due_at", empty=True), _text("state"), _number("since"),
        _number("raised_at", empty=True), _yes_no("active"), _yes_no("seen"),
        _yes_no("deadline_missed"), _yes_no("answered"), _number("recorded_late", empty=True),
        _text("because_of", empty=True), _text("message"), _text("ruleset"),
        _number("changes_at", empty=True),
    )  # fmt: skip
    op.create_index("alert_by_detention", "alert", ["detention"])
    op.create_index("alert_by_change", "alert", ["changes_at"])
    op.create_table(
        "progress",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        _number("entry_seq"), _number("log_seq"), _number("settled_at"), _text("ruleset"),
        _number("version"),
    )  # fmt: skip
    for table in APPEND_ONLY:
        _guard(table)


def _guard(table: str) -> None:
    """Let the database refuse to change or delete a row, whoever asks."""
    refusal = f"{table} is append-only"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION {table}_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN RAISE EXCEPTION '{refusal}'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
        )
        return
    for act in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        )
    # INSERT OR REPLACE deletes without firing a delete trigger (recursive_triggers is off).
    same = "force = NEW.force AND source = NEW.source AND id = NEW.id OR seq = NEW.seq"
    same = same if table == "entry" else "seq = NEW.seq"
    op.execute(
        f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
        f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
        f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
    )


def downgrade() -> None:
    """Take everything away: what was recorded is lost, so only by hand and after an export."""
    for table in APPEND_ONLY:
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
            op.execute(f"DROP FUNCTION {table}_append_only()")
    for table in (
        "progress", "alert", "finding", "assessment", "feed", "set_aside", "log", "entry",
    ):  # fmt: skip
        op.drop_table(table)
