"""What is old is erased and leaves tombstones; what is held stays; the chains tell all the rest."""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.live.access import accesses, note
from detention_monitor.live.acts import Held, acknowledge
from detention_monitor.live.chain import detention_key
from detention_monitor.live.intake import entries
from detention_monitor.live.log import verify
from detention_monitor.live.may_act import ActError
from detention_monitor.live.projection import rebuild
from detention_monitor.live.reading import StoredAssessments, alerts
from detention_monitor.live.retention import erase, hold, holds, release, survey
from detention_monitor.live.reviews import Review, reviews
from detention_monitor.live.reviews import keep as keep_review
from detention_monitor.live.store import ENTRY, LOG, Store, StoreError
from detention_monitor.rulefile import RuleSet
from detention_monitor.times import parse_instant, start_of_day
from tests.live import column, line, rows
from tests.test_monitor import WHO, Live, projections

BEFORE = start_of_day(date(2025, 6, 11))
NOW = parse_instant("2025-06-13T12:00:00+01:00")[0]


def child(number: int, day: str, *, leaves: bool = True) -> list[bytes]:
    """Return the record of a child who came at eight and, if they left, left at ten."""
    record = f"SECRET-{number}"
    whole = [
        line(10 * number, record=record, at=f"{day}T08:00:00+01:00",
             attrs={"dob": "2009-03-01", "station": "Leamington"}),
        line(10 * number + 1, record=record, kind="detention_authorised", at=f"{day}T08:00:00+01:00"),
    ]  # fmt: skip
    end = line(10 * number + 2, record=record, kind="released", at=f"{day}T10:00:00+01:00",
               attrs={"outcome": "no_further_action"})  # fmt: skip
    return [*whole, end] if leaves else whole


@pytest.fixture
def live(store: Store, tmp_path: Path, ruleset: RuleSet, durable: DurableBackend) -> Live:
    """Children of the tenth: 1 and 2 have left, 3 has not; child 4 came two days later."""
    made = Live(store, tmp_path / "custody.jsonl", ruleset, durable)
    made.write(
        *child(1, "2025-06-10"), *child(2, "2025-06-10"), *child(3, "2025-06-10", leaves=False)
    )
    made.write(b'{"id": "e99", "record": "SECRET-1", "kind": "no such kind"}', b"{broken SECRET")
    made.at("2025-06-10T12:00:00")
    row = next(row for row in alerts(store) if row["detention"] == "44/SECRET-1")
    acknowledge(store, Held(row["key"], row["raised_at"]), WHO, made.now, reason="SECRET reason")
    note(store, WHO, made.now, "opened", detention="44/SECRET-1")
    note(store, WHO, made.now, "searched", detail="SECRET")
    made.at("2025-06-10T12:00:01")
    made.write(*child(4, "2025-06-12"))
    made.at("2025-06-12T12:00:00")
    note(store, WHO, made.now, "opened", detention="44/SECRET-4")
    made.now = NOW
    made.monitor.step()
    return made


def whole_text(store: Store) -> str:
    """Return all that a store holds, as text."""
    tables = ("entry", "log", "set_aside", "assessment", "finding", "alert")
    return json.dumps([rows(store, table) for table in tables], default=str)


def test_what_would_be_erased_is_said_and_what_would_not_with_the_reason(live: Live) -> None:
    found = {each.detention: (each.entries, each.why_kept) for each in survey(live.store, BEFORE)}
    assert found == {
        "44/SECRET-1": (3, ""),
        "44/SECRET-2": (3, ""),
        "44/SECRET-3": (2, "no entry shows that it ended"),
    }
    assert survey(live.store, parse_instant("2025-06-10T12:00:00+01:00")[0]) == []
    a_second_later = survey(live.store, parse_instant("2025-06-10T12:00:01+01:00")[0])
    assert len(a_second_later) == 3
    assert len(column(live.store, "entry", "id")) == 11


def test_what_is_erased_leaves_tombstones_and_the_chains_hold(live: Live, tmp_path: Path) -> None:
    before = verify(live.store)
    assert before.broken_at is None
    done = erase(live.store, BEFORE, WHO, NOW)
    assert (done.detentions, done.entries, done.lines) == (2, 6, 2)
    text = whole_text(live.store)
    for name in ("SECRET-1", "SECRET-2", "SECRET reason", "{broken SECRET", '"SECRET"'):
        assert name not in text
    for name in ("SECRET-3", "SECRET-4"):
        assert name in text
    after = verify(live.store)
    assert (after.broken_at, after.why) == (None, "")
    assert (after.entries, after.erased) == (11, 6)
    assert after.entries_digest == before.entries_digest  # the very seals of before
    assert [each.detention for each in accesses(live.store)] == ["44/SECRET-4"]
    [first] = [row for row in rows(live.store, "entry") if row[0] == 1]
    assert str(first[5]).startswith("erased:")
    if live.store.url.get_backend_name() == "sqlite":
        assert done.leftover == ""
        kept = b"".join(each.read_bytes() for each in tmp_path.glob("store.db*"))
        assert b"SECRET-4" in kept
        assert b"SECRET-1" not in kept
        assert b"SECRET reason" not in kept


