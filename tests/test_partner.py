"""The report for partners: every child charged and refused bail, and nothing that names one."""

import csv
import io
import re
from pathlib import Path

import msgspec
import pytest

from detention_monitor.assess import assess, end_of
from detention_monitor.detention import Detention, detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.errors import RecordError
from detention_monitor.reports.authorities import (
    FILE,
    NOT_LISTED,
    NOT_RECORDED,
    SEVERAL,
    Authorities,
)
from detention_monitor.reports.partner import (
    COLUMNS,
    PURPOSE,
    Case,
    as_csv,
    case_of,
    outside,
    read_cases,
    write_case,
)
from detention_monitor.reports.partner_page import partner_page
from detention_monitor.reports.provenance import Provenance
from detention_monitor.reports.pseudonym import Pseudonyms
from detention_monitor.rulefile import RuleSet
from detention_monitor.times import parse_instant
from detention_monitor.values import changed
from detention_monitor.vocabulary import Coverage
from tests.conftest import RULES, SAMPLES
from tests.test_redaction import STORIES, disguised, entries_in
from tests.test_replay import command

NAMES = Pseudonyms(b"0123456789abcdef", PURPOSE)
MADE = Provenance("detention-monitor report partner", "hash", ())


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return Authorities.load(RULES / FILE)


def case(detention: Detention, ruleset: RuleSet, durable: DurableBackend) -> Case | None:
    at = end_of(detention, ruleset)
    judged = assess(detention, ruleset, at, backend=durable)
    return None if judged.refused else case_of(detention, judged)


def story(name: str, ruleset: RuleSet, durable: DurableBackend) -> Case | None:
    [detention] = detentions_of(entries_in(name, ruleset.vocabulary))
    return case(detention, ruleset, durable)


def test_the_certificate_that_came_late_as_partners_see_it(
    ruleset: RuleSet, durable: DurableBackend, authorities: Authorities
) -> None:
    inside = story("T10_certificate_late", ruleset, durable)
    assert inside is not None
    found = outside(inside, NAMES, authorities)
    [asked] = found.asked
    assert (asked.authority, asked.wanted, asked.stage) == (
        "Warwickshire", "alternative", "post_charge",
    )  # fmt: skip
    assert asked.at == parse_instant("2024-09-12T22:40:00+01:00")[0]
    assert asked.reply == "no_bed"
    assert asked.replied_at == parse_instant("2024-09-12T23:30:00+01:00")[0]
    assert (found.age, found.nights, found.moved_at) == (16, 1, None)
    assert [(each.limb, each.ground) for each in found.certificates] == [("a", "no_bed")]
    assert found.produced_at == parse_instant("2024-09-13T10:40:00+01:00")[0]
    [review] = found.reviews
    assert review.again is None
    duties = [each.duty for each in found.concerns]
    assert sorted(duties) == ["E03", "E04", "E10", "E10", "E15", "E18"]
    assert {each.duty for each in found.concerns if not each.law} == {"E10", "E15"}


@pytest.mark.parametrize(
    ("name", "asked", "types"),
    [
        ("T09_alternative_or_secure", 1, ["both"]),
        ("T09b_secure_properly_asked", 1, ["secure"]),
        ("T04b_seventeen_in_2016", 0, []),
    ],
)
def test_a_child_is_in_it_whatever_was_asked(
    name: str, asked: int, types: list[str], ruleset: RuleSet, durable: DurableBackend
) -> None:
    found = story(name, ruleset, durable)
    assert found is not None
    assert len(found.asked) == asked
    assert [each.wanted for each in found.asked] == types


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("T02_three_remote_reviews", "not charged"),
        ("T04a_seventeen_in_2014", "s.38(6) did not cover those of 17 then"),
        ("T08_turns_eighteen", "18 by the decision"),
        ("T13_roberts_1992", "an adult"),
        ("F01_police_protection", "not in police detention"),
    ],
)
def test_who_is_not_in_it(name: str, why: str, ruleset: RuleSet, durable: DurableBackend) -> None:
    assert story(name, ruleset, durable) is None, why


def test_nothing_planted_in_a_record_leaves_with_it(
    ruleset: RuleSet, durable: DurableBackend, authorities: Authorities
) -> None:
    """Words planted wherever a name, a reference, a date of birth or a text can stand."""
    cases, words = [], set()
    for number, name in enumerate(STORIES):
        other, planted = disguised(entries_in(name, ruleset.vocabulary), ruleset.vocabulary, number)
        for detention in detentions_of(other):
            found = case(detention, ruleset, durable)
            if found is not None:
                cases.append(outside(found, NAMES, authorities))
                words |= planted
    assert len(cases) > 8
    assert len(words) > 300
    text = partner_page(cases, MADE) + as_csv(cases) + msgspec.json.encode(cases).decode()
    assert not [word for word in words if word in text]
    assert NOT_LISTED in text


def test_a_pseudonym_is_the_same_each_time_and_another_with_another_key(
    ruleset: RuleSet, durable: DurableBackend, authorities: Authorities
) -> None:
    inside = story("T10_certificate_late", ruleset, durable)
    assert inside is not None
    one = outside(inside, NAMES, authorities).child
    assert one == outside(inside, NAMES, authorities).child
    assert re.fullmatch("[0-9a-f]{10}", one)
    other = Pseudonyms(b"fedcba9876543210", PURPOSE)
    assert one != outside(inside, other, authorities).child


