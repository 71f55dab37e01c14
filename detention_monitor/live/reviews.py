"""Reviews of records by people: a grade, what they hold of each finding, their answers to questions.

A review is one row of the same log as acts, sealed with them and never changed; it needs no running
monitor, so that a store of its own (a plain SQLite file) does as well. A later review of the same
record by the same person takes the place of their earlier one where it is counted; the earlier one
stays to be read. The row names the detention by a digest, so that its text can be erased with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec
import orjson
import sqlalchemy as sa

from detention_monitor.live.acts import Person
from detention_monitor.live.chain import detention_key
from detention_monitor.live.log import append
from detention_monitor.live.may_act import ActError
from detention_monitor.live.store import LOG, Store, plain
from detention_monitor.values import Immutable

WHAT = "quality_review"
"""The name of these rows in the log."""
Grade = Literal["good", "requires_improvement", "inadequate"]
GRADES: tuple[Grade, ...] = ("inadequate", "requires_improvement", "good")
"""From the worst to the best, as inspectors grade a record."""
Opinion = Literal["agree", "disagree"]
_LONGEST = 2_000
_MOST = 2_000
"""Findings and answers that one review may hold."""


class Verdict(Immutable, frozen=True, gc=False):
    """What a reviewer holds of one finding, with the finding as it stood; `reason` in their words."""

    key: str
    rule: str
    rule_version: str
    duty: str | None
    severity: str
    status: str
    certainty: str
    opinion: Opinion
    reason: str = ""


class Given(Immutable, frozen=True, gc=False):
    """An answer to a question of the list, and what the rules would have answered."""

    question: int
    answer: str
    rules: str
    note: str = ""


class Review(Immutable, frozen=True, gc=False):
    """What one person holds of one record, judged by a rule set."""

    detention: str
    ruleset: str
    grade: Grade | None = None
    reason: str = ""
    verdicts: tuple[Verdict, ...] = ()
    answers: tuple[Given, ...] = ()
    sample: str = ""
    """The sample that the record was drawn in, if any."""


class Stored(Immutable, frozen=True, gc=False):
    """A review in the log: its row, when (seconds UTC) and by whom it was given."""

    seq: int
    at: int
    who: str
    verified: bool
    host: str
    review: Review


def keep(store: Store, who: Person, now: int, review: Review) -> int:
    """Store a review; return the number of its row.

    Raises `ActError` for one that says nothing, disagrees without a reason, or is too long.
    """
    if not (review.grade or review.verdicts or review.answers):
        raise ActError("the review says nothing: give a grade, an opinion or an answer")
    for each in review.verdicts:
        if each.opinion == "disagree" and not each.reason.strip():
            raise ActError(
                f"you disagree with {each.rule} ({each.key[:10]}); say why, so that its author knows"
            )
    if review.grade is not None and not review.reason.strip():
        raise ActError("a grade needs its reason; an empty one says nothing")
    texts = [review.reason, *(v.reason for v in review.verdicts), *(a.note for a in review.answers)]
    longest = max(map(len, texts))
    if longest > _LONGEST or len(texts) > _MOST:
        raise ActError(f"a text of {longest:,} characters; at most {_LONGEST:,}")
    said = msgspec.to_builtins(review)
    body = {"who": plain(who.name), "verified": who.verified, "host": plain(who.host), **said}
    with store.write() as connection:
        return append(connection, now, WHAT, detention_key(review.detention), body)


def reviews(store: Store, *, detention: str | None = None) -> Iterator[Stored]:
    """Yield the reviews in order; those erased under the retention rules are no longer there."""
    wanted = sa.select(LOG.c.seq, LOG.c.at, LOG.c.body).where(
        LOG.c.what == WHAT, LOG.c.body.is_not(None)
    )
    if detention is not None:
        wanted = wanted.where(LOG.c.key == detention_key(detention))
    with store.read() as connection:
        for seq, at, body in connection.execute(wanted.order_by(LOG.c.seq)):
            yield _stored(seq, at, orjson.loads(body))


def _stored(seq: int, at: int, body: dict[str, Any]) -> Stored:
    return Stored(
        seq, at, body["who"], body["verified"], body["host"],
        msgspec.convert({k: v for k, v in body.items() if k in Review.__struct_fields__}, Review),
    )  # fmt: skip


def latest(found: Iterable[Stored]) -> list[Stored]:
    """Return of each person's reviews of a record the last one, in the order of the log."""
    last: dict[tuple[str, bool, str, str], Stored] = {}
    for each in found:
        # A typed name counts as one person with that name, wherever it was typed.
        place = each.host if each.verified else ""
        last[each.who, each.verified, place, each.review.detention] = each
    return sorted(last.values(), key=lambda each: each.seq)