def test_reviews_of_a_record_go_with_it_and_the_monitor_passes_over_them(live: Live) -> None:
    before = projections(live.store)
    for name in ("44/SECRET-1", "44/SECRET-4"):
        said = Review(name, "hash", "good", f"SECRET: what {name} said was heard")
        keep_review(live.store, WHO, NOW, said)
    live.monitor.step()
    after = projections(live.store)
    assert {name: after[name] for name in ("alert", "finding", "assessment")} == {
        name: before[name] for name in ("alert", "finding", "assessment")
    }
    erase(live.store, BEFORE, WHO, NOW)

    assert [each.review.detention for each in reviews(live.store)] == ["44/SECRET-4"]
    assert "what 44/SECRET-1 said" not in whole_text(live.store)
    assert verify(live.store).broken_at is None


def test_a_legal_hold_keeps_a_detention_until_it_is_released(live: Live) -> None:
    with pytest.raises(ActError, match="a reason is needed"):
        hold(live.store, "44/SECRET-1", WHO, NOW, " ")
    with pytest.raises(ActError, match="'SECRET-1'; did you mean '44/SECRET-1'"):
        hold(live.store, "SECRET-1", WHO, NOW, "civil claim")
    with pytest.raises(ActError, match="no detention or record is called '44/SECRET-9'"):
        hold(live.store, "44/SECRET-9", WHO, NOW, "civil claim")
    with pytest.raises(ActError, match="under no legal hold"):
        release(live.store, "44/SECRET-1", WHO, NOW, "settled")
    hold(live.store, "44/SECRET-1", WHO, NOW, "civil claim")
    with pytest.raises(ActError, match="under a legal hold already"):
        hold(live.store, "44/SECRET-1", WHO, NOW, "again")
    assert [(each.detention, each.reason) for each in holds(live.store)] == [
        ("44/SECRET-1", "civil claim")
    ]
    assert erase(live.store, BEFORE, WHO, NOW).detentions == 1
    text = whole_text(live.store)
    assert "SECRET-1" in text
    assert "no such kind" in text or "e99" in text  # the line set aside of that record
    assert "SECRET-2" not in text
    release(live.store, "44/SECRET-1", WHO, NOW, "settled")
    assert holds(live.store) == []
    assert erase(live.store, BEFORE, WHO, NOW).detentions == 1
    assert "SECRET-1" not in whole_text(live.store)
    assert "civil claim" not in whole_text(live.store)
    assert verify(live.store).broken_at is None


def test_a_hold_on_a_record_holds_when_the_record_becomes_part_of_a_longer_detention(
    live: Live,
) -> None:
    hold(live.store, "44/SECRET-1", WHO, NOW, "civil claim")
    live.write(line(500, record="SECRET-1", detention_id="D-1", kind="released",
                    at="2025-06-10T10:00:00+01:00", attrs={"outcome": "no_further_action"}))  # fmt: skip
    live.monitor.step()
    later = parse_instant("2026-01-01T12:00:00+01:00")[0]
    found = {each.detention: each.why_kept for each in survey(live.store, later)}
    assert found["D-1"] == "legal hold"


def test_the_running_monitor_forgets_what_was_erased_and_goes_on(
    live: Live, ruleset: RuleSet
) -> None:
    erase(live.store, BEFORE, WHO, NOW)
    live.write(*child(5, "2025-06-13"))
    live.now += 10
    live.monitor.step()
    left = {"44/SECRET-3", "44/SECRET-4", "44/SECRET-5"}
    assert set(column(live.store, "assessment", "detention")) == left
    live.start()
    live.monitor.step()
    assert set(column(live.store, "assessment", "detention")) == left
    whole = projections(live.store)
    rebuild(live.store, ruleset, live.judge, live.now)
    assert projections(live.store) == whole
    assert verify(live.store).broken_at is None


