"""`rules law`: the words of the law, the rules that rest on them, and what no rule judges."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from textwrap import wrap

import click
import orjson

from detention_monitor import lawbook
from detention_monitor.catalogue import load_catalogue
from detention_monitor.citations import sections
from detention_monitor.commands.options import FILE, rules_options
from detention_monitor.lawbook import Beside, LawBook, law_book
from detention_monitor.lawpage import law_page
from detention_monitor.lawtext import LawText, compared, in_force_on, load_law
from detention_monitor.notjudged import WHYS, load_not_judged
from detention_monitor.paths import bundled_rules
from detention_monitor.rulebook import RuleBook, printed
from detention_monitor.rulefile import load_rules
from detention_monitor.wording import Wording


@click.command("law")
@click.argument("name", required=False, metavar="[PARAGRAPH]")
@click.option("--search", metavar="WORDS", help="Paragraphs in which these words stand.")
@click.option("--not-judged", is_flag=True, help="What no rule judges, under the reason why not.")
@click.option(
    "--gaps", is_flag=True, help="Of that, what entries could show and no rule looks for."
)
@click.option(
    "--changed", is_flag=True, help="What the newest edition says otherwise than the one before."
)
@click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY",
    help="The edition in force on that day (default: the newest).",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(("text", "markdown", "json", "html")), default="text",
    show_default=True, help="html: a page with the law and the rules side by side.",
)  # fmt: skip
@click.option("--out", type=FILE, default=None, help="Write there instead (html needs it).")
@rules_options
def law_command(
    name: str | None, *, search: str | None, not_judged: bool, gaps: bool, changed: bool,
    day: datetime | None, form: str, out: Path | None, rules: Path | None, policy: Path | None,
) -> None:  # fmt: skip
    """Show the law beside the rules: what a paragraph of Code C says, and which rules rest on it.

    PARAGRAPH is as lawyers write it: 9.3, 'Note 16D', 'Annex A 11', a whole section (9) or annex
    ('Annex L'), or a section of an Act ('PACE s.40'), whose words are not in these files. Without
    it: the contents, and how much of each section is judged.
    """
    if name is not None and not name.strip():
        raise click.UsageError("name a paragraph, as in: rules law 9.3")
    if changed and (day is not None or form != "text"):
        raise click.UsageError("--changed sets the two newest editions side by side, as text")
    if sum((name is not None, search is not None, not_judged or gaps, changed)) > 1:
        raise click.UsageError("one at a time: a paragraph, --search, --not-judged or --changed")
    folder = rules or bundled_rules()
    ruleset = load_rules(folder, policy)
    texts = load_law(folder)
    text, until = _edition(texts, None if day is None else day.date())
    book = law_book(ruleset, text, load_not_judged(folder)[1], until)
    if form == "html":
        if out is None or name or search or not_judged or gaps or changed:
            raise click.UsageError("--format html is a page of the whole; give --out FILE")
        rulebook = RuleBook(ruleset, load_catalogue(folder), Wording.load(folder))
        out.write_text(law_page(book, rulebook), encoding="utf-8")
        click.echo(
            f"{out}: {lawbook.edition_of(book.text)}, with {len(ruleset.rules)} rules", err=True
        )
        return
    if changed:
        told = _changed(book, texts)
    elif not_judged or gaps:
        told = _not_judged(book, form, gaps=gaps)
    elif search is not None:
        told = _listed(book, _holding(book, search), form)
    elif name is not None and name.strip().casefold() != book.text.about.cite.casefold():
        told = _shown(book, name, form)
    else:
        told = _data(book.all()) if form == "json" else "\n".join(lawbook.contents(book)) + "\n"
    if out is None:
        click.echo(told, nl=False)
    else:
        out.write_text(told, encoding="utf-8")


def _edition(texts: Sequence[LawText], day: date | None) -> tuple[LawText, date | None]:
    """Return the edition asked for, and the day on which the next one takes its place."""
    text = texts[0] if day is None else in_force_on(texts, day)
    if text is None:
        raise click.ClickException(
            f"the oldest text here is {lawbook.edition_of(texts[-1])}; none is of {day}"
        )
    if day is None and len(texts) > 1:
        others = ", ".join(each.about.start.isoformat() for each in texts[1:])
        click.echo(f"the newest edition; for an earlier one say --on {others}", err=True)
    return text, next(
        (each.about.start for each in reversed(texts) if each.about.start > text.about.start), None
    )


def _shown(book: LawBook, name: str, form: str) -> str:
    """Return a paragraph, a section, or the rules that cite something else."""
    found = book.find(name)
    if len(found) == 1:
        cited = (
            name if name.startswith("Code C ") else f"Code C {found[0].paragraph.name}{_part(name)}"
        )
        if missing := book.text.missing(cited):
            click.echo(f"{found[0].paragraph.name} is here; it has no {missing[0]}", err=True)
        return _data(found) if form == "json" else _printed(found, book, form)
    if found:
        return _listed(book, found, form)
    citing = book.citing(name)
    if not citing:
        raise book.unknown(name)
    if form == "json":
        return (
            orjson.dumps([{"rule": each.id, "cites": each.cites} for each in citing]).decode()
            + "\n"
        )
    how = "cited by {} rules; its words are not in these files"
    if not sections(name)[1]:
        how = "no paragraph; these words stand in what {} rules cite"
    lines = [f"{name}: {how.format(len(citing))}", ""]
    lines += [f"  {lawbook.rule_line(rule)} [{'; '.join(rule.cites)}]" for rule in citing]
    return "\n".join(lines) + "\n"


def _part(name: str) -> str:
    """Return what of a paragraph is named, in brackets: (a)(i)."""
    match = re.search(r"(?:\([a-z]{1,4}\))+$", name.strip())
    return match[0] if match else ""


def _printed(found: Sequence[Beside], book: LawBook, form: str) -> str:
    blocks = [block for each in found for block in lawbook.told(each, book)]
    return printed(blocks, "markdown" if form == "markdown" else "text")


def _listed(book: LawBook, found: Sequence[Beside], form: str) -> str:
    """Return several paragraphs: whole in Markdown, a line each in text."""
    if form == "json":
        return _data(found)
    if form == "markdown":
        return _printed(found, book, form)
    lines = [lawbook.edition_of(book.text), "", *lawbook.overview(found)]
    for section in dict.fromkeys(each.paragraph.section for each in found):
        if whole := book.of_the_whole(section):
            lines += [
                "",
                f"{section} as a whole is cited by {', '.join(rule.id for rule in whole)}",
            ]
    return "\n".join(lines) + "\n"


def _holding(book: LawBook, words: str) -> list[Beside]:
    pattern = re.compile(r"\s+".join(map(re.escape, words.split())), re.IGNORECASE)
    found = [each for each in book.all() if words.strip() and pattern.search(each.paragraph.text)]
    if not found:
        raise click.ClickException(f"'{words}' stands in no paragraph of {book.text.about.cite}")
    return found


def _not_judged(book: LawBook, form: str, *, gaps: bool) -> str:
    only = ("open",) if gaps else WHYS
    untold = () if gaps else ("untold",)
    found = [each for each in book.all() if {*each.whys, each.state} & {*only, *untold}]
    if form == "json":
        return _data(found)
    width = max(60, shutil.get_terminal_size((100, 24)).columns)
    lines: list[str] = []
    for line in lawbook.gaps(found, only):
        lines += wrap(line, width, subsequent_indent=" " * 31, break_on_hyphens=False) or [""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _changed(book: LawBook, texts: Sequence[LawText]) -> str:
    if len(texts) < 2:
        raise click.ClickException(
            f"there is one edition, {lawbook.edition_of(texts[0])}; put the text of another beside "
            f"it, as {texts[0].file} is written, and ask again"
        )
    lines = [f"{lawbook.edition_of(texts[0])}", f"against {lawbook.edition_of(texts[1])}", ""]
    changes = list(compared(texts[1], texts[0]))
    before = law_book(book.ruleset, texts[1], book.not_judged, texts[0].about.start)
    for change in changes:
        beside = (before if change.what == "gone" else book).beside(change.name)
        rules = ", ".join(rule.id for rule in beside.rules)
        lines += [f"{change.name}  {change.what}", *(f"    {line}" for line in change.lines)]
        lines.append(f"    rules to read again: {rules}" if rules else "    no rule cites it")
        names = [*([change.name] if beside.reason else ()), *(name for name, _ in beside.parts)]
        if names and change.what == "gone":
            lines.append(f"    may stay in not_judged.yaml, for earlier days: {', '.join(names)}")
        elif names:
            lines.append(f"    reasons to read again in not_judged.yaml: {', '.join(names)}")
        lines.append("")
    lines.append(f"{len(changes)} paragraphs differ")
    return "\n".join(lines) + "\n"


def _data(found: Sequence[Beside]) -> str:
    return orjson.dumps(lawbook.as_data(found), option=orjson.OPT_INDENT_2).decode() + "\n"
