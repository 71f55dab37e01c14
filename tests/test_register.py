"""Two publications of some of the same children: what their difference tells, and the register."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from detention_monitor.cli import cli
from detention_monitor.generate import generate
from detention_monitor.reports.disclosure import Grid, published
from detention_monitor.reports.figures import ALL, Figures, Place
from detention_monitor.reports.rows import Row
from detention_monitor.reports.sheets import Show
from detention_monitor.reports.trend import Change, Trend

JANUARY = ("--from", "2025-01-01", "--to", "2025-01-31")


def report(name: str, *words: object) -> Result:
    return CliRunner().invoke(cli, ["report", name, *map(str, words)])


def _told_exactly(top: int, publications: Sequence[tuple[int, ...]]) -> Counter[str]:
    """Return how many small numbers of two months, in two categories, publications tell between them.

    Every pair of months with numbers under `top` is published; those that look alike in all
    publications are put together. The reader knows how numbers are hidden.
    """
    alike: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for numbers in product(range(top), repeat=4):
        months = (numbers[:2], numbers[2:])
        shown = tuple(
            published(Grid.of([[sum(months[month][row] for month in of)] for row in (0, 1)]))
            for of in publications
        )
        alike[shown].append(numbers)
    out = Counter[str]()
    for each in alike.values():
        for place in range(4):
            values = {numbers[place] for numbers in each}
            small = sum(0 < numbers[place] < 5 for numbers in each)
            out["small"] += small
            out["told"] += small if len(values) == 1 else 0
    return out


def test_two_publications_tell_by_their_difference_what_none_tells_alone() -> None:
    """Why overlaps are refused. Apart, January and February tell nothing; with their sum they do."""
    apart = _told_exactly(9, [(0,), (1,)])
    overlapping = _told_exactly(9, [(0,), (1,), (0, 1)])
    assert apart["small"] == overlapping["small"] > 10_000
    assert apart["told"] == 0
    assert overlapping["told"] > 0


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("register")
    lines = list(generate(60, 6, first=date(2025, 1, 1)))
    (folder / "all.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    begun: dict[str, str] = {}
    for line in lines:
        begun.setdefault(line["record"], line["at"])
    late = [name for name, at in begun.items() if at.startswith("2025-01")][:2]
    with (folder / "early.jsonl").open("w") as out_text:
        out_text.writelines(json.dumps(x) + "\n" for x in lines if x["record"] not in late)
    return folder


def test_a_publication_that_overlaps_is_refused_and_one_that_does_not_is_kept(
    records: Path, tmp_path: Path
) -> None:
    register = tmp_path / "register"

    def publish(name: str, file: str, out: str, *words: str) -> Result:
        return report(name, records / file, "--outside", "--register", register,
                      "--out", tmp_path / out, *words)  # fmt: skip

    assert publish("statistics", "early.jsonl", "first", *JANUARY).exit_code == 0
    assert register.stat().st_mode & 0o777 == 0o600
    count = json.loads(register.read_text())["detentions"]

    wider = publish("statistics", "early.jsonl", "wider", "--to", "2025-02-28")
    assert f"{count} detentions in both" in str(wider.exception)
    assert "only in this" in str(wider.exception)
    assert "--despite REASON" in str(wider.exception)
    assert not (tmp_path / "wider" / "statistics.html").exists()

    shorter = publish("trend", "early.jsonl", "shorter", "--to", "2025-01-20")
    assert "only in the earlier" in str(shorter.exception)
    late = publish("statistics", "all.jsonl", "late", *JANUARY)
    assert f"{count} detentions in both, 2 detentions only in this" in str(late.exception)
    assert len(register.read_text().splitlines()) == 1

    assert publish("trend", "early.jsonl", "beside", *JANUARY).exit_code == 0
    assert publish("statistics", "early.jsonl", "again", *JANUARY).exit_code == 0
    assert (tmp_path / "again" / "statistics.csv").read_bytes() == (
        tmp_path / "first" / "statistics.csv"
    ).read_bytes()
    assert publish("statistics", "early.jsonl", "next", "--from", "2025-02-01").exit_code == 0
    lines = [json.loads(line) for line in register.read_text().splitlines()]
    assert [line["same_as"] for line in lines] == [None, 1, 1, None]
    assert not any("SYN-" in line["counted"] for line in lines)

    year = publish(
        "statistics", "all.jsonl", "late", *JANUARY, "--despite", "court order", "--resume"
    )
    assert year.exit_code == 0, year.output
    assert json.loads(register.read_text().splitlines()[-1])["despite"] == "court order"
    made = (tmp_path / "late" / "force_only" / "made.txt").read_text()
    assert "register: published despite that: court order" in made
    assert "2 detentions only in this" in made
    for path in (each for each in (tmp_path / "late").iterdir() if each.is_file()):
        assert b"court order" not in path.read_bytes()


def test_one_record_amended_since_makes_another_publication(records: Path, tmp_path: Path) -> None:
    words = (records / "amended.jsonl", "--outside", "--register", tmp_path / "register", *JANUARY)
    lines = [json.loads(line) for line in (records / "early.jsonl").read_text().splitlines()]
    (records / "amended.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))
    assert report("statistics", *words, "--out", tmp_path / "one").exit_code == 0
    first = next(x for x in lines if x["kind"] == "arrived" and x["at"].startswith("2025-01"))
    first["attrs"]["ethnicity"] = "other" if first["attrs"].get("ethnicity") != "other" else "white"
    (records / "amended.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines))

    again = report("statistics", *words, "--out", tmp_path / "two")

    assert "1 detention in both but recorded or judged otherwise since" in str(again.exception)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--outside"], "--outside needs --register FILE"),
        (["--register", "r"], "belong to --outside"),
        (["--despite", "r"], "belong to --outside"),
        (["--outside", "--register", "out/register"], "which is given away"),
        (["--outside", "--register", "nowhere/register"], "there is no folder nowhere"),
        (["--outside", "--register", "broken"], "broken:1: not a line of a register"),
    ],
)
def test_a_register_that_cannot_be_is_said(
    records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "broken").write_text("{}\n")
    ran = report("statistics", records / "early.jsonl", *words, "--out", "out")
    assert ran.exit_code == 2 or ran.exception
    assert said in f"{ran.output} {ran.exception}"
    assert not (tmp_path / "out" / "statistics.html").exists()


def _figures(*rows: Row) -> Figures:
    found = Figures()
    for row in rows:
        found.add(row)
    return found


def test_before_and_after_a_change_do_not_tell_each_other_by_their_sum() -> None:
    """Three searched before and forty after: were the forty shown, so were the three, by the whole."""

    def row(number: int, month: str, **more: Any) -> Row:
        return Row("44", f"{month}{number}", "detained", f"2025-{month}-05", "North", **more)

    old = [row(n, "01", charged=n < 3) for n in range(60)]
    new = [row(n, "02", charged=n < 40) for n in range(60)]
    change = Change(date(2025, 2, 1), "x", _figures(*old), _figures(*new))
    trend = Trend(_figures(*old, *new), change, outside=True)

    [told] = trend.changed(["charged"]).tables[0].rows

    assert told[1] == "[c] of 60"
    assert told[2] == "[c] of 60"
    assert trend.shares["charged"].at(-1, -1) == (45, 120)


def test_a_page_tells_no_number_of_times_that_the_file_beside_it_hides() -> None:
    """Two, two and one in three months come to five at the one station; the page speaks of stations."""
    rows = [
        Row("44", f"{month}{n}", "detained", f"2025-0{month}-05", "North", held=60)
        for month, count in ((1, 2), (2, 2), (3, 1))
        for n in range(count)
    ]
    show = Show(_figures(*rows), outside=True)
    stations = [Place("44", "North")]
    months = [Place(month=f"2025-0{n}") for n in (1, 2, 3)]

    assert show.known("held", [*stations, *months])[ALL] is None
    assert show.known("held", stations)[ALL] is None


def test_what_leaves_the_force_has_a_folder_without_what_must_stay(
    records: Path, tmp_path: Path
) -> None:
    """Exact figures and rows of children lay in a folder of which all may be given away."""
    out, file, register = tmp_path / "out", records / "early.jsonl", tmp_path / "register"
    (tmp_path / "key").write_text("0123456789abcdef")
    leaving = ("--outside", "--register", register, *JANUARY)
    assert report("statistics", file, "--rows", "--out", out, *JANUARY).exit_code == 0
    for words in (("statistics", *leaving), ("partner", "--key", tmp_path / "key")):
        refused = report(words[0], file, *words[1:], "--out", out)
        assert "needs a folder of its own" in str(refused.exception)
    assert not (out / "force_only").exists()

    other = tmp_path / "other"
    assert report("statistics", file, *leaving, "--out", other).exit_code == 0
    assert report("trend", file, *leaving, "--out", other).exit_code == 0
    back = report("trend", file, *JANUARY, "--out", other)
    assert "write what stays to another folder" in str(back.exception)
    partner = report("partner", file, "--key", tmp_path / "key", "--out", other)
    assert "holds other files (statistics.csv" in str(partner.exception)
