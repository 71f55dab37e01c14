"""The live part of the command line: alerts and acts upon them, who looked, private files."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detention_monitor.durable import DurableBackend
from detention_monitor.errors import RuleFileError
from detention_monitor.live.access import ACTIONS, accesses, note
from detention_monitor.live.acts import (
    Held,
    Person,
    acknowledge,
    handle,
    held_by,
    shelve,
    undo,
    version_of,
)
from detention_monitor.live.limits import Limits, LimitsError, read_limits
from detention_monitor.live.log import verify
from detention_monitor.live.may_act import ActError
from detention_monitor.live.reading import alerts, feeds, load_of
from detention_monitor.live.store import Store
from detention_monitor.live.worker import InProcess
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.times import clock_text
from tests.conftest import ROOT
from tests.live import column, line, rows, today
from tests.test_monitor import BOOKED_IN, WHO, Live

OTHER = Person("Patel", verified=True, host="desk-2")


@pytest.fixture
def live(store: Store, tmp_path: Path, ruleset: RuleSet, durable: DurableBackend) -> Live:
    return Live(store, tmp_path / "custody.jsonl", ruleset, durable)


def the(live: Live, rule: str) -> dict[str, object]:
    [row] = [dict(row) for row in alerts(live.store) if row["rule"] == rule]
    return row


def held(live: Live, rule: str) -> Held:
    return held_by(live.store, handle(the(live, rule)))


# --- the version of an alert -------------------------------------------------------------------


def test_an_act_upon_what_has_become_something_else_is_refused(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:00:00")
    seen = held(live, "D01-first-review")
    assert seen.raised_at is None
    live.at("2025-06-10T14:00:01")  # due now, and as little raised as before
    with pytest.raises(ActError, match="it is due not yet recorded now"):
        acknowledge(live.store, seen, WHO, live.now)
    acknowledge(live.store, held(live, "D01-first-review"), WHO, live.now)


def test_two_acts_in_one_moment_are_one_act_and_a_refusal(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:15:01")
    seen = held(live, "D01-first-review")
    acknowledge(live.store, seen, WHO, live.now)
    with pytest.raises(ActError, match="somebody has acted upon it in this moment"):
        acknowledge(live.store, seen, OTHER, live.now)


def test_a_version_changes_with_what_a_person_sees_and_with_nothing_else(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:15:01")
    row = the(live, "D01-first-review")
    same = {**row, "since": 1, "message": "x", "changes_at": 5, "ruleset": "other"}
    assert version_of(same) == version_of(row)
    for name, value in (("state", "missed"), ("raised_at", 1), ("severity", "info"), ("due_at", 1)):
        assert version_of({**row, name: value}) != version_of(row)


@pytest.mark.parametrize("name", ["", "x", "0123456789", "012345678.abc", "%%%%%%%%%%.abcdef"])
def test_what_names_no_alert_is_refused(live: Live, name: str) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:15:01")
    with pytest.raises(ActError, match="no alert"):
        held_by(live.store, name)


# --- what an act needs ---------------------------------------------------------------------------


def test_a_critical_alert_is_taken_on_with_a_word_only(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:15:01")
    adult = held(live, "B02-adult-present")
    with pytest.raises(ActError, match="it is critical: say in a word"):
        acknowledge(live.store, adult, WHO, live.now, reason="  ")
    acknowledge(live.store, adult, WHO, live.now, reason="mother is on her way")
    live.at("2025-06-10T14:15:02")
    row = the(live, "B02-adult-present")
    assert (row["state"], row["owner"]) == ("acknowledged", "Smith")


def test_what_asks_for_nothing_takes_no_act(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:15:01")
    with pytest.raises(ActError, match="suppressed: it asks for nothing"):
        acknowledge(live.store, held(live, "A06-delay-reason"), WHO, live.now)


def test_no_reason_is_taken_before_anything_was_missed(live: Live) -> None:
    from detention_monitor.live.acts import give_reason

    live.write(*BOOKED_IN)
    live.at("2025-06-10T13:59:00")
    with pytest.raises(ActError, match="nothing was missed yet"):
        give_reason(live.store, held(live, "D01-first-review"), WHO, live.now, "no inspector")


def test_an_alert_is_put_aside_for_as_long_as_the_limits_say_to_the_second(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T09:30:00")
    gap = held(live, "D14-documents-not-noted")
    with pytest.raises(ActError, match="for 30 minutes at most"):
        shelve(live.store, gap, WHO, live.now, "busy", live.now + 1_801)
    shelve(live.store, gap, WHO, live.now, "busy", live.now + 1_800)
    live.at("2025-06-10T09:59:59")
    assert the(live, "D14-documents-not-noted")["state"] == "shelved"
    live.at("2025-06-10T10:00:00")
    assert the(live, "D14-documents-not-noted")["state"] == "new"


def test_an_act_is_taken_back_by_who_acted_within_ten_seconds(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T14:15:01")
    number = acknowledge(live.store, held(live, "D01-first-review"), WHO, live.now)
    live.at("2025-06-10T14:15:02")
    assert the(live, "D01-first-review")["state"] == "acknowledged"
    with pytest.raises(ActError, match="only who acted"):
        undo(live.store, number, OTHER, live.now)
    with pytest.raises(ActError, match="for 10 seconds only"):
        undo(live.store, number, WHO, live.now + 10)
    undo(live.store, number, WHO, live.now + 9)
    live.at("2025-06-10T14:15:12")
    assert the(live, "D01-first-review")["state"] == "new"
    with pytest.raises(ActError, match="no act that can be taken back"):
        undo(live.store, number + 1, WHO, live.now)
    assert verify(live.store).broken_at is None


# --- out of service, flood, grouping -----------------------------------------------------------


def paused(tmp_path: Path, rule: str) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "format: custody-policy/1\nout_of_service:\n"
        f"  {rule}: [{{from: 2025-06-10, to: 2025-06-11, reason: wrong data, approved_by: Lee}}]\n"
    )
    return path


def test_a_rule_out_of_service_is_judged_and_asks_for_nothing_until_its_day(
    live: Live, tmp_path: Path
) -> None:
    live.ruleset = load_rules(ROOT / "rules", paused(tmp_path, "A06-risk-assessment"))
    live.judge = InProcess(live.ruleset)
    live.start()
    live.write(*BOOKED_IN)
    live.at("2025-06-10T12:00:00")
    row = the(live, "A06-risk-assessment")
    assert (row["state"], row["deadline_missed"]) == ("out_of_service", True)
    # what would follow from it speaks for itself meanwhile, lest nobody hears of either
    assert the(live, "A06-delay-reason")["state"] == "new"
    with pytest.raises(ActError, match="out of service: it asks for nothing"):
        acknowledge(live.store, held(live, "A06-risk-assessment"), WHO, live.now)
    live.at("2025-06-10T23:59:59")
    assert the(live, "A06-risk-assessment")["state"] == "out_of_service"
    live.at("2025-06-11T00:00:00")
    assert the(live, "A06-risk-assessment")["state"] == "new"
    assert the(live, "A06-delay-reason")["state"] == "suppressed"


def test_a_force_sets_the_limits_by_its_policy_and_from_a_day_on(
    live: Live, tmp_path: Path
) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text(
        "format: custody-policy/1\nparameters:\n"
        "  heartbeat_limit: {values: {2012-07-10: 2m}}\n"
        "  shelf_longest: {values: {2012-07-10: 5m, 2025-06-11: 20m}}\n"
    )
    live.ruleset = load_rules(ROOT / "rules", path)
    live.judge = InProcess(live.ruleset)
    live.start()
    live.write(*BOOKED_IN, b'{"heartbeat": "2025-06-10T09:30:00+01:00"}')
    live.at("2025-06-10T09:30:00")
    [feed] = feeds(live.store, live.now + 120)
    assert feed.health.word == "live"
    [feed] = feeds(live.store, live.now + 121)
    assert (feed.health.word, feed.health.age) == ("stale", 121)
    with pytest.raises(ActError, match="for 5 minutes at most"):
        shelve(
            live.store, held(live, "D14-documents-not-noted"), WHO, live.now, "busy", live.now + 301
        )
    live.at("2025-06-10T23:59:59")
    [limits] = column(live.store, "progress", "limits")
    assert read_limits(limits).shelf_longest == 300
    live.at("2025-06-11T00:00:10")  # at the next sign of life of the monitor
    [limits] = column(live.store, "progress", "limits")
    assert read_limits(limits).shelf_longest == 1_200
    # a shelf lasts by the limits of when the alert was put aside
    gap = held(live, "D14-documents-not-noted")
    shelve(live.store, gap, WHO, live.now, "busy", live.now + 1_200)
    live.at("2025-06-11T00:20:09")
    assert the(live, "D14-documents-not-noted")["state"] == "shelved"
    live.at("2025-06-11T00:20:10")
    assert the(live, "D14-documents-not-noted")["state"] == "new"


def test_rules_without_the_limits_are_refused_by_name(live: Live) -> None:
    lacking = replace(live.ruleset.parameters, values={})
    with pytest.raises(LimitsError, match=r"'shelf_margin' \(duration\) must be there"):
        Limits.of(lacking, 0)


def test_a_rule_that_is_not_there_cannot_be_out_of_service(tmp_path: Path) -> None:
    with pytest.raises(RuleFileError, match=r"policy.yaml:3:3: no rule is called 'A06-risk'"):
        load_rules(ROOT / "rules", paused(tmp_path, "A06-risk"))


def test_nothing_is_out_of_service_for_good(tmp_path: Path) -> None:
    path = paused(tmp_path, "A06-risk-assessment")
    path.write_text(path.read_text().replace("to: 2025-06-11", "to: 2025-06-10"))
    with pytest.raises(RuleFileError, match="'to' must come later"):
        load_rules(ROOT / "rules", path)
    path.write_text(path.read_text().replace("to: 2025-06-10, ", ""))
    with pytest.raises(RuleFileError, match="to"):
        load_rules(ROOT / "rules", path)


def test_more_than_ten_alerts_in_ten_minutes_are_a_flood(
    live: Live,
) -> None:
    def raised(at: int) -> int:
        return sum(
            row["severity"] != "info" and row["state"] != "suppressed"
            and row["raised_at"] is not None and at - 600 < row["raised_at"] <= at
            for row in alerts(live.store)
        )  # fmt: skip

    for number in range(4):
        live.write(
            line(2 * number, record=f"CR-{number}", at="2025-06-10T08:00:00+01:00",
                 attrs={"dob": "2009-03-01"}),
            line(2 * number + 1, record=f"CR-{number}", kind="detention_authorised",
                 at="2025-06-10T08:00:00+01:00"),
        )  # fmt: skip
    live.at("2025-06-10T09:20:00")
    assert raised(live.now) > 10
    load = load_of(live.store, live.now)
    assert (load.recent, load.flood) == (raised(live.now), True)
    later = load_of(live.store, live.now + 600)
    assert (later.recent, later.flood) == (0, False)


# --- who looked ----------------------------------------------------------------------------------


def test_who_looked_is_kept_in_order_and_sealed(live: Live) -> None:
    note(live.store, WHO, 100, "opened", detention="44/CR-1")
    note(live.store, OTHER, 110, "searched", detail="smith\x00" + "x" * 600)
    note(live.store, WHO, 120, "screenshot", detention="44/CR-2")
    found = list(accesses(live.store))
    assert [(each.at, each.who, each.action, each.detention) for each in found] == [
        (100, "Smith", "opened", "44/CR-1"),
        (110, "Patel", "searched", None),
        (120, "Smith", "screenshot", "44/CR-2"),
    ]
    assert len(found[1].detail) == 500
    assert [each.at for each in accesses(live.store, detention="44/CR-2")] == [120]
    assert [each.at for each in accesses(live.store, since=110)] == [110, 120]
    assert verify(live.store).broken_at is None
    with pytest.raises(ActError, match="opened, searched, exported, screenshot"):
        note(live.store, WHO, 130, "stared")  # type: ignore[arg-type]
    assert len(ACTIONS) == 4


def test_a_typed_name_is_unverified_and_says_at_whose_terminal() -> None:
    typed = Person.typed(" Insp Patel ")
    assert (typed.name, typed.verified) == ("Insp Patel", False)
    assert typed.host == f"{Person.here().name}@{Person.here().host}"
    assert Person.here().verified
    for name in ("  ", "x" * 101):
        with pytest.raises(ActError, match="a name is needed"):
            Person.typed(name)


# --- the commands themselves ---------------------------------------------------------------------


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "detention_monitor", *arguments],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def db(tmp_path: Path, ruleset: RuleSet, durable: DurableBackend) -> Iterator[str]:
    """A store with a child whose alerts are as they are now."""
    path = tmp_path / "custody.db"
    store = Store.open(str(path))
    live = Live(store, tmp_path / "custody.jsonl", ruleset, durable)
    live.now = int(time.time()) - 60
    live.write(*(today(each, live.now) for each in BOOKED_IN))
    live.monitor.step()
    yield str(path)
    store.close()


def test_an_alert_is_listed_taken_on_and_not_taken_on_twice(db: str) -> None:
    listed = run("alerts", "--db", db)
    assert listed.returncode == 0
    [first, *_] = [row for row in listed.stdout.splitlines() if not row.startswith(" ")]
    name = first.split()[0]
    done = run(
        "alerts", "--db", db, "ack", name, "--reason", "on it", "--as", "Insp Patel",
        "--expect", "22:40",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")
    again = run("alerts", "ack", name, "--db", db, "--reason", "me too")
    assert again.returncode == 2
    assert "somebody has acted upon it" in again.stderr
    store = Store.open(db)
    body = json.loads(next(row for row in rows(store, "log") if row[2] == "acknowledge")[4])
    store.close()
    assert (body["who"], body["verified"], body["reason"]) == ("Insp Patel", False, "on it")
    assert clock_text(body["until"]) == "22:40"
    assert 0 < body["until"] - time.time() <= 90_000  # the next one, on a day of 25 hours too
    stranger = run("alerts", "undo", done.stderr.split()[-1], "--db", db, "--as", "Insp Other")
    assert stranger.returncode == 2
    assert "only who acted can take it back" in stranger.stderr


def test_what_leaves_by_the_command_line_is_logged(db: str) -> None:
    exported = run("alerts", "--db", db, "--format", "jsonl", "--all")
    assert [json.loads(each)["detention"] for each in exported.stdout.splitlines()]
    told = [json.loads(each) for each in run("access", "--db", db).stdout.splitlines()]
    me = Person.here()
    assert [(each["who"], each["action"]) for each in told] == [(me.name, "exported")] * 2
    assert "alerts" in told[0]["detail"]


def test_what_is_hostile_in_a_name_does_nothing_in_the_list(
    tmp_path: Path, ruleset: RuleSet, durable: DurableBackend
) -> None:
    store = Store.open(str(tmp_path / "custody.db"))
    live = Live(store, tmp_path / "custody.jsonl", ruleset, durable)
    live.now = int(time.time()) - 60
    live.write(*(today(each, live.now) for each in BOOKED_IN))
    live.monitor.step()
    row = next(row for row in alerts(store) if row["state"] == "new")
    eve = Person.typed("Eve\x1b[2J\u202e[/]{0}")
    acknowledge(store, Held(row["key"], row["raised_at"]), eve, live.now, reason="\x1b]0;x\x07")
    live.monitor.step()
    store.close()
    listed = run("alerts", "--db", str(tmp_path / "custody.db"))
    assert listed.returncode == 0
    assert "Eve\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}[/]{0}" in listed.stdout
    assert "\x1b" not in listed.stdout
    assert "\u202e" not in listed.stdout


def test_every_file_of_a_store_is_its_owners_alone(db: str) -> None:
    run("alerts", "--db", db, "--format", "jsonl")
    files = list(Path(db).parent.glob("custody.db*"))
    assert {each.name for each in files} >= {"custody.db", "custody.db-wal"}
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


@pytest.mark.parametrize(
    "arguments, says",
    [
        (("alerts",), "--db names the store"),
        (("alerts", "--db", "none.db"), "no store here"),
        (("monitor", "--db", "s.db"), "--follow names what entries come from"),
        (("monitor", "reload"), "--db names the store"),
        (("retention", "--db", "s.db", "--before", "soon"), "'soon' is no day; write 2019-04-01"),
        (("retention", "--db", "s.db", "--before", "2999-01-01"), "a day that has passed"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_in_a_line(arguments: tuple[str, ...], says: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
