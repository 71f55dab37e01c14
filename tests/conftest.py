"""Shared by all tests: the rules of the repository, compiled once."""

from pathlib import Path

import pytest

from detention_monitor.durable import DurableBackend
from detention_monitor.reference import ReferenceBackend
from detention_monitor.rulefile import RuleSet, load_rules

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