def test_what_was_erased_and_is_sent_again_is_known_and_not_taken(live: Live) -> None:
    erase(live.store, BEFORE, WHO, NOW)
    live.path.write_bytes(b"")  # cut short: the monitor reads it all again
    live.write(*child(1, "2025-06-10"), *child(4, "2025-06-12"))
    live.monitor.step()
    assert len(column(live.store, "entry", "id")) == 11
    assert "SECRET-1" not in whole_text(live.store)


def test_nothing_is_erased_for_a_day_to_come(live: Live) -> None:
    with pytest.raises(ActError, match="give a day that has passed"):
        erase(live.store, NOW + 1, WHO, NOW)
    assert erase(live.store, start_of_day(date(2020, 1, 1)), WHO, NOW).detentions == 0
    assert len(column(live.store, "entry", "id")) == 11


# --- what the database refuses -------------------------------------------------------------------

TOMBSTONE = (
    "UPDATE entry SET id = 'erased:x', record = '', kind = '', at = 0, recorded_at = NULL, "
    "not_carried = '', body = '', salt = '', erased_by = {by} WHERE seq = 1"
)


FORBIDDEN = (
    TOMBSTONE.format(by="NULL"),
    TOMBSTONE.format(by="1"),  # a row of the log, and no erasure
    TOMBSTONE.format(by="999999"),
    TOMBSTONE.format(by="{cause}").replace("body = ''", "body = '{{}}'"),
    TOMBSTONE.format(by="{cause}").replace("SET id", "SET received_at = 1, id"),
    TOMBSTONE.format(by="{cause}").replace("SET id", "SET digest = 'x', id"),
    TOMBSTONE.format(by="{cause}").replace("SET id", "SET feed = 'x', id"),
    TOMBSTONE.format(by="{cause}").replace("id = 'erased:x', ", ""),
    "UPDATE entry SET erased_by = {cause} WHERE seq = 1",
    "DELETE FROM entry WHERE seq = 1",
    "UPDATE log SET body = NULL WHERE seq = 1",
    "UPDATE log SET body = 'x', erased_by = {cause} WHERE seq = 1",
    "UPDATE log SET body = NULL, erased_by = 1 WHERE seq = 1",
    "UPDATE log SET body = NULL, at = 1, erased_by = {cause} WHERE seq = 1",
    "UPDATE log SET body = NULL, key = 'x', erased_by = {cause} WHERE seq = 1",
    "UPDATE log SET body = NULL, erased_by = {cause} WHERE seq = {cause}",
    "DELETE FROM log WHERE seq = 1",
)
"""Changes of a row that are no erasure, or pretend to be one."""


def test_the_database_lets_nothing_be_changed_but_by_an_erasure(live: Live) -> None:
    erase(live.store, start_of_day(date(2020, 1, 1)), WHO, NOW)
    [cause] = [row[0] for row in rows(live.store, "log") if row[2] == "erase"]
    before = rows(live.store, "entry"), rows(live.store, "log")
    for statement in FORBIDDEN:
        with pytest.raises(StoreError, match="append-only"), live.store.write() as connection:
            connection.execute(sa.text(statement.format(cause=cause)))
        assert (rows(live.store, "entry"), rows(live.store, "log")) == before


def test_a_tombstone_is_for_ever(live: Live) -> None:
    erase(live.store, BEFORE, WHO, NOW)
    [cause, *_] = [row[0] for row in rows(live.store, "log") if row[2] == "erase"]
    for statement in (
        "UPDATE entry SET body = '{}' WHERE seq = 1",
        TOMBSTONE.format(by=cause),
        "UPDATE log SET body = 'x' WHERE erased_by IS NOT NULL",
    ):
        with pytest.raises(StoreError, match="append-only"), live.store.write() as connection:
            connection.execute(sa.text(statement))


def test_no_replacing_update_takes_a_tombstones_place(
    tmp_path: Path, ruleset: RuleSet, durable: DurableBackend
) -> None:
    store = Store.open(str(tmp_path / "own.db"))
    live = Live(store, tmp_path / "own.jsonl", ruleset, durable)
    live.write(*child(1, "2025-06-10"), *child(2, "2025-06-10"))
    live.at("2025-06-10T12:00:00")
    hold(store, "44/SECRET-2", WHO, NOW, "civil claim")
    erase(store, BEFORE, WHO, NOW)
    with store.read() as connection:
        name = connection.scalar(sa.select(ENTRY.c.id).where(ENTRY.c.seq == 1))
        cause = connection.scalar(sa.select(LOG.c.seq).where(LOG.c.what == "erase").limit(1))
    way = TOMBSTONE.format(by=cause).replace("UPDATE", "UPDATE OR REPLACE")
    way = way.replace("erased:x", str(name)).replace("seq = 1", "seq = 4")
    with pytest.raises(StoreError, match="append-only"), store.write() as connection:
        connection.execute(sa.text(way))
    assert verify(store).broken_at is None
    store.close()


