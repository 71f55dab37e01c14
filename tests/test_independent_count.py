"""Findings over generated records, counted again by plain SQL that knows nothing of our rules."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator

import pytest

from detention_monitor.generate import generate
from detention_monitor.times import parse_instant
from tests.test_replay import command

COUNT = 1_800
QUERIES = {
    # The adult came more than two hours after detention was authorised, or had not by the end.
    # In hospital the local target stands still, so those records are left out on both sides.
    "B02-adult-present": """
        SELECT count(*) FROM stays WHERE hospital IS NULL
        AND min(coalesce(adult, 9e12), ended) > authorised + 7200""",
    "A02-before-custody-officer": """
        SELECT count(*) FROM stays WHERE min(coalesce(seen, 9e12), ended) > arrived + 1800""",
    # Nobody puts a review off here. Where the child is kept after charge before it is due, the
    # custody officer's duty takes its place; who leaves for court is reviewed no more.
    "D01-first-review": """
        SELECT count(*) FROM stays AS s WHERE hospital IS NULL
        AND (kept IS NULL OR kept > authorised + 21600)
        AND min(coalesce(reviewed, 9e12), coalesce(left, ended)) > authorised + 21600""",
    # Every adult who comes here is the mother, who has been told by then (Code C 3.15).
    "B07-responsible-person": """
        SELECT count(*) FROM stays
        WHERE min(coalesce(told, 9e12), coalesce(adult, 9e12), ended) > authorised + 1800""",
    "C01-interview-without-adult": """
        SELECT count(*) FROM entries WHERE kind = 'interview_started' AND aa_present = 0""",
    "D04-wrong-reviewer": """
        SELECT count(*) FROM entries AS e JOIN stays AS s USING (record)
        WHERE e.kind = 'review_held' AND e.rank = 'sergeant'
        AND (s.kept IS NULL OR e.at / 60 < s.kept / 60)
        AND (e.role IS NULL OR s.charged IS NULL OR e.at / 60 < s.charged / 60)""",
    "REQUEST_AMBIGUOUS": """
        SELECT count(*) FROM entries WHERE kind = 'la_requested' AND request_type = 'both'""",
    "E10-produced": """
        SELECT count(*) FROM stays WHERE kept IS NOT NULL AND court IS NOT NULL
        AND coalesce(produced, 9e12) / 60 > court / 60""",
}
BREACHES = ("overdue", "missed", "met_late", "broken", "matched")


@pytest.fixture(scope="module")
def counted(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[sqlite3.Connection, Counter[str]]]:
    folder = tmp_path_factory.mktemp("counted")
    base = sqlite3.connect(":memory:")
    base.execute("CREATE TABLE entries(record, kind, at, rank, role, aa_present, request_type)")
    hospital: set[str] = set()
    with (folder / "records.jsonl").open("w") as file:
        for entry in generate(COUNT, 5):
            file.write(json.dumps(entry) + "\n")
            by, attrs = entry.get("by", {}), entry.get("attrs", {})
            if entry["kind"] == "hospital_out":
                hospital.add(entry["record"])
            base.execute(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)",
                (entry["record"], entry["kind"], parse_instant(entry["at"])[0], by.get("rank"),
                 by.get("role"), attrs.get("aa_present"), attrs.get("request_type")),
            )  # fmt: skip

    def first(*kinds: str) -> str:
        named = ", ".join(f"'{kind}'" for kind in kinds)
        return f"min(CASE WHEN kind IN ({named}) THEN at END)"

    base.execute(
        "CREATE TABLE stays AS SELECT record,"  # noqa: S608 - our own words
        f" {first('detention_authorised')} AS authorised, {first('aa_arrived')} AS adult,"
        f" {first('resp_person_informed')} AS told, {first('hospital_out')} AS hospital,"
        f" {first('arrived')} AS arrived, {first('first_co_contact')} AS seen,"
        f" {first('left_for_court')} AS left,"
        " min(CASE WHEN kind = 'review_held' AND rank = 'inspector' THEN at END) AS reviewed,"
        f" {first('charged')} AS charged, {first('detention_after_charge')} AS kept, {first('court_appearance')} AS court,"
        f" {first('certificate_produced')} AS produced,"
        f" {first('released', 'bailed', 'moved_to_la', 'court_appearance')} AS ended"
        " FROM entries GROUP BY record"
    )
    ran = command("replay", "records.jsonl", "--format", "jsonl", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    found: Counter[str] = Counter()
    for finding in map(json.loads, ran.stdout.splitlines()):
        by_clock = finding["rule"] in ("B02-adult-present", "D01-first-review")
        left_out = by_clock and finding["record"] in hospital
        # By telephone though a link was there: whether that was a review the law leaves open.
        left_out |= finding["rule"] == "D01-first-review" and finding["certainty"] == "possible"
        if finding["status"] in BREACHES and not left_out:
            found[finding["rule"]] += 1
    yield base, found
    base.close()


@pytest.mark.parametrize("rule", sorted(QUERIES))
def test_the_rules_find_what_a_query_counts(
    rule: str, counted: tuple[sqlite3.Connection, Counter[str]]
) -> None:
    base, found = counted
    [(number,)] = base.execute(QUERIES[rule]).fetchall()
    assert number > 0, "the query has nothing to count: draw more records"
    assert found[rule] == number
