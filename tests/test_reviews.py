"""What people hold of records and findings: kept in the log, and never changed."""

import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from detention_monitor.durable import DurableBackend
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.live.acts import Person
from detention_monitor.live.log import verify
from detention_monitor.live.may_act import ActError
from detention_monitor.live.retention import erase
from detention_monitor.live.reviews import Given, Review, Verdict, keep, latest, reviews
from detention_monitor.live.store import LOG, Store
from detention_monitor.reports.form import blank_form, read_form, review_of
from detention_monitor.reports.record import RecordReport, Reporter
from detention_monitor.rulefile import RuleSet
from tests.conftest import RULES, SAMPLES
from tests.test_record_report import reported
from tests.test_replay import command

LEE = Person("Insp Lee", verified=False, host="desk")
SHAH = Person("shah", verified=True, host="desk")
T10 = str(SAMPLES / "T10_certificate_late.jsonl")
NOW = 1_800_000_000


def verdict(opinion: str = "agree", reason: str = "", key: str = "k" * 20) -> Verdict:
    return Verdict(key, "E03-move-to-la", "1986-01-01", "E03", "critical", "missed",
                   "established", opinion, reason)  # type: ignore[arg-type]  # fmt: skip


def review(**said: object) -> Review:
    return Review("44/T10", "hash", **said)  # type: ignore[arg-type]


def test_a_review_is_read_as_it_was_given(store: Store) -> None:
    whole = review(
        grade="requires_improvement", reason="bed not pressed for\0", sample="S1",
        verdicts=(verdict(), verdict("disagree", "they did ask", "m" * 20)),
        answers=(Given(5, "yes", "no", "the adult came at once"),),
    )  # fmt: skip
    number = keep(store, LEE, NOW, whole)

    [found] = reviews(store, detention="44/T10")
    assert (found.seq, found.at, found.who, found.verified) == (number, NOW, "Insp Lee", False)
    assert found.review == whole
    assert list(reviews(store, detention="44/T11")) == []
    assert verify(store).broken_at is None


def test_the_last_review_of_each_person_counts_and_all_stay(store: Store) -> None:
    keep(store, LEE, NOW, review(verdicts=(verdict(),)))
    keep(store, SHAH, NOW + 1, review(verdicts=(verdict(),)))
    keep(store, LEE, NOW + 2, review(verdicts=(verdict("disagree", "a bed was offered"),)))

    assert [each.who for each in reviews(store)] == ["Insp Lee", "shah", "Insp Lee"]
    last = latest(reviews(store))
    assert [(e.who, e.review.verdicts[0].opinion) for e in last] == [
        ("shah", "agree"), ("Insp Lee", "disagree"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "says nothing"),
        ({"verdicts": (verdict("disagree", " "),)}, "say why"),
        ({"grade": "good"}, "a grade needs its reason"),
        ({"grade": "good", "reason": "x" * 2_001}, "at most 2,000"),
    ],
)
def test_a_review_that_says_too_little_or_too_much_is_refused(
    store: Store, said: dict[str, object], why: str
) -> None:
    with pytest.raises(ActError, match=why):
        keep(store, LEE, NOW, review(**said))
    assert list(reviews(store)) == []


def test_a_review_cannot_be_changed_or_taken_out(store: Store) -> None:
    keep(store, LEE, NOW, review(verdicts=(verdict(),)))
    for change in (sa.update(LOG).values(body="{}"), sa.delete(LOG)):
        with pytest.raises(sa.exc.DBAPIError, match="append-only"), store.engine.begin() as tried:
            tried.execute(change)


def test_old_reviews_are_erased_under_the_retention_rules(store: Store) -> None:
    keep(store, LEE, NOW, review(verdicts=(verdict("disagree", "mother's name is Ada"),)))
    erase(store, NOW + 60, SHAH, NOW + 120)

    assert list(reviews(store)) == []
    assert verify(store).broken_at is None
    with store.read() as connection:
        texts = connection.scalars(sa.select(LOG.c.body).where(LOG.c.body.is_not(None)))
        assert not any("Ada" in text for text in texts)


