"""The report on one record: what each question is answered, what is said to whom, and the page."""

import re
from base64 import b64decode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest

from detention_monitor.assess import assess, end_of
from detention_monitor.detention import Detention, detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.recordfiles import record_files
from detention_monitor.reports.provenance import Provenance
from detention_monitor.reports.record import RecordReport, Reporter
from detention_monitor.reports.record_page import record_page
from detention_monitor.reports.timeline import rows, scale_for, stays, timeline
from detention_monitor.rulefile import RuleSet
from detention_monitor.sources import read_entries
from detention_monitor.values import changed
from tests.conftest import RULES, SAMPLES
from tests.test_replay import command

MADE = Provenance("detention-monitor report record T10.jsonl", "hash", ())


@pytest.fixture(scope="module")
def reporter(ruleset: RuleSet) -> Reporter:
    return Reporter(ruleset, RULES)


def detention_in(story: str, ruleset: RuleSet) -> Detention:
    files = record_files([str(SAMPLES / f"{story}.jsonl")])
    read = [got for got, _ in read_entries(files, ruleset.vocabulary)]
    return detentions_of([got for got in read if isinstance(got, CustodyEvent)])[0]


def reported(story: str, reporter: Reporter, durable: DurableBackend) -> RecordReport:
    detention = detention_in(story, reporter.ruleset)
    at = end_of(detention, reporter.ruleset)
    return reporter.report(assess(detention, reporter.ruleset, at, backend=durable), detention)


def standings(report: RecordReport) -> dict[str, str]:
    return {each.question.short: each.standing for each in report.answers}


def test_the_certificate_that_came_late_answers_three_questions(
    reporter: Reporter, durable: DurableBackend
) -> None:
    found = standings(reported("T10_certificate_late", reporter, durable))

    concerns = {short for short, standing in found.items() if standing == "concern"}
    assert concerns == {"authority", "certificate", "nights"}
    assert found["rest, meals"] == "in_order"
    assert found["girl"] == "none"
    uncharged = standings(reported("T02_three_remote_reviews", reporter, durable))
    assert {uncharged[each] for each in ("authority", "which kind", "certificate")} == {"none"}
    assert found["cell"] == "unclear"  # whether adults could be seen or heard is left blank
    assert found["adult"] == "partly"  # the adult came; whether suitable is left blank


def test_what_is_only_possible_is_no_answer_of_no(
    reporter: Reporter, durable: DurableBackend
) -> None:
    [reviews] = [
        each
        for each in reported("T02U_practicability_not_stated", reporter, durable).answers
        if each.question.short == "reviews"
    ]
    assert {each.certainty for each in reviews.concerns} == {"established", "possible"}
    assert (reviews.standing, reviews.reply) == ("concern", "no")
    sure = reported("T18_age_corrected", reporter, durable)
    [adult] = [each for each in sure.answers if each.question.short == "adult"]
    assert {each.certainty for each in adult.concerns} == {"possible"}
    assert (adult.standing, adult.reply) == ("possible", "cannot_tell")


@pytest.mark.parametrize(
    "story", ["T10_certificate_late", "T02_three_remote_reviews", "T06_transfer_between_forces",
              "F01_police_protection", "T15_bail_return"]
)  # fmt: skip
def test_every_concern_stands_under_one_question_or_beside_the_list(
    story: str, reporter: Reporter, durable: DurableBackend
) -> None:
    report = reported(story, reporter, durable)
    asked = [each.key for answer in report.answers for each in answer.concerns]
    assert sorted(asked + [each.key for each in report.beside]) == sorted(
        each.key for each in report.result.findings if each.is_breach
    )
    told = [each.key for cause in report.causes
            for each in (cause, *report.following(cause.key))]  # fmt: skip
    assert sorted(told) == sorted(each.key for each in report.concerns)


def test_entries_to_read_are_those_of_the_question_and_those_relied_on(
    reporter: Reporter, durable: DurableBackend
) -> None:
    report = reported("T10_certificate_late", reporter, durable)
    [certificate] = [each for each in report.answers if each.question.short == "certificate"]
    assert {each.kind for each in certificate.entries} == {
        "certificate_made", "certificate_produced", "detention_after_charge",
    }  # fmt: skip
    [made] = [each for each in certificate.entries if each.kind == "certificate_made"]
    assert made.said == (
        "limb of s.38(6) relied on: (a)", "ground: no bed",
        "circumstances: no bed offered by the local authority",
    )  # fmt: skip


