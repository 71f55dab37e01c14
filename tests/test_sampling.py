"""The dip sample: who is drawn, what reviewers get, and what becomes of their answers."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from detention_monitor.errors import DetentionMonitorError, RecordError
from detention_monitor.reports.observed import read_observed, twice
from detention_monitor.reports.rows import Row
from detention_monitor.reports.sample import KEY, Kept, SampleKey, read_answers, read_key
from detention_monitor.reports.sampling import Candidate, Drawn, SampleError, draw
from tests.test_replay import command


def candidates(count: int = 200) -> list[Candidate]:
    out = []
    for n in range(count):
        station = "Ashwick" if n % 10 else "Coldmoor"
        row = Row("44", f"44/D{n}", "detained", "2024-06-10", station, nights=("pre",) * (n % 2))
        out.append(Candidate(row, (f"44/D{n}",), "high" if n % 3 else "no concern"))
    return out


def test_the_same_seed_draws_the_same_records_in_any_order_of_input() -> None:
    every = candidates()
    drawn, strata = draw(every, 30, "june", ("station", "overnight"))
    again, same = draw(every[::-1], 30, "june", ("station", "overnight"))
    assert (drawn, strata) == (again, same)
    other, _ = draw(every, 30, "july", ("station", "overnight"))
    assert {each.detention for each in other} != {each.detention for each in drawn}


def test_each_stratum_gives_its_share_and_at_least_one() -> None:
    drawn, strata = draw(candidates(), 30, "june", ("station", "overnight"))
    assert {(each.name, each.population, each.drawn) for each in strata} == {
        ("Ashwick, no night", 80, 12), ("Ashwick, overnight", 100, 15), ("Coldmoor, no night", 20, 3),
    }  # fmt: skip
    assert Counter(each.stratum for each in drawn) == {each.name: each.drawn for each in strata}
    assert sum(each.weight for each in drawn) == pytest.approx(200)
    rare, few = draw([*candidates(99), *candidates(1)[:1]], 5, "s", ("station",))
    assert min(each.drawn for each in few) == 1
    assert len(rare) == 5


def test_a_larger_sample_contains_the_smaller() -> None:
    small, _ = draw(candidates(), 20, "june", ("station",))
    large, _ = draw(candidates(), 60, "june", ("station",))
    assert {each.detention for each in small} < {each.detention for each in large}


def test_every_record_of_a_stratum_is_as_likely_as_another() -> None:
    """Drawn 400 times over, each of 50 records comes up about 80 times (10 of 50)."""
    every = candidates(50)
    times = Counter(
        each.detention for n in range(400) for each in draw(every, 10, f"seed {n}", ())[0]
    )
    assert len(times) == 50
    assert all(45 < count < 120 for count in times.values())  # beyond four standard deviations


def test_names_of_copies_tell_nothing_of_the_stratum() -> None:
    drawn, _ = draw(candidates(), 30, "june", ("station", "overnight"))
    assert [each.name for each in drawn] == [f"R{n:02d}" for n in range(1, 31)]
    order = [each.stratum for each in drawn]
    assert order != sorted(order)


@pytest.mark.parametrize(
    ("size", "by", "said"),
    [(2, ("station", "severity"), "4 strata and a sample of 2"), (5, (), "no detention here")],
)
def test_a_sample_that_cannot_be_drawn_is_refused(
    size: int, by: tuple[str, ...], said: str
) -> None:
    with pytest.raises(SampleError, match=said):
        draw(candidates() if by else [], size, "june", by)


# --- answers -----------------------------------------------------------------------------------


def key_of_two() -> SampleKey:
    drawn = [Drawn(f"R{n}", f"44/D{n}", (f"44/D{n}",), "all", 1.0) for n in (1, 2)]
    replies = {1: "yes", 2: "no", 3: "cannot_tell"}
    return SampleKey("june", "hash", tuple(Kept(each, replies) for each in drawn))


def table(folder: Path, *rows: str) -> Path:
    path = folder / "answers.csv"
    path.write_text("\r\n".join(("record,question,answer,note", *rows)) + "\r\n")
    return path


def test_answers_become_a_review_of_each_record_with_what_the_rules_said(tmp_path: Path) -> None:
    path = table(tmp_path, "R1,1,yes,", "R1,2,Cannot tell,not said", "R1,3,,", "R2,grade,good,kind",
                 "R2,1,,")  # fmt: skip
    first, second = read_answers(path, key_of_two())
    assert (first.detention, first.sample, first.ruleset) == ("44/D1", "june", "hash")
    assert [(e.question, e.answer, e.rules, e.note) for e in first.answers] == [
        (1, "yes", "yes", ""), (2, "cannot_tell", "no", "not said"),
    ]  # fmt: skip
    assert (second.grade, second.reason, second.answers) == ("good", "kind", ())


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("R9,1,yes,", "answers.csv:2: no record R9"),
        ("R1,9,yes,", "no question 9"),
        ("R1,x,yes,", "no question x"),
        ("R1,1,perhaps,", "'perhaps' is no answer: yes, no"),
        ("R1,grade,fine,", "'fine' is no grade"),
        ("R1,grade,good,", "needs its reason"),
        ("R1,1,,odd", "a note and no answer"),
        ("R1,1,yes,\r\nR1,1,no,", "answers.csv:3: question 1 of R1 is answered twice"),
    ],
)
def test_an_answer_that_does_not_fit_is_told_with_its_line(
    row: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(RecordError, match=re.escape(said)):
        read_answers(table(tmp_path, row), key_of_two())


def sheet(folder: Path, *lines: str, of: str = "", record: str = "R1") -> Path:
    path = folder / f"answers-{record}.yaml"
    head = ("format: custody-answers/1", f"sample: '{of or key_of_two().id}'", f"record: {record}")
    path.write_text("\n".join((*head, *lines)) + "\n")
    return path


def test_a_saved_sheet_gives_the_same_review_as_the_table(tmp_path: Path) -> None:
    saved = sheet(tmp_path, "reviewer: A Lay", "grade: good", "reason: kind", "questions:",
                  "  - {id: 1, answer: yes}", "  - {id: 2, answer: cannot_tell, note: not said}")  # fmt: skip
    who, review = read_observed(saved, key_of_two())
    [same] = read_answers(
        table(tmp_path, "R1,1,yes,", "R1,2,cannot_tell,not said", "R1,grade,good,kind"),
        key_of_two(),
    )
    assert who == "A Lay"
    assert review == same


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["questions: [{id: 9, answer: 'no'}]"], "the sheet has no question 9"),
        (["questions: [{id: 1, note: odd}]"], "question 1 has a note and no answer"),
        (
            ["questions: [{id: 1, answer: 'no'}, {id: 1, answer: 'no'}]"],
            "question 1 is answered twice",
        ),
        (["grade: good"], "a grade needs its reason"),
        (["questions: []"], "nothing is answered in it"),
        (["questions: [{id: 1, answer: perhaps}]"], "answers-R1.yaml:4"),
        (["detention: 44/D1"], "answers-R1.yaml:4"),
    ],
)
def test_a_sheet_that_does_not_fit_is_told(lines: list[str], said: str, tmp_path: Path) -> None:
    with pytest.raises(DetentionMonitorError, match=re.escape(said)):
        read_observed(sheet(tmp_path, *lines), key_of_two())


def test_sheets_of_another_sample_and_two_of_one_record_are_refused(tmp_path: Path) -> None:
    answered = "questions: [{id: 1, answer: 'no'}]"
    with pytest.raises(DetentionMonitorError, match="another sample than that of seed june"):
        read_observed(sheet(tmp_path, answered, of="0" * 16), key_of_two())
    with pytest.raises(DetentionMonitorError, match="no record R9"):
        read_observed(sheet(tmp_path, answered, record="R9"), key_of_two())
    _, review = read_observed(sheet(tmp_path, answered), key_of_two())
    one, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    twice([(one, "Ada", review), (other, "Ben", review)])
    with pytest.raises(
        DetentionMonitorError, match=r"b\.yaml and a\.yaml are about the same record"
    ):
        twice([(one, "Ada", review), (other, "Ada", review)])


def test_a_folder_that_is_no_sample_is_told(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="no sample here"):
        read_key(tmp_path)
    (tmp_path / KEY).write_text("{}")
    with pytest.raises(SampleError, match="not the key of a sample"):
        read_key(tmp_path)


# --- the whole way -----------------------------------------------------------------------------


def test_from_records_to_agreement(tmp_path: Path) -> None:
    done = command("generate", "--records", "40", "--seed", "5", "--out", "r.jsonl", cwd=tmp_path)
    done = command("report", "sample", "r.jsonl", "--size", "6", "--seed", "june", "--by",
                   "overnight", "--out", "s", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    given = tmp_path / "s" / "for_reviewers"
    assert sorted(each.name for each in given.iterdir()) == [
        "R1.html", "R2.html", "R3.html", "R4.html", "R5.html", "R6.html", "answers.csv",
        "questions.html",
    ]  # fmt: skip
    assert all(each.stat().st_mode & 0o077 == 0 for each in (tmp_path / "s").rglob("*"))
    text = "".join(each.read_text() for each in given.iterdir())
    assert not re.search(r"SYN-|20\d\d-\d\d|99/", text)

    rows = list(csv.DictReader((given / "answers.csv").read_text().splitlines()))
    assert len(rows) == 6 * 33
    key = read_key(tmp_path / "s")
    for name, same in (("Ada", True), ("Ben", False)):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, ("record", "question", "answer", "note"))
            writer.writeheader()
            for row in rows:
                if row["question"] == "grade":
                    writer.writerow(
                        {**row, "answer": "good" if same else "inadequate", "note": "so"}
                    )
                    continue
                kept = key.of(row["record"])
                assert kept is not None
                writer.writerow(
                    {**row, "answer": kept.replies[int(row["question"])] if same else "no"}
                )
        done = command("report", "answers", f"{name}.csv", "--sample", "s", "--db", "r.db", "--as",
                       name, cwd=tmp_path)  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "192 answers about 6 records, by Ben" in done.stderr

    done = command("report", "agreement", "--db", "r.db", "--sample", "s", cwd=tmp_path)
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert len(lines) == 34
    assert "grades of 6 records, 12 given: 6 good, 6 inadequate" in done.stdout
    done = command("report", "agreement", "--db", "r.db", "--out", "a.html", cwd=tmp_path)
    page = (tmp_path / "a.html").read_text()
    assert "2 reviewers, 6 records, 384 answers" in page
    assert "<svg" in page
    assert "Ada" not in page


def test_a_reviewer_is_told_where_the_source_cannot_show_it(tmp_path: Path) -> None:
    table = Path(__file__).parents[1] / "docs" / "examples" / "one_row_a_record.csv"
    done = command(
        "report", "sample", str(table), "--map", str(table.with_suffix(".map.yaml")), "--size", "1",
        "--seed", "june", "--out", "s", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [page] = (tmp_path / "s").rglob("R1.html")
    asked = re.findall(r"<li><b>(\d+)</b><p>(.*?)</p>", page.read_text(), flags=re.DOTALL)
    untold = {number for number, text in asked if "does not carry the entries" in text}
    assert len(asked) == 32
    assert "16" in untold  # strip searches: the table has no column for them
    assert "19" not in untold  # reviews: it has two
