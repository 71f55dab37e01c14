"""Tell somebody else of an alert that nobody has taken on: a command without a shell, or a webhook.

The message holds references only: no name, no date of birth, nothing that somebody wrote (D13).
What happens here never stops the monitor: a hook runs in a thread of its own, has a time limit and
a few attempts, and its failure is a row of the log that every screen shows. A monitor that is
killed sends again what it does not know to be sent: `id` tells the receiver that it is the same.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from itertools import groupby
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, Literal
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import orjson
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from detention_monitor.errors import RuleFileError
from detention_monitor.live.log import append
from detention_monitor.live.store import LOG, Store, StoreError
from detention_monitor.times import rfc3339
from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import Location, YamlFile, read_yaml

_WHATS = ("escalate", "escalation_sent", "escalation_failed")
_OLD = 86_400
"""Seconds after which what was never sent is left: it is on the screens."""
_WAITS = (1.0, 5.0, 25.0)
"""Seconds between attempts."""
_INSTANTS = ("due_at", "raised_at", "since", "at")


class Hook(BaseModel):
    """Whom to tell, and how often to try."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    command: tuple[str, ...] | None = Field(default=None, min_length=1)
    """A program by its whole path, and its words. It gets the message on standard input."""
    webhook: str | None = None
    """Where the message is posted as JSON."""
    timeout_seconds: int = Field(default=10, ge=1, le=120)
    attempts: int = Field(default=3, ge=1, le=10)


class MonitorFile(BaseModel):
    """The settings of a monitor."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["custody-monitor/1"]
    escalation: Hook | None = None


def load_hook(path: Path) -> Hook | None:
    """Read the settings of a monitor; raise `RuleFileError` with every fault and its place."""
    file = read_yaml(path)
    hook = validated(file, MonitorFile).escalation
    faults = [] if hook is None else list(_faults(hook))
    if faults:
        raise RuleFileError([_placed(file, where, message) for where, message in faults])
    return hook


def _placed(file: YamlFile, where: Location, message: str) -> Any:
    return file.diagnostic(where, "monitor-settings", message)


def _faults(hook: Hook) -> Iterator[tuple[Location, str]]:
    here: Location = ("escalation",)
    if (hook.command is None) == (hook.webhook is None):
        yield here, "give either 'command' or 'webhook'"
    if hook.command is not None:
        program = Path(hook.command[0])
        at: Location = (*here, "command", 0)
        if not program.is_absolute():
            yield at, f"'{program}': give the whole path of the program; no shell looks for it"
        elif not os.access(program, os.X_OK) or not program.is_file():
            yield at, f"'{program}' is no program that can be run"
    if hook.webhook is not None:
        parts = urlsplit(hook.webhook)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or not (
            parts.scheme == "https" or (parts.scheme == "http" and local)
        ):
            yield (*here, "webhook"), "must begin with https:// (http:// on this machine only)"


@dataclass(frozen=True, slots=True)
class _Message:
    """What is sent of one child: the rows of the log that it stands for, and its text."""

    rows: tuple[tuple[int, str], ...]
    text: bytes


@dataclass(frozen=True, slots=True)
class _Outcome:
    message: _Message
    attempts: int
    why: str


class Escalator:
    """Sends what the log says is escalated and not yet sent; one message for each child."""

    def __init__(
        self, store: Store, hook: Hook, now: int, say: Callable[[str], None] = print
    ) -> None:
        """Go on where the log stands at an instant (seconds UTC)."""
        self._store, self._hook, self._say = store, hook, say
        self._waiting: SimpleQueue[_Message | None] = SimpleQueue()
        self._done: SimpleQueue[_Outcome] = SimpleQueue()
        self._stop = Event()
        self._told: _Outcome | None = None
        self._seen = self._start(now)
        self._looked = -1
        self._thread = Thread(target=self._send_all, name="escalation", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the attempt that is running; the rest is sent after the next start."""
        self._stop.set()
        self._waiting.put(None)
        self._thread.join(self._hook.timeout_seconds + 1)
        with suppress(Empty, StoreError):  # what is not written is sent again
            while True:
                self._record(self._done.get_nowait(), int(time.time()))

    def _start(self, now: int) -> int:
        """Return after which row of the log there may be something that was never sent."""
        recent = sa.and_(LOG.c.what == "escalate", LOG.c.at > now - _OLD)
        with self._store.read() as connection:
            first = connection.scalar(sa.select(sa.func.min(LOG.c.seq)).where(recent))
            last = connection.scalar(sa.select(sa.func.max(LOG.c.seq)))
        return first - 1 if first is not None else last or 0

    def step(self, now: int, log_seq: int) -> None:
        """Record what was sent, and send what has come; never waits for the hook.

        `log_seq` is the last row of the log as the caller knows it: at the same one nothing is new.
        """
        with suppress(Empty):
            while True:
                outcome = self._told or self._done.get_nowait()
                self._told = outcome  # kept until it is written
                self._record(outcome, now)
                self._told = None
        if log_seq == self._looked:
            return
        self._looked = log_seq
        with self._store.read() as connection:
            wanted = sa.select(LOG.c.seq, LOG.c.what, LOG.c.key, LOG.c.body).where(
                LOG.c.what.in_(_WHATS), LOG.c.seq > self._seen, LOG.c.body.is_not(None)
            )
            rows = connection.execute(wanted.order_by(LOG.c.seq)).all()
        if not rows:
            return
        self._seen = rows[-1][0]
        over = {orjson.loads(body)["of"] for _, what, _, body in rows if what != "escalate"}
        new = [
            (seq, key, orjson.loads(body))
            for seq, what, key, body in rows
            if what == "escalate" and seq not in over
        ]
        for detention, group in groupby(new, key=lambda row: str(row[2]["detention"])):
            self._waiting.put(_message(detention, list(group)))

    def _record(self, outcome: _Outcome, now: int) -> None:
        what = "escalation_failed" if outcome.why else "escalation_sent"
        with self._store.write() as connection:
            for seq, key in outcome.message.rows:
                body = {"of": seq, "attempts": outcome.attempts, "why": outcome.why}
                append(connection, now, what, key, body)
        if outcome.why:
            self._say(f"escalation failed: {outcome.why}")

    def _send_all(self) -> None:
        while (message := self._waiting.get()) is not None and not self._stop.is_set():
            why, attempt = "", 0
            for attempt in range(1, self._hook.attempts + 1):
                why = send(self._hook, message.text)
                if not why:
                    break
                last = attempt == self._hook.attempts
                if not last and self._stop.wait(_WAITS[min(attempt, len(_WAITS)) - 1]):
                    return
            self._done.put(_Outcome(message, attempt, why))


