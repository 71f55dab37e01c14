"""The review filled in on the page of a record, in a real browser, and taken in by `report review`."""

import asyncio
import contextlib
import json
import shutil
from pathlib import Path

import pytest

from detention_monitor.live.reviews import reviews
from detention_monitor.live.store import Store
from tests.conftest import SAMPLES
from tests.test_browser import CHROMIUM, Tab, TabCrashedError, tab, until
from tests.test_replay import command

T10 = str(SAMPLES / "T10_certificate_late.jsonl")
BAR = "document.querySelector('#save output').textContent"
WHY = "late: 'no bed', \"really\"? #1 \u65e5\u672c <b>x</b>"


async def loaded(page: Tab) -> None:
    """Wait for the form; a tab that never shows it is as good as one that crashed."""
    for _ in range(500):
        if await page.value("document.readyState === 'complete' && !!window.save"):
            return
        await asyncio.sleep(0.02)
    raise TabCrashedError


async def choose(page: Tab, selector: str) -> None:
    """Click with the mouse, in the middle of what a selector finds."""
    x, y = await page.value(f"""(() => {{
        const found = document.querySelector({json.dumps(selector)});
        found.scrollIntoView({{block: "center"}});
        const box = found.getBoundingClientRect();
        return [box.x + box.width / 2, box.y + box.height / 2];
    }})()""")
    for kind in ("mousePressed", "mouseReleased"):
        await page.answer(
            "Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1
        )


async def write(page: Tab, selector: str, text: str) -> None:
    await choose(page, selector)
    await page.answer("Input.insertText", text=text)


