"""The outbox of a custody system: a table in a real PostgreSQL, written by other programs."""

from __future__ import annotations

import select
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

import detention_monitor.live
from detention_monitor.entries import CustodyEvent
from detention_monitor.live.outbox import MOST, Outbox
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import SetAside
from detention_monitor.vocabulary import Vocabulary
from tests.conftest import emptied
from tests.live import START, line, until
from tests.postgres import Server

TABLE = Path(detention_monitor.live.__file__).with_name("outbox.sql")


class Reader:
    """Polls an outbox and keeps its last position, as the store does."""

    def __init__(self, url: str, vocabulary: Vocabulary) -> None:
        self.url, self.vocabulary = url, vocabulary
        self.position, self.now = "", START
        self.heartbeat: int | None = None
        self.problem: str | None = None
        self.feed = Outbox(url, vocabulary)

    def restart(self) -> None:
        self.feed.close()
        self.feed = Outbox(self.url, self.vocabulary, self.position)

    def read(self) -> list[CustodyEvent | SetAside]:
        self.now += 1
        out: list[CustodyEvent | SetAside] = []
        for batch in self.feed.poll(self.now):
            out += [item for item, _ in batch.items]
            self.position, self.problem = batch.position, batch.problem
            self.heartbeat = batch.heartbeat_at or self.heartbeat
        return out

    def ids(self) -> list[str]:
        return [each.id if isinstance(each, CustodyEvent) else each.reason for each in self.read()]


@pytest.fixture
def custody(postgres: Server) -> Iterator[psycopg.Connection[Any]]:
    """The custody system's own connection, with the table made as outbox.sql says."""
    with psycopg.connect(emptied(postgres), autocommit=True) as connection:
        connection.execute(TABLE.read_bytes())
        yield connection


@pytest.fixture
def reader(
    custody: psycopg.Connection[Any], postgres: Server, ruleset: RuleSet
) -> Iterator[Reader]:
    made = Reader(postgres.url(), ruleset.vocabulary)
    yield made
    made.feed.close()


def write(connection: psycopg.Connection[Any], *bodies: bytes | None) -> None:
    for body in bodies:
        text = None if body is None else body.decode()
        connection.execute("INSERT INTO custody_outbox (body) VALUES (%s)", (text,))


def test_rows_are_given_once_in_order_and_after_a_restart_the_rest(
    reader: Reader, custody: psycopg.Connection[Any]
) -> None:
    write(custody, b'{"source": {"name": "hub", "zone": "Europe/London"}}', line(1), line(2))
    assert reader.ids() == ["e1", "e2"]
    assert reader.ids() == []
    reader.restart()
    write(custody, line(3, at="2024-09-13T05:00:00"), b"nonsense")
    third, fourth = reader.read()
    assert isinstance(third, CustodyEvent)
    assert (third.at, third.origin) == (START, "custody_outbox:4")
    assert isinstance(fourth, SetAside)
    assert fourth.origin == "custody_outbox:5"


def test_a_transaction_that_ends_late_is_not_passed_over(
    reader: Reader, custody: psycopg.Connection[Any], postgres: Server
) -> None:
    with psycopg.connect(postgres.url()) as slow:
        write(slow, line(1))  # has the lower number, and is not committed yet
        write(custody, line(2))
        assert reader.ids() == []
        slow.commit()
    assert reader.ids() == ["e1", "e2"]


def test_a_notification_wakes_us(reader: Reader, custody: psycopg.Connection[Any]) -> None:
    assert reader.ids() == []
    descriptor = reader.feed.descriptor()
    assert descriptor is not None
    assert select.select([descriptor], [], [], 0)[0] == []
    write(custody, line(1))
    assert select.select([descriptor], [], [], 10)[0] == [descriptor]
    reader.now -= 1  # within the same second: only the notification makes us ask
    assert reader.ids() == ["e1"]


def test_without_a_notification_we_ask_each_second(
    reader: Reader, custody: psycopg.Connection[Any]
) -> None:
    custody.execute("ALTER TABLE custody_outbox DISABLE TRIGGER ALL")
    assert reader.ids() == []
    reader.now += 5
    write(custody, line(1))
    assert reader.ids() == ["e1"]


def test_a_row_without_a_body_is_a_sign_of_life(
    reader: Reader, custody: psycopg.Connection[Any]
) -> None:
    write(custody, line(1))
    reader.read()
    assert reader.heartbeat is None
    write(custody, None)
    assert reader.read() == []
    assert reader.heartbeat == reader.now  # written by a clock ahead of the test's: now


def test_a_backlog_comes_in_parts(reader: Reader, custody: psycopg.Connection[Any]) -> None:
    with custody.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO custody_outbox (body) VALUES (%s)",
            [(line(number).decode(),) for number in range(MOST + 5)],
        )
    reader.now += 1
    assert [len(batch.items) for batch in reader.feed.poll(reader.now)] == [MOST, 5]


def test_a_database_restored_from_a_copy_is_read_again(
    reader: Reader, custody: psycopg.Connection[Any]
) -> None:
    write(custody, line(1))
    reader.position = '{"xact": 4000000000, "id": 99, "source": null}'
    reader.restart()
    assert reader.ids() == ["e1"]


def test_a_database_that_goes_away_is_a_problem_and_then_none(
    reader: Reader, custody: psycopg.Connection[Any], postgres: Server
) -> None:
    write(custody, line(1))
    assert reader.ids() == ["e1"]
    custody.close()
    postgres.stop()
    try:
        reader.now += 5
        assert reader.ids() == []
        assert "the outbox does not answer" in str(reader.problem)
        assert reader.feed.descriptor() is None
    finally:
        postgres.start()
    with psycopg.connect(postgres.url(), autocommit=True) as again:
        write(again, line(2))
    until(lambda: reader.ids() == ["e2"], "the second entry")
    assert reader.problem is None


def test_a_table_that_is_not_there_is_said(postgres: Server, ruleset: RuleSet) -> None:
    reader = Reader(emptied(postgres), ruleset.vocabulary)
    assert reader.ids() == []
    assert 'relation "custody_outbox" does not exist' in str(reader.problem)
    reader.feed.close()


def test_its_name_holds_no_password(ruleset: RuleSet) -> None:
    assert "secret" not in Outbox("postgresql://u:secret@h/d", ruleset.vocabulary).name
