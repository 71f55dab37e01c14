"""The rows of alerts: written from the histories of findings, the acts and the time; what changed is logged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import msgspec
import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from detention_monitor.findings import Finding
from detention_monitor.live.acts import WHATS, acts_of
from detention_monitor.live.alert_life import alert_of
from detention_monitor.live.alerts import Alert, AlertSettings, Change
from detention_monitor.live.log import append
from detention_monitor.live.store import ALERT, ASSESSMENT, FINDING, LOG, Store, plain
from detention_monitor.rulefile import RuleSet

_finding = msgspec.json.Decoder(Finding).decode
_ESCALATED = (
    "detention", "record", "rule", "duty", "severity", "authority", "due_at", "raised_at", "since",
    "state", "ruleset",
)  # fmt: skip
"""What an escalation says of an alert: references only (D13)."""
_OLD = 86_400
"""Seconds after which nobody is called for what was due or has stood so long: it is history that is
being loaded, or a night in which nothing could be sent; it is on the screens."""


@dataclass(frozen=True, slots=True)
class By:
    """By what alerts are made: the rules that judge, and the settings that they give."""

    ruleset: RuleSet
    settings: AlertSettings


def due(connection: Connection, log_seq: int, now: int) -> list[tuple[str, str]]:
    """Return the detention and key of every alert that an act or the time may have changed."""
    acted = sa.select(LOG.c.key).where(LOG.c.seq > log_seq, LOG.c.what.in_(WHATS))
    timed = sa.select(ALERT.c.key).where(ALERT.c.changes_at <= now)
    keys = sorted(set(connection.scalars(sa.union(acted, timed))))
    wanted = sa.select(FINDING.c.detention, FINDING.c.key).distinct()
    parts = (keys[start : start + 400] for start in range(0, len(keys), 400))
    return sorted(
        (name, key)
        for part in parts
        for name, key in connection.execute(wanted.where(FINDING.c.key.in_(part)))
    )


def show(
    connection: Connection, name: str, keys: Sequence[str], now: int, by: By, *, logs: bool
) -> None:
    """Write the alerts of some findings of a detention; log what became different if it `logs`."""
    if not keys:
        return
    histories: dict[str, list[Change]] = {key: [] for key in keys}
    paused = bool(by.ruleset.parameters.out_of_service)
    rules: dict[str, str] = {}
    for key, at, body in rows_of(connection, name):
        if key in histories or paused:
            finding = _finding(body) if body else None
            if finding is not None:
                rules[key] = finding.rule
            if key in histories:
                histories[key].append(Change(at, finding))
    if paused:
        histories = {key: _with_causes(each, rules) for key, each in histories.items()}
    acts = acts_of(connection, list(keys))
    wanted = sa.select(ALERT).where(ALERT.c.detention == name)
    stored = {row["key"]: dict(row) for row in connection.execute(wanted).mappings()}
    gone: list[str] = []
    new: list[dict[str, Any]] = []
    for key in keys:
        alert = alert_of(histories[key], acts.get(key, ()), now, by.settings)
        old = stored.get(key)
        row = None if alert is None else _row(histories[key], alert, by.ruleset.hash)
        if row == old:
            continue
        if old is not None:
            gone.append(key)
        if row is not None:
            new.append(row)
        was = None if old is None else str(old["state"])
        became = None if row is None else str(row["state"])
        if was != became and logs:
            _log(connection, by.ruleset.hash, now, key, was, became)
    for start in range(0, len(gone), 400):
        part = gone[start : start + 400]
        connection.execute(sa.delete(ALERT).where(ALERT.c.key.in_(part)))
    if new:
        connection.execute(sa.insert(ALERT), new)


def _row(history: Sequence[Change], alert: Alert, ruleset: str) -> dict[str, Any]:
    finding = next(each.finding for each in reversed(history) if each.finding is not None)
    facts = asdict(alert)
    del facts["bell"]
    return {
        "key": finding.key,
        "detention": finding.detention,
        "record": finding.record,
        "rule": finding.rule,
        "duty": finding.duty,
        "severity": finding.severity,
        "authority": finding.authority,
        "due_at": finding.due_at,
        "because_of": finding.because_of,
        "message": plain(finding.message),
        "ruleset": ruleset,
        **facts,
    }


def _with_causes(history: Sequence[Change], rules: Mapping[str, str]) -> list[Change]:
    """Name the rule of what each finding follows from."""
    return [
        replace(each, cause=rules.get(each.finding.because_of or "", "") if each.finding else "")
        for each in history
    ]


def _escalations(
    connection: Connection, keys: Sequence[str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what was escalated before, of some alerts."""
    for start in range(0, len(keys), 400):
        wanted = sa.select(LOG.c.key, LOG.c.body).where(
            LOG.c.key.in_(keys[start : start + 400]), LOG.c.what == "escalate",
            LOG.c.body.is_not(None),
        )  # fmt: skip
        for key, body in connection.execute(wanted):
            yield key, orjson.loads(body)


def rows_of(connection: Connection, name: str) -> Iterator[tuple[str, int, str | None]]:
    """Yield the histories of the findings of a detention: key, since when, and what (JSON)."""
    wanted = sa.select(FINDING.c.key, FINDING.c.at, FINDING.c.body).where(
        FINDING.c.detention == name
    )
    yield from connection.execute(wanted.order_by(FINDING.c.at, FINDING.c.key))


def escalate(store: Store, now: int) -> None:
    """Log each alert that nobody has taken on for too long, once, while the child is here."""
    here = sa.select(ASSESSMENT.c.detention).where(ASSESSMENT.c.unclosed)
    late = sa.and_(
        ALERT.c.escalated_at > now - _OLD,
        sa.or_(ALERT.c.due_at.is_(None), ALERT.c.due_at > now - _OLD),
        ALERT.c.detention.in_(here),
    )
    with store.read() as connection:
        found = connection.execute(sa.select(ALERT).where(late)).mappings().all()
        told = set()
        if found:
            keys = [row["key"] for row in found]
            told = {(key, said["at"]) for key, said in _escalations(connection, keys)}
    new = [row for row in found if (row["key"], row["escalated_at"]) not in told]
    if new:
        with store.write() as connection:
            for row in sorted(new, key=lambda each: (each["detention"], each["key"])):
                body = {name: row[name] for name in _ESCALATED}
                append(connection, now, "escalate", row["key"], {**body, "at": row["escalated_at"]})


def log_what_differs(store: Store, ruleset: str, now: int, before: Mapping[str, str]) -> None:
    """Log each alert that a rebuild made another than it was."""
    with store.write() as connection:
        wanted = sa.select(ALERT.c.key, ALERT.c.state)
        after = dict(connection.execute(wanted).all())
        for key in sorted({*before, *after}):
            if before.get(key) != after.get(key):
                _log(connection, ruleset, now, key, before.get(key), after.get(key))


def _log(
    connection: Connection, ruleset: str, now: int, key: str, was: str | None, became: str | None
) -> None:
    body = {"from": was, "to": became, "ruleset": ruleset}
    append(connection, now, "alert", key, body)
