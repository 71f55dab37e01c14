"""Shared by all tests: the rules of the repository, compiled once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from detention_monitor.durable import DurableBackend
from detention_monitor.live.store import Store
from detention_monitor.reference import ReferenceBackend
from detention_monitor.rulefile import RuleSet, load_rules
from tests.postgres import Server, server

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "rules"
SAMPLES = ROOT / "sample_records"


@pytest.fixture(scope="session")
def ruleset() -> RuleSet:
    return load_rules(RULES)


@pytest.fixture(scope="session")
def durable(ruleset: RuleSet) -> DurableBackend:
    return DurableBackend(ruleset.plan)


@pytest.fixture(scope="session")
def reference(ruleset: RuleSet) -> ReferenceBackend:
    return ReferenceBackend(ruleset.plan)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with server() as running:
        yield running


def emptied(running: Server) -> str:
    """Empty the database of the server and return its URL."""
    engine = sa.create_engine(running.url().replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sa.text("DROP SCHEMA public CASCADE"))
        connection.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    return running.url()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a store that is not there yet: once in SQLite, once in PostgreSQL."""
    if request.param == "sqlite":
        return str(tmp_path / "store.db")
    return emptied(request.getfixturevalue("postgres"))


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """An empty store: once in SQLite, once in PostgreSQL."""
    opened = Store.open(url)
    yield opened
    opened.close()