def test_a_case_is_read_as_it_was_written(ruleset: RuleSet, durable: DurableBackend) -> None:
    [detention] = detentions_of(entries_in("T10_certificate_late", ruleset.vocabulary))
    judged = assess(detention, ruleset, end_of(detention, ruleset), backend=durable)
    line = write_case(detention, judged)
    assert list(read_cases([line])) == [case_of(detention, judged)]


def test_a_table_has_a_row_for_each_request_and_one_for_a_child_for_whom_none_was_made(
    ruleset: RuleSet, durable: DurableBackend, authorities: Authorities
) -> None:
    found = [
        story(name, ruleset, durable) for name in ("T10_certificate_late", "T04b_seventeen_in_2016")
    ]
    cases = [outside(each, NAMES, authorities) for each in found if each is not None]
    first, second = csv.DictReader(io.StringIO(as_csv(cases)))
    assert tuple(first) == COLUMNS
    assert (first["asked_for"], first["minutes_to_reply"]) == ("alternative", "50")
    assert (second["request"], second["asked_at"], second["nights_after_charge"]) == ("", "", "1")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Warwickshire", "Warwickshire"),
        ("WARWICKSHIRE County Council EDT (Jane Roe)", "Warwickshire"),
        ("North Yorkshire", "North Yorkshire"),
        ("York city council", "York"),
        ("Stoke on Trent", "Stoke-on-Trent"),
        ("Leicestershire", "Leicestershire"),
        ("Kingston-upon-Hull", "Hull"),
        ("Coventry, then Solihull", SEVERAL),
        ("the council", NOT_LISTED),
        ("  ", NOT_RECORDED),
    ],
)
def test_an_authority_is_told_by_the_list_only(
    text: str, name: str, authorities: Authorities
) -> None:
    assert authorities.named(text) == name


def test_a_list_without_names_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("# nothing\n\n")
    with pytest.raises(RecordError, match="no names here"):
        Authorities.load(path)


def test_the_page_of_no_child_says_so() -> None:
    page = partner_page([], MADE)
    assert "No child was charged and refused bail" in page


def test_the_command_writes_page_and_table_and_never_the_key(tmp_path: Path) -> None:
    key = "a key that nobody can guess, 42"
    (tmp_path / "force.key").write_text(key + "\n")
    done = command("report", "partner", str(SAMPLES), "--key", "force.key", "--out", "p",
                   "--from", "2024-01-01", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    page, table = ((tmp_path / "p" / name).read_text() for name in ("partner.html", "partner.csv"))
    assert sorted(each.name for each in (tmp_path / "p").iterdir()) == [
        "force_only", "partner.csv", "partner.html",
    ]  # fmt: skip
    assert key not in page + table
    assert re.search(r"ruleset [0-9a-f]{16}", page)
    assert "Refused bail from 1 January 2024 (found: " in page
    rows = list(csv.DictReader(io.StringIO(table)))
    assert all(each["bail_refused_at"] >= "2024" for each in rows)
    assert not re.search(r"\bT\d\d|44/|\.jsonl", page + table)
    assert "F01_police_protection.jsonl" in (tmp_path / "p" / "force_only" / "made.txt").read_text()


def test_a_key_that_is_none_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "force.key").write_text("short")
    done = command(
        "report", "partner", str(SAMPLES), "--key", "force.key", "--out", "p", cwd=tmp_path
    )
    assert done.returncode == 2
    assert "at least 16 bytes" in done.stderr
    assert not (tmp_path / "p").exists()


def test_what_the_source_does_not_carry_is_not_told_as_undone(
    ruleset: RuleSet, durable: DurableBackend
) -> None:
    entries = [
        each for each in entries_in("T10_certificate_late", ruleset.vocabulary)
        if each.kind not in ("la_requested", "la_replied")
    ]  # fmt: skip
    lacking = Coverage(frozenset({"la_requested", "la_replied", "moved_to_la"}))
    [detention] = detentions_of(entries)
    told = case(detention, ruleset, durable)
    untold = case(changed(detention, coverage=lacking), ruleset, durable)
    assert told is not None
    assert untold is not None

    def text(*cases: Case) -> str:
        return " ".join(re.sub(r"<[^>]+>", " ", partner_page(cases, MADE)).split())

    assert "No request to a local authority is on record." in text(told)
    assert "Not moved." in text(told)
    page = text(untold)
    assert "No request to a local authority is on record" not in page
    assert "Not moved" not in page
    assert (
        "does not carry requests to the local authority, its answers, moves to accommodation"
        in page
    )
    assert "The source does not carry what was asked of local authorities." in page
    assert "local authority asked not carried by the source" in page
    assert "0 local authority asked of 1 whose source carries it" in text(told, untold)
    assert as_csv([untold]).splitlines()[1].endswith("la_replied; la_requested; moved_to_la")
    assert {each.duty for each in untold.concerns}.isdisjoint({"E03", "E07", "E09"})
