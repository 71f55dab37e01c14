"""Entries sealed like the log; erasure under the retention rules; escalation; limits; rule sets."""

import secrets

import sqlalchemy as sa
from alembic import op

from detention_monitor.live.chain import FIRST, entry_content, entry_digest

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_EMPTY = sa.text("''")
_TEXTS = (("entry", "salt"), ("entry", "content"), ("entry", "digest"), ("finding", "ruleset"),
          ("alert", "owner"), ("progress", "limits"))  # fmt: skip
_NUMBERS = (("entry", "erased_by"), ("log", "erased_by"), ("alert", "expected_at"),
            ("alert", "escalated_at"))  # fmt: skip
_WHERE_ERASED = (
    "EXISTS (SELECT 1 FROM log AS cause WHERE cause.seq = NEW.erased_by AND cause.what = 'erase')"
)
_SAME = {
    "entry": ("seq", "received_at", "feed", "force", "source", "content", "digest"),
    "log": ("seq", "at", "what", "content", "digest"),
}
_TOMBSTONE = {
    "entry": "NEW.id LIKE 'erased:%' AND NEW.record = '' AND NEW.kind = '' AND NEW.at = 0 "
    "AND NEW.recorded_at IS NULL AND NEW.not_carried = '' AND NEW.body = '' AND NEW.salt = ''",
    "log": "OLD.what <> 'erase' AND NEW.body IS NULL "
    "AND (NEW.key = OLD.key OR (NEW.key IS NULL AND OLD.key IS NULL))",
}


def _allowed(table: str) -> str:
    """Return when a row may change: from what it says to a tombstone that names its cause."""
    same = " AND ".join(f"NEW.{name} = OLD.{name}" for name in _SAME[table])
    once = "OLD.erased_by IS NULL AND NEW.erased_by IS NOT NULL"
    return f"{once} AND {same} AND {_TOMBSTONE[table]} AND {_WHERE_ERASED}"


def _is_postgresql() -> bool:
    return bool(op.get_bind().dialect.name == "postgresql")


def upgrade() -> None:
    """Add the columns, seal the entries that are there, and let a text be erased."""
    for table in ("entry", "log"):
        _drop_guard(table)
    for table, name in _TEXTS:
        op.add_column(table, sa.Column(name, sa.Text, nullable=False, server_default=_EMPTY))
    for table, name in _NUMBERS:
        op.add_column(table, sa.Column(name, sa.BigInteger, nullable=True))
    one = sa.text("1")
    op.add_column("alert", sa.Column("times", sa.BigInteger, nullable=False, server_default=one))
    op.add_column("progress", sa.Column("fault", sa.Text, nullable=True))
    op.create_index("log_by_what", "log", ["what", "seq"])
    op.create_table(
        "ruleset",
        sa.Column("hash", sa.Text, primary_key=True),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
        sa.Column("policy", sa.Text, nullable=True),
        sa.Column("files", sa.Text, nullable=False),
    )
    _seal()
    op.execute(
        "UPDATE progress SET ruleset = ''"
    )  # projections are made anew, with the new columns
    for table in ("entry", "log"):
        _guard(table)


def _seal() -> None:
    connection = op.get_bind()
    names = ("id", "record", "kind", "at", "recorded_at", "not_carried", "body")
    wanted = (
        f"SELECT seq, received_at, feed, force, source, {', '.join(names)} FROM entry ORDER BY seq"
    )
    change = sa.text("UPDATE entry SET salt = :s, content = :c, digest = :d WHERE seq = :q")
    before = FIRST
    for seq, received_at, feed, force, source, *parts in connection.execute(sa.text(wanted)).all():
        salt = secrets.token_hex(8)
        content = entry_content(salt, parts)
        before = entry_digest(before, seq, received_at, (feed, force, source), content)
        connection.execute(change, {"s": salt, "c": content, "d": before, "q": seq})


def _drop_guard(table: str) -> None:
    if _is_postgresql():
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        return
    op.execute(f"DROP TRIGGER {table}_no_update")


def _guard(table: str) -> None:
    refusal = f"{table} is append-only"
    if _is_postgresql():
        op.execute(
            f"CREATE FUNCTION {table}_erase_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN IF {_allowed(table)} THEN RETURN NEW; END IF; "
            f"RAISE EXCEPTION '{refusal}'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_erase_only BEFORE UPDATE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_erase_only()"
        )
        return
    # UPDATE OR REPLACE deletes the row in its way without firing a delete trigger.
    free = f"NOT EXISTS (SELECT 1 FROM {table} AS other WHERE other.seq <> NEW.seq AND "
    free += "other.force = NEW.force AND other.source = NEW.source AND other.id = NEW.id)"
    allowed = _allowed(table) + (f" AND {free}" if table == "entry" else "")
    op.execute(
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} WHEN ({allowed}) IS NOT TRUE "
        f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
    )


def downgrade() -> None:
    """Take the columns away; refused once something was erased, which the former schema forbids."""
    connection = op.get_bind()
    for table in ("entry", "log"):
        wanted = f"SELECT count(*) FROM {table} WHERE erased_by IS NOT NULL"
        if connection.scalar(sa.text(wanted)):
            message = f"rows of {table} were erased; the former schema has no place for that"
            raise RuntimeError(message)
    for table in ("entry", "log"):
        if _is_postgresql():
            op.execute(f"DROP TRIGGER {table}_erase_only ON {table}")
            op.execute(f"DROP FUNCTION {table}_erase_only()")
        _drop_guard(table)
    op.drop_table("ruleset")
    op.drop_index("log_by_what", "log")
    op.drop_column("progress", "fault")
    op.drop_column("alert", "times")
    for table, name in (*_NUMBERS, *_TEXTS):
        op.drop_column(table, name)
    for table in ("entry", "log"):
        _guard_wholly(table)


def _guard_wholly(table: str) -> None:
    """Put the guard of the former schema back, which lets nothing change at all."""
    refusal = f"{table} is append-only"
    if _is_postgresql():
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION {table}_append_only()"
        )
        return
    op.execute(
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
    )
