"""Who is told of an alert that nobody takes on: over real HTTP, and by real programs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from detention_monitor.durable import DurableBackend
from detention_monitor.errors import RuleFileError
from detention_monitor.live import escalation
from detention_monitor.live.acts import Held, acknowledge
from detention_monitor.live.escalation import Escalator, Hook, load_hook, send
from detention_monitor.live.log import verify
from detention_monitor.live.reading import StoredAssessments, alerts, escalation_fault
from detention_monitor.live.store import Store
from detention_monitor.rulefile import RuleSet
from tests.live import rows, until
from tests.test_monitor import BOOKED_IN, WHO, Live, review

BEFORE, AFTER = "2025-06-10T14:20:01", "2025-06-10T14:20:02"
"""The child of `BOOKED_IN` has no adult: that is critical from 14:15:01, when six hours and the
grace are over, and escalated five minutes later."""


class Receiver(ThreadingHTTPServer):
    """A server that keeps what it is sent, and answers what it is told to."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[bytes] = []
        self.paths: list[str] = []
        self.answers: list[int] = []
        self.hangs = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/page?token=secret"

    def messages(self) -> list[dict[str, object]]:
        return [json.loads(each) for each in self.got]


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.server.got.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.paths.append(self.path)
        if self.server.hangs.is_set():
            time.sleep(1.5)
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait a hundredth of a second between attempts."""
    monkeypatch.setattr(escalation, "_WAITS", (0.01,))


@pytest.fixture
def live(store: Store, tmp_path: Path, ruleset: RuleSet, durable: DurableBackend) -> Iterator[Live]:
    made = Live(store, tmp_path / "custody.jsonl", ruleset, durable)
    yield made
    if made.escalator is not None:
        made.escalator.close()


def booked_in(live: Live) -> None:
    live.write(*BOOKED_IN)
    live.at("2025-06-10T08:01:00")


def tells(live: Live, hook: Hook) -> None:
    """Let the monitor tell somebody by a hook."""
    live.escalator = Escalator(live.store, hook, live.now, live.said.append)
    live.start()


def logged(live: Live, *whats: str) -> list[tuple[str, dict[str, object]]]:
    found = [(row[2], json.loads(row[4])) for row in rows(live.store, "log")]
    return [(what, body) for what, body in found if what in whats]


def comes_to(live: Live, what: str) -> dict[str, object]:
    """Step until all that was escalated has come to something; return the last of a kind."""

    def there() -> bool:
        live.monitor.step()
        rows_ = [name for name, _ in logged(live, "escalate", what)]
        return rows_.count(what) == rows_.count("escalate")

    until(there, what)
    return logged(live, what)[-1][1]


def adults(messages: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return what some messages say of the adult who is not there."""
    out: list[dict[str, object]] = []
    for each in messages:
        assert isinstance(each["alerts"], list)
        out += [alert for alert in each["alerts"] if alert["rule"] == "B02-adult-present"]
    return out


def test_it_is_escalated_once_to_the_second_with_references_only(
    live: Live, receiver: Receiver
) -> None:
    tells(live, Hook(webhook=receiver.url))
    booked_in(live)
    live.at(BEFORE)
    comes_to(live, "escalation_sent")
    assert adults(receiver.messages()) == []
    live.at(AFTER)
    sent = comes_to(live, "escalation_sent")
    assert (sent["attempts"], sent["why"]) == (1, "")
    last = receiver.messages()[-1]
    assert (last["format"], last["detention"]) == ("custody-escalation/1", "44/CR-1")
    [alert] = adults(receiver.messages())
    assert alert["escalated_at"] == "2025-06-10T14:20:02+01:00"
    assert alert["due_at"] == "2025-06-10T14:00:00+01:00"
    assert set(alert) == {
        "id", "key", "record", "rule", "duty", "severity", "authority", "due_at", "raised_at",
        "since", "state", "ruleset", "escalated_at",
    }  # fmt: skip
    everything = b"".join(receiver.got)
    assert b"2009" not in everything  # the date of birth, or of anything else
    assert b"Leamington" not in everything
    live.at("2025-06-10T14:29:00")
    comes_to(live, "escalation_sent")
    assert len(adults(receiver.messages())) == 1
    assert verify(live.store).broken_at is None


def test_what_somebody_took_on_is_not_escalated(live: Live, receiver: Receiver) -> None:
    tells(live, Hook(webhook=receiver.url))
    booked_in(live)
    live.at(BEFORE)
    for row in alerts(live.store):
        if row["state"] == "new":
            acknowledge(live.store, Held(row["key"], row["raised_at"]), WHO, live.now, reason="x")
    live.at(AFTER)
    comes_to(live, "escalation_sent")
    assert adults(receiver.messages()) == []


def test_what_is_not_known_to_be_sent_is_sent_again_as_the_same(
    live: Live, receiver: Receiver
) -> None:
    booked_in(live)
    live.at(AFTER)  # nobody to tell yet: the row waits
    killed = Escalator(live.store, Hook(webhook=receiver.url), live.now, live.said.append)
    killed.step(live.now, 1)  # it dies before it writes what it sent
    until(lambda: len(receiver.got) == 1, "the message")
    tells(live, Hook(webhook=receiver.url))
    comes_to(live, "escalation_sent")
    first, second = receiver.messages()
    assert first == second
    count = len(receiver.got)
    again = Escalator(live.store, Hook(webhook=receiver.url), live.now, live.said.append)
    again.step(live.now, 1)
    again.close()
    assert len(receiver.got) == count