def _message(detention: str, rows: Sequence[tuple[int, str, dict[str, Any]]]) -> _Message:
    alerts = []
    for seq, key, said in rows:
        told = {name: value for name, value in said.items() if name not in ("salt", "detention")}
        for name in _INSTANTS:
            if told.get(name) is not None:
                told[name] = rfc3339(told[name])
        told["escalated_at"] = told.pop("at")
        alerts.append({"id": f"{seq}-{said['salt']}", "key": key, **told})
    whole = {"format": "custody-escalation/1", "detention": detention, "alerts": alerts}
    return _Message(tuple((seq, key) for seq, key, _ in rows), orjson.dumps(whole))


# --- one attempt -------------------------------------------------------------------------------


def send(hook: Hook, text: bytes) -> str:
    """Give a message to a hook; return why that failed, or nothing."""
    if hook.command is not None:
        return _run(hook.command, text, hook.timeout_seconds)
    assert hook.webhook is not None  # one of the two, by `load_hook`
    return _post(hook.webhook, text, hook.timeout_seconds)


def _run(command: Sequence[str], text: bytes, seconds: int) -> str:
    try:
        process = subprocess.Popen(  # noqa: S603 - words from the settings, no shell
            list(command), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, cwd="/", start_new_session=True,
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    try:
        process.communicate(text, timeout=seconds)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # what it started as well
        process.communicate()
        return f"{command[0]}: no end after {seconds} s"
    return f"{command[0]}: ended with {process.returncode}" if process.returncode else ""


class _NoRedirect(HTTPRedirectHandler):
    """Send nothing to a place that is not in the settings."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _post(url: str, text: bytes, seconds: int) -> str:
    host = urlsplit(url).hostname  # the rest may hold a password
    headers = {"Content-Type": "application/json", "User-Agent": "detention-monitor"}
    request = Request(url, text, headers, method="POST")  # noqa: S310 - its scheme was checked
    try:
        with build_opener(_NoRedirect).open(request, timeout=seconds):
            return ""
    except HTTPError as error:
        error.close()
        return f"{host}: answered {error.code}"
    except (URLError, HTTPException, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
        return f"{host}: {said}"[:300]
