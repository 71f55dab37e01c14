"""The daily brief: who was there, why, what was missed, what to ask; nothing from after the meeting."""

import html
import json
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SAMPLES
from tests.test_statistics import entries, report, who

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def brief(folder: Path, records: Sequence[Path], date: str, *words: str) -> str:
    ran = report("daily", *records, "--date", date, "--out", folder / "brief.html", *words)
    assert ran.exit_code == 0, ran.output
    return (folder / "brief.html").read_text()


def articles(page: str) -> dict[str, str]:
    """Return the text of each child's part, by the record."""
    out = {}
    for part in page.split("<article")[1:]:
        text = html.unescape(re.sub(r"<[^>]+>", " ", part.split("</article>")[0].split(">", 1)[1]))
        told = " ".join(text.split())
        out[told.split()[0]] = told
    return out


def written(folder: Path, *records: list[dict[str, Any]]) -> Path:
    path = folder / "records.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for each in records for entry in each))
    return path


def test_the_sample_day_is_told_under_10_first_then_who_is_there_and_charged(
    tmp_path: Path,
) -> None:
    page = brief(tmp_path, [SAMPLES / "busy_day.jsonl"], "2024-09-14")

    told = articles(page)
    assert list(told) == ["CR-2425", "CR-2421", "CR-2419", "CR-2422"]
    assert "NOT JUDGED: age recorded as 9" in told["CR-2425"]
    assert "3 children held overnight, 3 still in custody, 2 charged" in page
    assert "1 record could not be judged" in page
    charged = told["CR-2421"]
    assert "boy, 16 Leamington STILL IN CUSTODY, juvenile detention room" in charged
    assert "detained Fri 17:00, 14 h, 9 h of it in the night" in charged
    assert "bail refused: would fail to appear (charged Fri 20:30)" in charged
    assert "asked Fri 20:55 of Warwickshire: both; Fri 21:20 no secure bed" in charged
    assert "Certificate for want of secure accommodation without its conditions" in charged
    assert "The authority said 'no secure bed': was it escalated" in charged
    assert "Adult came promptly, for the child's welfare" in charged
    unasked = told["CR-2419"]
    assert "Why was the local authority not asked for accommodation?" in unasked
    assert "Where is the certificate under s.38(7), and will the court have it?" in unasked
    assert "nothing found against the record" in told["CR-2422"]


def test_of_a_child_who_got_bail_no_authority_is_said_to_be_unasked(tmp_path: Path) -> None:
    """Charged at 03:20 and bailed at 03:35: nobody had to ask, nor before a decision on bail."""
    begun: tuple[tuple[str, int, dict[str, Any]], ...] = (
        ("arrived", 0, who()), ("detention_authorised", 10, {}), ("charged", 500, {}),
    )  # fmt: skip
    records = written(
        tmp_path,
        entries("GRANTED", "2024-06-10T19:00:00+01:00", *begun,
                ("bail_decided", 505, {"refused": False}), ("bailed", 515, {})),
        entries("LETGO", "2024-06-10T19:00:00+01:00", *begun, ("released", 515, {})),
        entries("KEPT", "2024-06-10T19:00:00+01:00", *begun, ("detention_after_charge", 505, {})),
        entries("WAITS", "2024-06-10T19:00:00+01:00", *begun),
    )  # fmt: skip
    told = articles(brief(tmp_path, [records], "2024-06-11"))
    unasked = {name for name, text in told.items() if "LA not asked: no entry shows it" in text}
    assert unasked == {"KEPT"}
    assert "LA need not be asked yet: charged 03:20, no entry shows bail decided" in told["WAITS"]
    assert [name for name, text in told.items() if "authority not asked for" in text] == ["KEPT"]
    assert told.keys() == {"GRANTED", "LETGO", "KEPT", "WAITS"}