async def filled_in(profile: Path, url: str, downloads: Path, keys: list[str]) -> list[str]:
    """Fill the page in as a person would; return what it said at each attempt to save."""
    said = []
    async with tab(profile, url) as page:
        await page.answer(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads)
        )
        await loaded(page)
        assert (await page.value(BAR)).endswith("0 of 32 questions, not graded")
        await choose(page, "#save button")
        said.append(await page.value(BAR))

        await choose(page, f'[data-key="{keys[0]}"] [value=agree]')
        await choose(page, f'[data-key="{keys[1]}"] [value=disagree]')
        await choose(page, f'[data-key="{keys[2]}"] [value=agree]')
        await choose(page, f'[data-key="{keys[2]}"] [value=agree]')  # taken back
        await choose(page, '[data-question="5"] [value=cannot_tell]')
        await choose(page, "#review [value=requires_improvement]")
        await choose(page, "#save button")
        said.append(await page.value(BAR))

        await write(page, f'[data-key="{keys[1]}"] [data-text]', WHY)
        await write(page, "#review [data-text]", "first line\nsecond: line")
        await write(page, "#who", "Insp O'Brien")
        said.append(await page.value(BAR))
        await choose(page, "#save button")
        until(lambda: any(downloads.glob("*.yaml")), "nothing was saved")
        said.append(await page.value(BAR))
    return said


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
async def test_what_is_filled_in_on_the_page_is_stored_as_it_was_meant(tmp_path: Path) -> None:
    made = command("report", "record", T10, "--out", "page.html", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    command("report", "record", T10, "--form", "form.yaml", cwd=tmp_path)
    form = (tmp_path / "form.yaml").read_text()
    keys = [line.split("'")[1] for line in form.splitlines() if line.startswith("  - key:")]
    for attempt in range(12):
        downloads = tmp_path / f"saved{attempt}"
        downloads.mkdir()
        with contextlib.suppress(TabCrashedError):
            url = (tmp_path / "page.html").as_uri()
            said = await filled_in(tmp_path / f"profile{attempt}", url, downloads, keys)
            break
    else:
        pytest.skip("the browser of this machine crashed twelve times, whatever the page")

    assert said[0] == "Nothing is filled in: give a grade, an opinion or an answer."
    assert said[1].endswith("(and 1 more)")
    assert said[2] == f"2 of {len(keys)} findings, 1 of 32 questions, graded requires improvement"
    assert said[3] == "saved as review-T10.yaml"
    shutil.copy(downloads / "review-T10.yaml", tmp_path)
    stored = command("report", "review", "review-T10.yaml", T10, "--db", "reviews.db", cwd=tmp_path)
    assert stored.returncode == 0, stored.stderr
    store = Store.open(str(tmp_path / "reviews.db"))
    [kept] = reviews(store)
    store.close()
    assert (kept.who, kept.verified) == ("Insp O'Brien", False)
    assert (kept.review.grade, kept.review.reason) == (
        "requires_improvement", "first line\nsecond: line",
    )  # fmt: skip
    assert {v.key: (v.opinion, v.reason) for v in kept.review.verdicts} == {
        keys[0]: ("agree", ""),
        keys[1]: ("disagree", WHY),
    }
    assert [(a.question, a.answer) for a in kept.review.answers] == [(5, "cannot_tell")]


def test_who_stores_a_form_may_name_another_than_it_says(tmp_path: Path) -> None:
    command("report", "record", T10, "--form", "form.yaml", cwd=tmp_path)
    form = tmp_path / "form.yaml"
    text = form.read_text().replace("reviewer:  ", "reviewer: 'Insp Lee' ")
    text = text.replace("grade:  ", "grade: good ").replace("reason:  ", "reason: all done ", 1)
    form.write_text(text)
    for more in ((), ("--as", "Ch Insp Shah")):
        ran = command("report", "review", "form.yaml", T10, "--db", "r.db", *more, cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr
    store = Store.open(str(tmp_path / "r.db"))
    assert [each.who for each in reviews(store)] == ["Insp Lee", "Ch Insp Shah"]
    store.close()


async def observed(profile: Path, url: str, downloads: Path) -> list[str]:
    """Answer beside a redacted copy as an observer would; return what the page said."""
    said = []
    async with tab(profile, url) as page:
        await page.answer(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads)
        )
        await loaded(page)
        said.append(await page.value(BAR))
        await choose(page, "#save button")
        said.append(await page.value(BAR))
        await choose(page, '[data-question="3"] [value=no]')
        await choose(page, '[data-question="7"] [value=does_not_apply]')
        await write(page, '[data-question="3"] [data-text]', WHY)
        await choose(page, "#review [value=good]")
        await write(page, "#review [data-text]", "kind: and prompt")
        await write(page, "#who", "A Lay")
        await choose(page, "#save button")
        until(lambda: any(downloads.glob("*.yaml")), "nothing was saved")
        said.append(await page.value(BAR))
    return said


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
async def test_what_an_observer_answers_beside_a_copy_is_stored(tmp_path: Path) -> None:
    made = command("report", "sample", T10, "--size", "1", "--seed", "june", "--out", "june",
                   cwd=tmp_path)  # fmt: skip
    assert made.returncode == 0, made.stderr
    for attempt in range(12):
        downloads = tmp_path / f"saved{attempt}"
        downloads.mkdir()
        with contextlib.suppress(TabCrashedError):
            url = (tmp_path / "june" / "for_reviewers" / "R1.html").as_uri()
            said = await observed(tmp_path / f"profile{attempt}", url, downloads)
            break
    else:
        pytest.skip("the browser of this machine crashed twelve times, whatever the page")

    assert said == [
        "0 of 32 questions, not graded",
        "Nothing is filled in: give an answer or a grade.",
        "saved as answers-R1.yaml",
    ]
    saved = downloads / "answers-R1.yaml"
    stored = command("report", "answers", str(saved), "--sample", "june", "--db", "r.db",
                     cwd=tmp_path)  # fmt: skip
    assert stored.returncode == 0, stored.stderr
    assert "2 answers about 1 record, by A Lay" in stored.stderr
    store = Store.open(str(tmp_path / "r.db"))
    [kept] = reviews(store)
    store.close()
    assert (kept.who, kept.verified, kept.review.sample) == ("A Lay", False, "june")
    assert (kept.review.grade, kept.review.reason) == ("good", "kind: and prompt")
    assert [(a.question, a.answer, a.note) for a in kept.review.answers] == [
        (3, "no", WHY), (7, "does_not_apply", ""),
    ]  # fmt: skip