def test_history_that_is_loaded_wakes_nobody(live: Live, receiver: Receiver) -> None:
    tells(live, Hook(webhook=receiver.url))
    live.write(*BOOKED_IN)
    live.at("2025-06-12T12:00:00")
    live.at("2025-06-12T20:00:00")
    assert [each["state"] for each in alerts(live.store) if each["severity"] == "critical"]
    dated = [said for _, said in logged(live, "escalate") if said["due_at"] is not None]
    assert all(int(str(said["due_at"])) > live.now - 86_400 for said in dated)
    assert [said for said in dated if said["rule"] == "B02-adult-present"] == []


def test_an_answer_that_is_no_yes_is_tried_again_and_then_is_a_failure_on_the_screen(
    live: Live, receiver: Receiver, ruleset: RuleSet
) -> None:
    tells(live, Hook(webhook=receiver.url, attempts=3))
    receiver.answers = [500, 503, 500]
    booked_in(live)
    live.at(AFTER)
    failed = comes_to(live, "escalation_failed")
    assert (failed["attempts"], failed["why"]) == (3, "127.0.0.1: answered 500")
    assert "escalation failed: 127.0.0.1: answered 500" in live.said
    assert "secret" not in "".join(live.said)
    shown = StoredAssessments(live.store)
    shown.advance()
    said = shown.warning(live.now)
    assert said == "the last escalation was not sent: 127.0.0.1: answered 500"
    live.write(review("2025-06-10T14:21:00+01:00"))
    live.at("2025-06-10T14:22:00")  # the monitor goes on
    assert shown.is_behind()


def test_a_second_attempt_that_succeeds_is_a_success(live: Live, receiver: Receiver) -> None:
    tells(live, Hook(webhook=receiver.url))
    receiver.answers = [500, 200]
    booked_in(live)
    live.at(AFTER)
    assert comes_to(live, "escalation_sent")["attempts"] == 2
    assert escalation_fault(live.store) is None


def test_nothing_is_sent_where_an_answer_points_to(receiver: Receiver) -> None:
    receiver.answers = [302]
    assert send(Hook(webhook=receiver.url), b"{}") == "127.0.0.1: answered 302"
    assert receiver.paths == ["/page?token=secret"]


def test_a_server_that_does_not_answer_in_time_is_a_failure(receiver: Receiver) -> None:
    receiver.hangs.set()
    assert send(Hook(webhook=receiver.url, timeout_seconds=1), b"{}") == "127.0.0.1: timed out"


def test_a_server_that_is_not_there_is_a_failure() -> None:
    assert send(Hook(webhook="http://127.0.0.1:9/"), b"{}") == "127.0.0.1: Connection refused"


# --- a program ---------------------------------------------------------------------------------


def program(folder: Path, text: str) -> str:
    path = folder / "page me.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return str(path)


def test_a_program_gets_its_words_as_they_are_and_the_message_on_standard_input(
    tmp_path: Path,
) -> None:
    path = program(tmp_path, 'printf "%s|" "$@" > "$1"; cat >> "$1"')
    out = tmp_path / "got"
    words = (path, str(out), "$(id); rm -rf /", "`x` *")
    assert send(Hook(command=words), b'{"a": 1}') == ""
    assert out.read_text() == f"{out}|$(id); rm -rf /|`x` *|" + '{"a": 1}'


def test_a_program_gets_nothing_of_our_surroundings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "hush")
    path = program(tmp_path, 'env > "$1"')
    assert send(Hook(command=(path, str(tmp_path / "env"))), b"{}") == ""
    assert "hush" not in (tmp_path / "env").read_text()


def test_a_program_that_fails_is_a_failure(tmp_path: Path) -> None:
    path = program(tmp_path, "exit 3")
    assert send(Hook(command=(path,)), b"{}") == f"{path}: ended with 3"


def test_a_program_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    path = program(tmp_path, 'sleep 600 & echo $! > "$1"; wait')
    found = tmp_path / "pid"
    hook = Hook(command=(path, str(found)), timeout_seconds=1)
    assert send(hook, b"{}") == f"{path}: no end after 1 s"
    child = int(found.read_text())
    until(lambda: _is_over(child), "the end of what it started")


def _is_over(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].startswith("Z")


# --- settings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, says",
    [
        ("{}", "settings.yaml:2:13: give either 'command' or 'webhook'"),
        ("{command: [page]}", "settings.yaml:2:24: 'page': give the whole path"),
        ("{command: [/no/such]}", "'/no/such' is no program that can be run"),
        ("{webhook: 'http://example.org/'}", "settings.yaml:2:23: must begin with https://"),
        ("{webhook: 'file:///etc/passwd'}", "must begin with https://"),
        ("{webhook: 'https://example.org/', attempts: 11}", "settings.yaml:2:57: "),
        ("{webhok: x}", "settings.yaml:2:14: "),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_settings_is_said_with_its_place(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(f"format: custody-monitor/1\nescalation: {text}\n")
    with pytest.raises(RuleFileError) as caught:
        load_hook(path)
    assert says in str(caught.value)


def test_settings_without_an_escalation_tell_nobody(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("format: custody-monitor/1\n")
    assert load_hook(path) is None
    path.write_text("format: custody-monitor/1\nescalation: {webhook: 'https://example.org/x'}\n")
    assert load_hook(path) == Hook(webhook="https://example.org/x")