def test_feedback_says_who_what_and_by_whose_standard(
    reporter: Reporter, durable: DurableBackend
) -> None:
    report = reported("T10_certificate_late", reporter, durable)
    [officer, _] = report.feedback
    assert officer.who == "custody officer"
    assert [(each.tone, each.duty) for each in officer.lines] == [
        ("well", "GP01"), ("better", "E04"), ("better", "E10"), ("record", "E18"),
    ]  # fmt: skip
    by_duty = {each.duty: each for each in officer.lines}
    assert by_duty["E10"].basis.startswith("force standard, not law")
    assert by_duty["E04"].basis == "law: PACE 1984 s.38(6)(a); Code C Note 16D"
    assert by_duty["E18"].possible
    assert by_duty["E10"].follows == ("E10 Certificate produced to the court (done late)",)


def test_feedback_names_the_officers_who_made_the_entries(
    reporter: Reporter, durable: DurableBackend
) -> None:
    detention = detention_in("T10_certificate_late", reporter.ruleset)
    signed = tuple(
        changed(each, by=changed(each.by, id="ps112")) if each.kind == "certificate_made" else each
        for each in detention.entries
    )
    detention = Detention(detention.id, signed, detention.coverage)
    at = end_of(detention, reporter.ruleset)
    report = reporter.report(assess(detention, reporter.ruleset, at, backend=durable), detention)
    assert report.feedback[0].ids == ("ps112",)


def test_what_one_rule_found_three_times_is_one_line(
    reporter: Reporter, durable: DurableBackend
) -> None:
    report = reported("T02_three_remote_reviews", reporter, durable)
    [review] = [each for each in report.feedback if each.who == "review officer"]
    lines = {(each.rule, len(each.texts)) for each in review.lines}
    assert len(lines) == len(review.lines)
    assert max(count for _, count in lines) == 2


# --- the picture -------------------------------------------------------------------------------


def test_no_word_of_the_picture_covers_another(reporter: Reporter, durable: DurableBackend) -> None:
    report = reported("T10_certificate_late", reporter, durable)
    [stay] = stays(report.child)
    scale = scale_for(stay, report.child, report.concerns)
    names = reporter.names(report.result)
    drawn = rows(report.child, report.concerns, scale, names)

    words = [mark.text for row in drawn for mark in row.marks]
    assert "\N{BLACK DIAMOND} E03 authority" in words
    assert "\N{BLACK UP-POINTING TRIANGLE} E18? authority" in words
    assert words.count("\N{BLACK CIRCLE} in person") == 2
    pixels = 850 / (scale.end - scale.start)
    for row in drawn:
        ends = 0.0
        for mark in sorted(row.marks, key=lambda each: each.at):
            if not mark.before:
                assert (mark.at - scale.start) * pixels >= ends - 1 or "E04" in mark.text
            ends = (mark.at - scale.start) * pixels