def test_the_brief_knows_nothing_of_what_came_after_the_meeting(tmp_path: Path) -> None:
    """T10: certificate written 09:20, hearing 10:05."""
    record = SAMPLES / "T10_certificate_late.jsonl"
    early = articles(brief(tmp_path, [record], "2024-09-13"))["T10"]
    assert "STILL IN CUSTODY" in early
    assert "certificate under s.38(7):" not in early
    assert "Certificate written: not done yet" in early

    later = articles(brief(tmp_path, [record], "2024-09-13", "--at", "12:00"))["T10"]
    assert "at court 10:05" in later
    assert "09:20 certificate under s.38(7): limb (a), no bed" in later


def test_who_left_before_the_night_is_not_on_it_and_who_was_there_at_midnight_is_said_to_be(
    tmp_path: Path,
) -> None:
    records = written(
        tmp_path,
        entries("EVENING", "2024-06-10T15:00:00+01:00", ("arrived", 0, who()),
                ("detention_authorised", 10, {}), ("released", 400, {})),
        entries("BRIEFLY", "2024-06-10T23:00:00+01:00", ("arrived", 0, who()),
                ("detention_authorised", 10, {}), ("released", 90, {})),
        entries("LATE", "2024-06-11T01:00:00+01:00", ("arrived", 0, who(sex="female")),
                ("detention_authorised", 10, {"grounds": "<b>&"}), ("released", 330, {})),
        entries("BEFORE", "2024-06-09T21:00:00+01:00", ("arrived", 0, who()),
                ("detention_authorised", 10, {}), ("released", 600, {})),
        entries("ADULT", "2024-06-10T20:00:00+01:00", ("arrived", 0, who(dob="1980-01-01")),
                ("detention_authorised", 10, {})),
    )  # fmt: skip
    page = brief(tmp_path, [records], "2024-06-11")

    told = articles(page)
    assert set(told) == {"BRIEFLY", "LATE"}
    assert "under four hours of the night" in told["BRIEFLY"]
    assert "released 00:30" in told["BRIEFLY"]
    assert "girl, 15" in told["LATE"]
    assert "released 06:30" in told["LATE"]
    assert "<b>&" in told["LATE"]
    assert "1 child held overnight, 0 still in custody" in page
    assert "1 child there at midnight" in page
    assert "never seen in person by an inspector" in told["LATE"]
    assert "no adult came in person" in told["LATE"]
    assert "<b>&" not in page


def test_a_quiet_night_is_said(tmp_path: Path) -> None:
    page = brief(tmp_path, [SAMPLES / "busy_day.jsonl"], "2024-03-01")
    assert "no child was held overnight" in page
    assert articles(page) == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--date", "2024-13-01"], "is not a day"),
        (["--date", "2024-09-14", "--at", "7 o'clock"], "--at 7 o'clock"),
        ([], "Missing option '--date'"),
    ],
)
def test_what_is_wrong_with_the_words_is_said(words: list[str], said: str) -> None:
    ran = report("daily", SAMPLES / "busy_day.jsonl", *words)
    assert ran.exit_code != 0
    assert said in f"{ran.output} {ran.exception}"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_eight_children_fit_one_printed_page(tmp_path: Path) -> None:
    base = [
        json.loads(x) for x in (SAMPLES / "T10_certificate_late.jsonl").read_text().splitlines()
    ]
    copies = [
        [{**e, "id": f"{e['id']}-{n}", "record": f"CR-{n}", "detention_id": None} for e in base
         if "kind" in e]
        for n in range(8)
    ]  # fmt: skip
    brief(tmp_path, [written(tmp_path, *copies)], "2024-09-13")
    assert CHROMIUM is not None
    subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
         "--no-pdf-header-footer", f"--print-to-pdf={tmp_path / 'brief.pdf'}",
         f"file://{tmp_path / 'brief.html'}"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    pages = re.findall(rb"/Type\s*/Page\b", (tmp_path / "brief.pdf").read_bytes())
    assert len(pages) == 1