def test_verify_says_what_was_tampered_with_under_cover_of_an_erasure(
    tmp_path: Path, ruleset: RuleSet, durable: DurableBackend
) -> None:
    path = tmp_path / "own.db"
    store = Store.open(str(path))
    live = Live(store, tmp_path / "own.jsonl", ruleset, durable)
    live.write(*child(1, "2025-06-10"), *child(4, "2025-06-12"))
    live.at("2025-06-12T12:00:00")
    erase(store, start_of_day(date(2025, 6, 11)), WHO, NOW)
    store.close()
    # all of it came on the twelfth: nothing was old enough
    again = Store.open(str(path))
    assert erase(again, start_of_day(date(2025, 6, 13)), WHO, NOW).entries == 6
    [cause] = [row[0] for row in rows(again, "log") if row[2] == "erase" and row[3]][:1]
    last = verify(again)
    assert last.broken_at is None
    again.close()

    def forged(statement: str) -> str:
        copy = tmp_path / "copy.db"
        copy.unlink(missing_ok=True)
        source, target = sqlite3.connect(path), sqlite3.connect(copy)
        source.backup(target)
        for trigger in ("log_no_update", "log_no_delete", "entry_no_update", "entry_no_delete"):
            target.execute(f"DROP TRIGGER {trigger}")
        assert target.execute(statement).rowcount >= 1
        target.commit()
        source.close()
        target.close()
        opened = Store.open(str(copy))
        why = verify(opened).why
        opened.close()
        return why

    assert forged("UPDATE entry SET content = 'x' WHERE seq = 2") == (
        "entry 2: it or an entry before was changed"
    )
    assert forged("UPDATE entry SET erased_by = 1 WHERE seq = 2") == (
        "entry 2 was erased, and no row of the log says so"
    )
    assert forged("UPDATE entry SET body = '{}' WHERE seq = 2") == (
        "entry 2 was erased, and no row of the log says so"
    )
    assert forged("DELETE FROM entry WHERE seq = 6") == (
        f"row {cause + 1} erased entries that are not there: 1"
    )


def test_a_store_of_the_former_schema_is_sealed_when_it_is_brought_up(
    url: str, ruleset: RuleSet
) -> None:
    store = Store.open(url)
    store.migrate("0001")
    row = {"received_at": 5, "feed": "f", "force": "44", "source": "", "record": "CR-1",
           "kind": "arrived", "at": 1, "recorded_at": None, "not_carried": "[]"}  # fmt: skip
    names = ("seq", "id", "body", *row)
    places = ", ".join(f":{name}" for name in names)
    with store.write() as connection:
        for number in (1, 2):
            body = json.dumps({"id": f"e{number}", "record": "CR-1", "kind": "arrived", "at": 1})
            insert = sa.text(f"INSERT INTO entry ({', '.join(names)}) VALUES ({places})")  # noqa: S608
            connection.execute(insert, {"seq": number, "id": f"e{number}", "body": body, **row})
        connection.execute(
            sa.text("INSERT INTO progress VALUES (1, 2, 0, 5, 'abc', 7)")
        )  # a monitor had worked on it
    with pytest.raises(StoreError, match="append-only"), store.write() as connection:
        connection.execute(sa.text("UPDATE entry SET body = '' WHERE seq = 1"))
    store.close()
    again = Store.open(url)
    shown = StoredAssessments(again)
    shown.advance()
    assert shown.warning(6) == "OUT OF DATE: no monitor works on this store"
    found = verify(again)
    assert (found.broken_at, found.entries, found.erased) == (None, 2, 0)
    with again.read() as connection:
        assert [each.entry for each in entries(connection)] == [
            CustodyEvent("e1", "CR-1", "arrived", 1), CustodyEvent("e2", "CR-1", "arrived", 1)
        ]  # fmt: skip
    again.close()


def test_what_was_erased_keeps_the_schema_from_going_back(live: Live) -> None:
    erase(live.store, BEFORE, WHO, NOW)
    with pytest.raises(RuntimeError, match="were erased"):
        live.store.migrate("0001")
    assert verify(live.store).erased == 6


def test_no_name_of_a_detention_stands_in_what_the_log_keeps_for_ever() -> None:
    key = detention_key("44/SECRET-1")
    assert len(key) == 20
    assert key != detention_key("44/SECRET-2")
    assert "SECRET" not in key