def test_a_review_held_late_is_drawn_from_when_it_was_due(
    reporter: Reporter, durable: DurableBackend
) -> None:
    report = reported("T07b_no_reason_recorded", reporter, durable)
    [stay] = stays(report.child)
    scale = scale_for(stay, report.child, report.concerns)
    [reviews] = [row for row in rows(report.child, report.concerns, scale) if row.name == "reviews"]
    minutes = [(end - start) // 60 for start, end, _ in reviews.bars]
    assert 40 in minutes


def test_a_return_from_bail_is_a_picture_of_its_own(
    reporter: Reporter, durable: DurableBackend
) -> None:
    report = reported("T15_bail_return", reporter, durable)
    first, second = stays(report.child)
    assert (first.end or 0) - first.start == (7 * 60 + 20) * 60  # arrival 09:40, bailed 17:00
    scale = scale_for(second, report.child, report.concerns)
    words = [mark.text for row in rows(report.child, report.concerns, scale) for mark in row.marks]
    assert "returned" in words
    assert "bailed" not in words
    assert len(timeline(report.child, report.concerns)) == 2


def test_meetings_of_the_days_after_do_not_stretch_the_picture(
    reporter: Reporter, durable: DurableBackend
) -> None:
    report = reported("S03_seed_praised", reporter, durable)
    [stay] = stays(report.child)
    scale = scale_for(stay, report.child, report.concerns)
    assert report.child.as_of - stay.start > 5 * 86_400
    assert scale.end - scale.start < 36 * 3_600


def test_the_picture_says_in_words_what_it_shows(
    reporter: Reporter, durable: DurableBackend
) -> None:
    report = reported("T03a_autumn_clock_change", reporter, durable)
    svg = str(timeline(report.child, report.concerns)[0])
    assert svg.startswith('<svg role="img" aria-label="Timeline of T03A')
    assert "concerns: D01" in svg
    labels = re.findall(r">(\d\d:\d\d)<", svg)
    assert labels.count("01:00") == 2  # an hour of summer time, then one of winter time


# --- the page ----------------------------------------------------------------------------------


class Links(HTMLParser):
    """Gathers ids, links within the page, and anything that would be loaded from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.targets: set[str] = set()
        self.outside: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if name == "href" and value:
                (self.targets.add if value.startswith("#") else self.outside.append)(value)
            if name == "src":
                self.outside.append(str(value))


def read(page: str) -> Links:
    found = Links()
    found.feed(page)
    return found


def test_the_page_stands_alone_and_every_tile_leads_to_its_question(
    reporter: Reporter, durable: DurableBackend
) -> None:
    report = reported("T10_certificate_late", reporter, durable)
    page = record_page(report, MADE)
    found = read(page)
    assert {f"#q{n}" for n in range(1, 33)} == found.targets
    assert {f"q{n}" for n in range(1, 33)} <= found.ids
    assert found.outside == []
    assert found.tags.count("script") == 1  # ours, which the page names by its digest
    [digest] = re.findall(r"script-src 'sha256-([^']+)'", page)
    [script] = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert b64decode(digest) == sha256(script.encode()).digest()
    assert "E03 Moved to local-authority accommodation (not done)" in page
    for said in ("OFFICIAL-SENSITIVE", "hash", MADE.command, "requires improvement", "inadequate"):
        assert said in page


def test_text_of_a_record_is_never_markup(reporter: Reporter, durable: DurableBackend) -> None:
    detention = detention_in("T10_certificate_late", reporter.ruleset)
    evil = "<script>alert(1)</script>{{ 7*7 }}"
    entries = tuple(
        changed(each, attrs={**each.attrs, "circumstances": evil})
        if each.kind == "certificate_made" else each
        for each in detention.entries
    )  # fmt: skip
    detention = Detention(detention.id, entries, detention.coverage)
    at = end_of(detention, reporter.ruleset)
    report = reporter.report(assess(detention, reporter.ruleset, at, backend=durable), detention)
    page = record_page(report, MADE)
    assert read(page).tags.count("script") == 1
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7*7 }}" in page


def test_the_command_makes_the_same_page_twice_readable_by_its_owner(tmp_path: Path) -> None:
    story = str(SAMPLES / "T02_three_remote_reviews.jsonl")
    pages = []
    for _ in range(2):
        done = command("report", "record", story, "--out", "page.html", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        pages.append((tmp_path / "page.html").read_bytes())
    assert pages[0] == pages[1]
    assert (tmp_path / "page.html").stat().st_mode & 0o777 == 0o600
    assert "1 high, 6 medium" in done.stderr
    text = pages[0].decode()
    assert f"detention-monitor report record {story} --out page.html" in text
    assert re.search(r"ruleset [0-9a-f]{16}", text)
    assert re.search(r"SHA-256 [0-9a-f]{64}", text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["busy_day.jsonl"], "records here (44/"),
        (["T10_certificate_late.jsonl", "--record", "T11"], "no record T11 here"),
        (["T13_roberts_1992.jsonl"], "is not judged"),
    ],
)
def test_which_record_is_meant_must_be_clear(words: list[str], said: str, tmp_path: Path) -> None:
    done = command("report", "record", str(SAMPLES / words[0]), *words[1:], cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_source_is_not_blamed_for_what_it_does_not_carry(tmp_path: Path) -> None:
    lines = (SAMPLES / "T02_three_remote_reviews.jsonl").read_text()
    head = (
        '{"source": {"name": "x", "not_carried": ["review_held.mode_reason", "told_after_sleep"]}}'
    )
    kept = [line for line in lines.splitlines() if "told_after_sleep" not in line]
    (tmp_path / "r.jsonl").write_text("\n".join([head, *kept]))
    done = command("report", "record", "r.jsonl", "--out", "p.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "p.html").read_text()
    assert "D07 Adult not asked for representations: not kept" in page
    assert "D08 Told of a review held during sleep: not done" not in page
