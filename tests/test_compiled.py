"""The compiled back-end says what durable_rules says, and a run through it shows that it does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given

from detention_monitor.assess import Backend, assess, end_of
from detention_monitor.backends import ENGINES, DisagreementError, backend_for, difference
from detention_monitor.cli import cli
from detention_monitor.compiled import CompiledBackend
from detention_monitor.conditions import Test as Comparison
from detention_monitor.detention import Detention, Reading, detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import RecordError
from detention_monitor.generate import generate
from detention_monitor.judging import Settings, backend_of
from detention_monitor.partition import Partition
from detention_monitor.paths import bundled_rules
from detention_monitor.pythontext import kind_text
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.ruletests import cases
from detention_monitor.runstate import RunState
from detention_monitor.sources import read_entries
from detention_monitor.untidy import MESSY
from detention_monitor.values import changed
from detention_monitor.vocabulary import Attribute
from detention_monitor.watches import Selection
from tests.conftest import RULES, SAMPLES
from tests.detentions import detentions
from tests.test_properties import DURABLE, REFERENCE, RULESET, many

COMPILED = CompiledBackend(RULESET.plan)
STORIES = sorted(SAMPLES.glob("*.jsonl"))


def told(detention: Detention, backend: Backend, reading: Reading, at: int | None = None) -> str:
    """Return in what a back-end and durable_rules differ; empty if in nothing."""
    as_of = end_of(detention, RULESET, reading) if at is None else at
    by_engine = assess(detention, RULESET, as_of, backend=DURABLE, reading=reading)
    by_other = assess(detention, RULESET, as_of, backend=backend, reading=reading)
    assert by_other.judged_by in (backend.name, "")  # "": refused
    return difference(by_other, by_engine)


def read(path: Path) -> Iterator[Detention]:
    got = [each for each, _ in read_entries([str(path)], RULESET.vocabulary)]
    yield from detentions_of([each for each in got if isinstance(each, CustodyEvent)])


@pytest.mark.parametrize("story", STORIES, ids=lambda path: path.stem)
def test_every_story_is_judged_the_same(story: Path) -> None:
    for detention in read(story):
        for reading in ("as_happened", "as_known"):
            try:
                assert told(detention, COMPILED, reading) == ""
            except RecordError:
                assert reading == "as_known"  # a source that does not say when it was written


def test_every_rule_test_is_judged_the_same_by_all_three() -> None:
    compared = 0
    for ruleset, found in cases(load_rules(RULES)):
        if not found:
            continue
        durable, compiled, reference = [backend_for(each, ruleset.plan) for each in ENGINES]
        for case in found:
            by_compiled = case.judged(compiled)
            assert difference(by_compiled, case.judged(durable)) == "", case.test.name
            assert difference(by_compiled, case.judged(reference)) == "", case.test.name
            compared += 1
    assert compared > 1_000


@many
@given(detention=detentions())
def test_random_detentions_are_judged_the_same(detention: Detention) -> None:
    assert told(detention, COMPILED, "as_happened") == ""
    middle = detention.entries[len(detention.entries) // 2].at
    assert told(detention, COMPILED, "as_happened", middle) == ""
    assert told(detention, REFERENCE, "as_happened", middle) == ""


def test_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detention_monitor.compiled._MOST_REMEMBERED", 1)
    forgetful = CompiledBackend(RULESET.plan)
    for detention in read(SAMPLES / "busy_day.jsonl"):
        assert told(detention, forgetful, "as_happened") == ""


# --- what is generated ---------------------------------------------------------------------------


def test_a_word_that_is_no_name_is_never_put_into_the_text() -> None:
    name = "x'); import os  #"
    selection = Selection(("noted",), Comparison(name, "exists"))
    with pytest.raises(ValueError, match="not the name of an attribute"):
        kind_text([(0, selection)], {name: Attribute(name, "text")}, {})


def test_what_a_condition_compares_with_is_a_constant() -> None:
    word = "'+__import__('os').abort()+'"
    selection = Selection(("noted",), Comparison("mode", "is", (word,)))
    made = kind_text([(7, selection)], {"mode": Attribute("mode", "enum", (word, "other"))}, {})
    space: dict[str, object] = {"kept": {}, "decided": lambda _told, found: found}
    exec(made.text, space)  # noqa: S102 - the text under test
    decide = space["decide"]
    assert callable(decide)
    assert decide({"mode": word}.get, 0, 0) == [(7, 2)]
    assert decide({"mode": "other"}.get, 0, 0) == []
    assert decide({}.get, 0, 0) == [(7, 1)]


# --- through the command -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    path.write_text("\n".join(json.dumps(each) for each in generate(120, 5, mess=MESSY)) + "\n")
    return path


def replay(records: Path, out: Path, *options: str) -> Result:
    with_out = ["replay", str(records), "--format", "jsonl", "--out", str(out)]
    return CliRunner().invoke(cli, [*with_out, *options], catch_exceptions=True)


def test_the_engines_find_the_same_and_say_who_they_are(tmp_path: Path) -> None:
    records = tmp_path / "few.jsonl"
    few = generate(25, 6, mess=MESSY)
    records.write_text("\n".join(json.dumps(each) for each in few) + "\n")
    found = {}
    for engine in ENGINES:
        out = tmp_path / f"{engine}.jsonl"
        ran = replay(records, out, "--engine", engine, "--check", "10", "--seed", "4")
        assert ran.exit_code in (0, 3), ran.stderr
        lines = [json.loads(line) for line in out.read_bytes().splitlines()]
        judges = {each.pop("judged_by") for each in lines if "refused" not in each}
        assert judges == {"durable_rules" if engine == "durable" else engine}
        found[engine] = lines
    assert found["compiled"] == found["durable"] == found["reference"]
    assert len(found["durable"]) > 500


def test_the_record_of_a_run_names_the_back_end_and_all_that_it_rests_on(
    records: Path, tmp_path: Path
) -> None:
    out = tmp_path / "found.jsonl"
    ran = replay(records, out, "--engine", "compiled", "--check", "10")
    path = tmp_path / "found.jsonl.run.json"
    record = json.loads(path.read_text())

    assert record["engine"] == "compiled"
    assert record["ruleset"] == load_rules(RULES).hash
    checked = record["checked_by_durable_rules"]
    assert 5 < checked["detentions"] < 40
    assert f"of {checked['detentions']} durable_rules said the same" in ran.stderr
    for name, file in (("inputs", records), ("result", out)):
        told_of = record[name][0] if name == "inputs" else record[name]
        assert told_of["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert record["counted"]["detentions"] == 120
    assert path.stat().st_mode & 0o777 == 0o600

    again = replay(records, out, "--engine", "compiled", "--check", "10", "--workers", "2")
    assert again.exit_code == ran.exit_code
    second = json.loads(path.read_text())
    assert record.pop("when")["command"] != ""
    second.pop("when")
    assert second == record


def test_a_difference_ends_the_run_with_the_detention_and_the_first_difference(
    records: Path, tmp_path: Path
) -> None:
    """The compiled back-end is spoilt as a wrong compiler would spoil it: one kind says nothing."""
    spoilt = backend_of("compiled", bundled_rules(), None)
    assert isinstance(spoilt, CompiledBackend)
    said = spoilt._strata[1_000]._said
    before = said["review_held"]
    said["review_held"] = (lambda _get, _at, _inside: ((), ())), before[1]
    try:
        ran = replay(records, tmp_path / "found.jsonl", "--engine", "compiled")
    finally:
        said["review_held"] = before

    assert isinstance(ran.exception, DisagreementError)  # `main` prints it and exits with 2
    words = str(ran.exception)
    assert words.startswith("99/SYN-0000001: the back-ends do not agree on this detention (D")
    assert "is found by durable_rules alone" in words
    assert "--engine durable" in words
    assert not (tmp_path / "found.jsonl").exists()
    assert not (tmp_path / "found.jsonl.run.json").exists()
    assert replay(records, tmp_path / "found.jsonl", "--engine", "compiled").exit_code in (0, 3)


def test_another_engine_is_another_run(records: Path, tmp_path: Path) -> None:
    """What durable_rules began is not gone on with by the compiled back-end."""
    out = tmp_path / "found.jsonl"
    stopped = RunState(out, resume=False)
    stopped.__enter__()
    stopped.begin([str(records)], Settings(RULES), print)
    stopped.partitioned(Partition([]))
    stopped.__exit__(KeyboardInterrupt)
    ran = replay(records, out, "--engine", "compiled", "--resume")
    assert "--engine" in str(ran.exception)


def test_difference_names_what_one_alone_found(ruleset: RuleSet, durable: DurableBackend) -> None:
    detention = next(iter(read(SAMPLES / "S01_seed_not_heard_not_apart.jsonl")))
    whole = assess(detention, ruleset, end_of(detention, ruleset), backend=durable)
    fewer = changed(whole, findings=whole.findings[1:])
    missing = whole.findings[0]
    assert difference(whole, fewer).startswith(f"{missing.rule} ({missing.status}")
    assert "alone" in difference(fewer, whole)
    assert difference(whole, whole) == ""