# --- from the form to the figures --------------------------------------------------------------


@pytest.fixture
def form(tmp_path: Path) -> Path:
    done = command("report", "record", T10, "--form", "review.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "review.yaml"


def filled(form: Path, *, disagree_with: str) -> None:
    """Fill a form: disagree with the finding that a comment names, agree with the others."""
    lines = form.read_text().splitlines()
    named = ""
    for place, line in enumerate(lines):
        if re.match(r"  # (\S+) .*: ", line):
            named = line
        if line == "    opinion:":
            odd = disagree_with in named
            lines[place] += " disagree" if odd else " agree"
            lines[place + 1] += " a bed was offered at once" if odd else ""
        if line.startswith("grade:"):
            lines[place] = "grade: inadequate"
        if line.startswith("reason:"):
            lines[place] = "reason: a night that nobody tried to avoid"
        if line == "  - id: 5":
            lines[place + 1] += " no"
    form.write_text("\n".join(lines))


def test_a_filled_form_is_stored_shown_and_counted(form: Path, tmp_path: Path) -> None:
    filled(form, disagree_with="E03")
    for name in ("Insp Lee", "Ch Insp Roe"):
        done = command("report", "review", form.name, T10, "--db", "r.db", "--as", name,
                       cwd=tmp_path)  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "graded inadequate, 9 findings and 1 question of 44/T10" in done.stderr

    told = command("rules", "precision", "E03", "--db", "r.db", cwd=tmp_path).stdout
    assert re.search(r"E03-move-to-la +1986-01-01 +0 of 1 +0% +0% to 79%", told)
    assert "disagreed: a bed was offered at once" in told
    assert "Lee" not in told
    shown = command("rules", "show", "E03-move-to-la", "--reviews", "r.db", cwd=tmp_path).stdout
    assert "0 of 1" in shown

    done = command("report", "record", T10, "--db", "r.db", "--out", "p.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "p.html").read_text()
    assert "Graded inadequate by Ch Insp Roe (name not verified)" in page
    assert "agrees with 8 of 9 findings" in page
    looked = command("access", "--db", "r.db", cwd=tmp_path).stdout
    assert '"detention":"44/T10"' in looked


@pytest.fixture(scope="module")
def report(ruleset: RuleSet, durable: DurableBackend) -> RecordReport:
    return reported("T10_certificate_late", Reporter(ruleset, RULES), durable)


def stored_from(form: Path, store: Store, report: RecordReport, ruleset: RuleSet) -> None:
    filled = read_form(form)
    given = review_of(filled, ruleset.hash, report.result.findings, report.answers)
    keep(store, LEE, NOW, given)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("ruleset: '", "ruleset: 'x", "make the form anew"),
        ("  - key: '", "  - key: 'f00", "has the record changed"),
        ("    opinion:\n", "    opinion: maybe\n", "is not one of agree, disagree"),
        ("    opinion:\n    reason:\n", "    opinion: disagree\n    reason:\n", "say why"),
        ("    opinion:\n    reason:\n", "    opinion:\n    reason: odd\n", "agree or disagree"),
        ("  - id: 5\n", "  - id: 77\n", "has no question 77"),
        ("", "", "says nothing"),
    ],
)
def test_a_form_that_does_not_fit_is_refused(
    report: RecordReport, ruleset: RuleSet, before: str, after: str, said: str, tmp_path: Path
) -> None:
    asked = [*report.concerns, *report.praise]
    text = blank_form(report.result, ruleset.hash, asked, report.answers)
    assert before in text
    form = tmp_path / "review.yaml"
    form.write_text(text.replace(before, after, 1))
    store = Store.open(str(tmp_path / "r.db"))
    try:
        with pytest.raises(DetentionMonitorError, match=said):
            stored_from(form, store, report, ruleset)
        assert list(reviews(store)) == []
    finally:
        store.close()
