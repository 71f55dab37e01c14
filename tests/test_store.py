"""The store, in SQLite and in a real PostgreSQL: what it refuses, keeps, and says when it fails."""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from sqlmodel import SQLModel

from detention_monitor.detention import Detention
from detention_monitor.entries import CustodyEvent
from detention_monitor.live import intake
from detention_monitor.live import store as store_module
from detention_monitor.live.intake import Batch, entries, ingest
from detention_monitor.live.schema import HEAD
from detention_monitor.live.store import Store, StoreError, known_revisions, packed
from detention_monitor.live.wake import Wake
from detention_monitor.records import Source
from detention_monitor.sources import SetAside
from detention_monitor.values import changed
from detention_monitor.vocabulary import Coverage
from tests.conftest import emptied
from tests.detentions import detentions
from tests.live import START, column, rows, until
from tests.postgres import Server

ARRIVED = CustodyEvent("e1", "CR-1", "arrived", START, force="44", attrs={"dob": "2009-01-11"})
OTHER = CustodyEvent("e2", "CR-1", "aa_arrived", START + 60, force="44")


PLAIN = Source()


def batch(*items: CustodyEvent | SetAside, source: Source = PLAIN, position: str = "") -> Batch:
    return Batch("feed", [(item, source) for item in items], position)


def stored(store: Store) -> list[CustodyEvent]:
    with store.read() as connection:
        return [each.entry for each in entries(connection)]


# --- the schema --------------------------------------------------------------------------------


def test_the_migrations_make_what_the_models_say(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, SQLModel.metadata) == []
    assert store.revision() == HEAD == known_revisions()[0]


def test_every_step_of_the_schema_goes_up_and_down(url: str) -> None:
    store = Store.open(url)
    ingest(store, batch(ARRIVED), START)
    store.migrate("base")
    with store.read() as connection:
        assert set(sa.inspect(connection).get_table_names()) == {"alembic_version"}
    for revision in reversed(known_revisions()):
        store.migrate(revision)
    store.close()
    again = Store.open(url)
    assert again.revision() == HEAD
    assert rows(again, "entry") == []
    ingest(again, batch(ARRIVED), START)
    again.close()


def test_instants_are_64_bit_numbers(store: Store) -> None:
    far = changed(ARRIVED, at=253_402_300_799, recorded_at=253_402_300_799)
    ingest(store, batch(far), 2**40)
    assert column(store, "entry", "at") == [253_402_300_799]
    assert column(store, "entry", "received_at") == [2**40]


@pytest.mark.parametrize("table", ["entry", "log"])
@pytest.mark.parametrize("act", ["UPDATE {} SET at = 1", "DELETE FROM {}"])
def test_the_database_itself_refuses_to_change_what_was_recorded(
    store: Store, table: str, act: str
) -> None:
    ingest(store, batch(ARRIVED), START)
    with store.write() as connection:
        from detention_monitor.live.log import append

        append(connection, 1, "test", None, {})
    before = rows(store, table)
    with pytest.raises(StoreError, match=f"{table} is append-only"), store.write() as connection:
        connection.execute(sa.text(act.format(table)))
    assert rows(store, table) == before


@pytest.mark.parametrize("table", ["entry", "log"])
def test_no_replacing_insert_and_no_truncate_gets_round_it(store: Store, table: str) -> None:
    ingest(store, batch(ARRIVED), START)
    with store.write() as connection:
        from detention_monitor.live.log import append

        append(connection, 1, "test", None, {})
    way = "INSERT OR REPLACE INTO {0} SELECT * FROM {0}"
    if store.url.get_backend_name() == "postgresql":
        way = "TRUNCATE {0}"
    with pytest.raises(StoreError, match="append-only"), store.write() as connection:
        connection.execute(sa.text(way.format(table)))
    assert len(rows(store, table)) == 1


def test_every_write_of_another_process_wakes_and_nothing_else_does(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = Store.open(str(path))
    wake = Wake(store)
    journal = Path(f"{path}-wal")

    def age() -> None:
        """Let the journal's last write be an hour old, as on a quiet night."""
        found = journal.stat()
        os.utime(journal, (found.st_atime - 3_600, found.st_mtime - 3_600))

    ingest(store, batch(ARRIVED), START)
    age()
    assert wake.asks()  # the first time
    assert not wake.asks()
    stored(store)  # reading is no news
    assert not wake.asks()
    other = Store.open(str(path))
    ingest(other, batch(OTHER), START)
    assert wake.asks()
    assert wake.asks()  # so fresh that a second write might not show
    age()
    assert wake.asks()
    assert not wake.asks()
    with other.write() as connection:
        connection.execute(sa.text("UPDATE feed SET position = 'x'"))
    assert wake.asks()
    other.close()
    store.close()
    journal.unlink(missing_ok=True)
    assert wake.asks()  # where nothing is known


def test_a_server_wakes_whoever_listens(postgres: Server) -> None:
    """A quiet store is asked once a second, not twenty-five times; a write is heard.

    The server tells of it when it gets to that, so it is looked for until then; that the store is
    asked once a second all the same is out of the way, lest it be taken for having heard.
    """
    store = Store.open(emptied(postgres))
    wake = Wake(store)
    assert wake.asks()  # the first time
    looks = [wake.asks() for _ in range(20)]
    assert sum(looks) <= 3
    other = Store.open(str(store.url.render_as_string(hide_password=False)))
    wake._asked_at = float("inf")
    ingest(other, batch(ARRIVED), START)
    end = time.monotonic() + 30
    while not wake.asks():
        assert time.monotonic() < end, "nothing was heard of the write"
    with pytest.raises(StoreError), other.write() as connection:
        connection.execute(sa.text("DELETE FROM entry"))
    other.close()
    with store.read() as connection:  # the server drops who listens, as when it starts anew
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %'"
        assert connection.scalar(sa.text(ended)) is True
    until(wake.asks, "a listener that was cut off")
    assert wake.asks()  # nothing is certain until it listens again
    wake.close()
    store.close()


# --- entries -----------------------------------------------------------------------------------


@given(detentions())
@settings(max_examples=25)
def test_an_entry_comes_back_as_it_was_stored(detention: Detention) -> None:
    for entry in detention.entries:
        assert intake._entry(packed(entry)) == entry


def test_entries_come_back_in_order_of_arrival_with_what_their_source_does_not_carry(
    store: Store,
) -> None:
    coverage = Coverage.of_names(["aa_left", "review_held.mode", "checked after 2"])
    ingest(store, batch(OTHER, source=Source("hub", None, coverage)), START)
    ingest(store, batch(ARRIVED), START)
    with store.read() as connection:
        first, second = entries(connection)
    assert (first.seq, first.entry, first.coverage) == (1, OTHER, coverage)
    assert (second.seq, second.entry, second.coverage) == (2, ARRIVED, Coverage())


def test_an_equal_entry_again_is_passed_over_wherever_it_stands(store: Store) -> None:
    moved = changed(ARRIVED, origin="elsewhere:7")
    assert ingest(store, batch(ARRIVED, moved), START).again == 1
    taken = ingest(store, batch(moved, OTHER), START)
    assert (taken.stored, taken.again, taken.set_aside) == (1, 1, [])
    assert stored(store) == [ARRIVED, OTHER]


def test_another_entry_with_a_used_id_is_set_aside_with_the_reason(store: Store) -> None:
    ingest(store, batch(changed(ARRIVED, origin="a:1")), START)
    wrong = changed(ARRIVED, kind="aa_arrived", origin="a:2")
    [aside] = ingest(store, batch(wrong), START).set_aside
    assert aside.reason.startswith("id e1 was used before for another entry (a:1)")
    ingest(store, batch(wrong), START + 5)
    assert column(store, "set_aside", "origin") == ["a:2"]
    assert len(stored(store)) == 1


def test_each_source_and_force_counts_its_own_ids(store: Store) -> None:
    ingest(store, batch(ARRIVED), START)
    elsewhere = changed(ARRIVED, record="CR-9")
    assert ingest(store, batch(elsewhere, source=Source("hub")), START).stored == 1
    assert ingest(store, batch(changed(ARRIVED, force="45")), START).stored == 1
    same_record = changed(ARRIVED, at=START + 9)
    assert len(ingest(store, batch(same_record, source=Source("hub2")), START).set_aside) == 1


def test_files_of_a_source_without_a_name_count_their_own_ids(store: Store) -> None:
    """A folder with a file for each record, which begins to number anew: as in a replay."""
    one, other = (
        batch(changed(ARRIVED, origin="a:1")),
        changed(ARRIVED, record="CR-9", origin="b:1"),
    )
    ingest(store, replace(one, feed="in/a.jsonl"), START)
    assert ingest(store, replace(batch(other), feed="in/b.jsonl"), START).stored == 1
    # In one file the same id is one entry's, and a record sent again in another file is known.
    [aside] = ingest(store, replace(batch(other), feed="in/a.jsonl"), START).set_aside
    assert "used before for another entry" in aside.reason
    again = ingest(store, replace(one, feed="in/c.jsonl"), START)
    assert (again.stored, again.again) == (0, 1)
    late = changed(ARRIVED, at=START + 9)
    assert len(ingest(store, replace(batch(late), feed="in/c.jsonl"), START).set_aside) == 1


def test_arrival_never_goes_back_though_our_clock_may(store: Store) -> None:
    ingest(store, batch(ARRIVED), START)
    ingest(store, batch(OTHER), START - 300)
    assert column(store, "entry", "received_at") == [START, START]


def test_a_clock_far_behind_what_is_stored_is_refused(store: Store) -> None:
    ingest(store, batch(ARRIVED), START)
    with pytest.raises(StoreError, match="put the clock right"):
        ingest(store, batch(OTHER), START - 301)
    assert stored(store) == [ARRIVED]


def test_hostile_text_is_kept_as_text(store: Store) -> None:
    nasty = "\0'; DROP TABLE entry; --\u202e[red]\x1b[2J"
    entry = changed(ARRIVED, attrs={"station": nasty})
    aside = SetAside("f:1", f"reason {nasty}", nasty, nasty)
    ingest(store, batch(entry, aside), START)
    assert stored(store) == [entry]
    assert "DROP TABLE" in column(store, "set_aside", "line")[0]


def test_a_batch_is_stored_with_its_place_in_the_feed_or_not_at_all(store: Store) -> None:
    bad = changed(OTHER, id=None)
    with pytest.raises(StoreError):
        ingest(store, batch(ARRIVED, bad, position="2"), START)
    assert stored(store) == []
    assert rows(store, "feed") == []


# --- failures that a person can put right -------------------------------------------------------


def test_a_store_is_readable_by_its_owner_only_with_all_its_files(tmp_path: Path) -> None:
    store = Store.open(str(tmp_path / "store.db"))
    with store.alone():
        ingest(store, batch(ARRIVED), START)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    store.close()
    assert modes == dict.fromkeys(
        ("store.db", "store.db-wal", "store.db-shm", "store.db.lock"), 0o600
    )


def test_a_store_of_a_newer_program_is_refused(url: str) -> None:
    store = Store.open(url)
    with store.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(StoreError, match="written by a newer program"):
        Store.open(url)


def test_only_one_monitor_works_on_a_store(url: str) -> None:
    one, two = Store.open(url), Store.open(url)
    with (
        one.alone(),
        pytest.raises(StoreError, match="another monitor works on this store"),
        two.alone(),
    ):
        pass
    with two.alone():
        pass
    one.close()
    two.close()


@pytest.mark.parametrize(
    "address, says",
    [
        ("{}/none/store.db", "no such folder"),
        ("{}", "a folder; name a file in it"),
        ("{}/text", "not a store, or damaged"),
        ("mysql://u:secret@h/d", r"mysql://u:\*\*\*@h/d: the store is"),
        ("postgresql://u:secret@127.0.0.1:1/d", r"u:\*\*\*@.*does not answer"),
        ("no://", "is not the address|the store is"),
    ],
)
def test_what_cannot_be_opened_says_why(tmp_path: Path, address: str, says: str) -> None:
    (tmp_path / "text").write_text("this is no database" * 100)
    with pytest.raises(StoreError, match=says) as error:
        Store.open(address.format(tmp_path))
    assert "secret" not in str(error.value)


def test_a_screen_makes_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store here"):
        Store.open(str(tmp_path / "store.db"), create=False)
    assert list(tmp_path.iterdir()) == []


def test_a_locked_store_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "BUSY_MS", 50)
    store = Store.open(str(tmp_path / "store.db"))
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked by another program"):
        ingest(store, batch(ARRIVED), START)
    other.execute("ROLLBACK")
    other.close()
    assert ingest(store, batch(ARRIVED), START).stored == 1
    store.close()


def test_a_server_that_goes_away_says_so_and_is_used_again_when_it_is_back(
    postgres: Server,
) -> None:
    store = Store.open(emptied(postgres))
    ingest(store, batch(ARRIVED), START)
    postgres.stop()
    try:
        with pytest.raises(StoreError, match="does not answer"):
            ingest(store, batch(OTHER), START)
    finally:
        postgres.start()
    assert ingest(store, batch(ARRIVED, OTHER), START).stored == 1
    store.close()
