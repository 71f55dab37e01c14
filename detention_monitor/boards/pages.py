"""The pages over the board, as lines of a width: each asked for by a key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detention_monitor.boards import feed
from detention_monitor.boards import handover as report
from detention_monitor.boards.adviser import advise
from detention_monitor.boards.desk import Desk
from detention_monitor.boards.detail import head, history, labelled, whole
from detention_monitor.boards.lines import Glyphs, Line, Piece, fit, line, piece, wrapped
from detention_monitor.boards.load import by_tens, load_line, load_of
from detention_monitor.boards.picture import LEGEND
from detention_monitor.boards.reasons import why
from detention_monitor.boards.released import ended_text, find_child, unjudged_text
from detention_monitor.boards.rows import left_text, when_text
from detention_monitor.boards.sheet import lines as sheet_lines
from detention_monitor.boards.urgency import MARKS, NAMES
from detention_monitor.errors import RuleFileError
from detention_monitor.findings import Finding
from detention_monitor.lawtext import in_force_on, laid_out
from detention_monitor.live.limits import Limits
from detention_monitor.ruletext import BRIEF
from detention_monitor.times import day_of
from detention_monitor.wording import day_in_words

_MOST_WHYS = 12
_GONE = (Piece("this child is not known here any more", "warn"),)


def detail(desk: Desk, name: str, now: int, width: int, glyphs: Glyphs) -> list[Line]:
    """Return everything about a child: duties, alerts, timeline, and why of each that matters."""
    child = find_child(desk, name)
    if child is None:
        return [_GONE]
    row = next((each for each in desk.rows(now) if each.child.detention == name), None)
    alerts = [each for each in desk.alerts() if each.detention == name]
    wanted = [each.finding for each in row.duties if each.state != "open"] if row else []
    wanted += [each for each in child.findings if each.is_breach and each not in wanted]
    if not wanted and row and row.first:
        wanted = [row.first.finding]
    result, detention = desk.judged(name, now), desk.detention(name)
    reasons: list[Sequence[Line]] = []
    if result is not None and detention is not None:
        reasons = [why(f, result, detention, desk.ruleset, now, width) for f in wanted[:_MOST_WHYS]]
    return whole(child, row, alerts, reasons, now, width, glyphs)


def sheet(desk: Desk, name: str, now: int, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the sheet before a review."""
    child = find_child(desk, name)
    if child is None:
        return [_GONE]
    shown = sheet_lines(child, desk.ruleset, now, width, glyphs)
    gone = ended_text(child, now)
    if not gone and child.refused is None:
        return shown
    said = unjudged_text(child) if child.refused is not None else ""
    if gone:
        said = f"{gone}. No review is to be held; this is how the record stood. {said}"
    return [line(piece(each, "warn")) for each in wrapped(said, width)] + [line(""), *shown]


def adviser(desk: Desk, now: int, width: int, glyphs: Glyphs) -> list[Line]:
    """Return which reviews to bring forward, over all suites."""
    found = advise([row.child for row in desk.rows(now)], desk.ruleset, now)
    out: list[Line] = [
        *((Piece(each, "dim"),) for each in wrapped(
            "Reviews that will probably fall in sleep (Code C Note 15C), and the latest time that "
            "avoids it. Sleep is presumed from 22:00 to 07:00 (parameters night_from, night_to), "
            "and for eight hours of a rest on record.", width)),
        line(""),
    ]  # fmt: skip
    if not found:
        return [*out, line(Piece("No review due falls in presumed sleep.", "good"))]
    out.append(
        line(Piece(f"{'Child':<10}{'Suite':<14}{'Due':<11}{'Hold by':<11}{'In':<9}Then", "head"))
    )
    for each in found:
        start = (
            piece(fit(each.child.name, 9) + " ", "bold", 60),
            piece(fit(each.child.suite or "-", 13) + " ", "", 60),
            Piece(f"{when_text(each.due, now):<11}"),
        )
        if each.latest is None:
            said = "asleep or resting already: not to be woken for it; tell after waking"
            out.append((*start, piece(said, "soon")))
            continue
        then = "" if each.next_due is None else f"next due {when_text(each.next_due, now)}"
        again = ", in sleep again" if each.next_in_sleep else ""
        out.append((*start, Piece(f"{when_text(each.latest, now):<11}", "warn"),
                    Piece(f"{left_text(each.latest - now):<9}"), piece(then + again, "dim")))  # fmt: skip
    _ = glyphs
    return out


def law(desk: Desk, finding: Finding, width: int) -> list[Line]:
    """Return the words of the Code that a finding rests on, then the rule in plain English."""
    out: list[Line] = []
    if desk.rules.note:
        out += [(Piece(each, "warn"),) for each in wrapped(desk.rules.note, width)] + [line("")]
    out += _words_of_the_law(desk, finding, width)
    told = desk.rules.told().book().show(finding.rule, examples=False, width=width)
    out += [line(piece(each, "", 4_000)) for each in told.splitlines()]
    return out


def _words_of_the_law(desk: Desk, finding: Finding, width: int) -> Iterator[Line]:
    """Yield the paragraphs of the Code that a finding cites, in the edition of its day if we have it."""
    try:
        texts = desk.rules.texts()
    except RuleFileError as error:
        said = f"The words of the law cannot be read: {error.diagnostics[0]}"
        yield from (*(line(piece(each, "warn", 4_000)) for each in wrapped(said, width)), line(""))
        return
    when = finding.occurred_at if finding.arose_at is None else finding.arose_at
    of_the_day = texts[0] if when is None else in_force_on(texts, day_of(when))
    text = of_the_day or texts[-1]
    names = dict.fromkeys(name for cite in finding.sources for name in text.named(cite))
    if names and finding.authority in ("policy", "quality"):
        said = (
            f"This is {BRIEF[finding.authority]}. It leans on these words, which do not themselves "
            "set it:"
        )
        yield from (*(line(piece(each, "warn")) for each in wrapped(said, width)), line(""))
    if names and when is not None and of_the_day is None:
        said = (
            f"On {day_in_words(day_of(when))} an earlier edition was in force, whose words are not "
            f"here; these are of {text.about.edition}."
        )
        yield from (*(line(piece(each, "warn")) for each in wrapped(said, width)), line(""))
    for name in names:
        yield line(piece(f"{text.about.cite} {name}, {text.about.edition}", "head"))
        for margin, words in laid_out(text.paragraphs[name].text, width, _broken):
            yield line(Piece(margin), piece(words, "law", 4_000)) if words else line("")
        yield line("")
    for annex in dict.fromkeys(each for cite in finding.sources for each in text.wholes(cite)):
        said = f"{text.about.cite} {annex} as a whole: detention-monitor rules law '{annex}'"
        yield from (*(line(piece(each)) for each in wrapped(said, width)), line(""))


def _broken(text: str, width: int) -> list[str]:
    return wrapped(text, max(20, width), 60) or [""]


def record(desk: Desk, name: str, width: int, glyphs: Glyphs) -> list[Line]:
    """Return every entry of a record."""
    child = find_child(desk, name)
    return (
        [_GONE]
        if child is None
        else [head(child), line(""), *history(child, desk.ruleset, glyphs, width)]
    )


def alerts(desk: Desk, now: int, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the alerts in every state, under the name of the state; and how many come."""
    found = list(desk.alerts())
    load = load_of(found, Limits.of(desk.parameters, now), now)
    tens = by_tens(found, now)
    out: list[Line] = [
        line(*load_line(load, now)),
        line(Piece(f"by ten minutes, three hours back to now: |{tens}|   . 1  : 2  - 3  = 4  # 7 or more", "dim")),
        line(""),
    ]  # fmt: skip
    for state in ("new", "past_unseen", "missed", "acknowledged", "due_not_yet_recorded", "shelved",
                  "out_of_service", "suppressed", "pending", "withdrawn", "closed"):  # fmt: skip
        shown = [each for each in found if each.state == state]
        if shown:
            title = f"{shown[0].word.upper()}  {len(shown)}"
            out += [line(Piece(title, "head"))]
            out += [
                feed.cells(each, now, width, named=True, times=each.times, ellipsis=glyphs.ellipsis)
                for each in shown
            ]
            out += [line("")]
    return out if found else [*out, line(Piece("no alert at all", "dim"))]


def handover(desk: Desk, now: int, width: int) -> list[Line]:
    """Return the handover report."""
    return report.lines(desk, now, width)


_LEFT_SIGN = (
    "hours and minutes that certainly remain; with seconds in the last ten minutes; -0:16 is 16 "
    "minutes late; ? means the data may be out of date. Due: + a later day, - an earlier one"
)
_ALERT_SIGN = (
    "NEW unseen; NEW ESC so long that it was escalated; PAST over before anybody saw it; MISSED until its reason is given; acked; shelved; "
    "due: only just past, perhaps not recorded yet; soon"
)
_SIGNS = (
    ("level", ", ".join(f"{mark} {name}" for mark, name in zip(MARKS[1:], NAMES[1:], strict=True))
     + ", ok: of the duty that comes first, law and Code before policy; or of the gravest alert that "
     "waits for a person"),
    ("left", _LEFT_SIGN),
    ("adult", "here; here? came, no entry says they left; left; asked; NONE nobody asked"),
    ("seen", "when an inspector (after charge also the custody officer) saw the child in person; ? not told"),
    ("LA", ("what the local authority answered, last; unasked bail is refused, no entry shows a request; "
            "? not told: blank, or not carried by the source")),
    ("alerts", _ALERT_SIGN),
    ("*", "a standard that is not law: policy, quality, note"),
    ("picture", LEGEND.replace("   ", ", ").replace("  ", ", ")),
)  # fmt: skip


def help_lines(keys: Sequence[tuple[str, str]], width: int) -> list[Line]:
    """Return the help: the keys as they are now, and what the signs mean."""
    out: list[Line] = [line(Piece("KEYS", "head"))]
    column = 34
    each_row = max(1, width // column)
    shown = [f"{key[:12]:<13}{what[:19]}" for key, what in keys]
    rows = -(-len(shown) // each_row)
    for row in range(rows):
        parts = [shown[place] for place in range(row, len(shown), rows)]
        out.append(line(Piece("".join(f"{part:<{column}}" for part in parts).rstrip())))
    out += [line(""), line(Piece("SIGNS", "head"))]
    for name, text in _SIGNS:
        out += labelled(name, text, width, "", 6)
    out += [
        line(""), line(Piece("ALERTS", "head")),
        *((Piece(each),) for each in wrapped(
            "Nothing acknowledges all alerts at once. An act applies to the alert that stood there "
            "when the key was pressed. To shelve needs a reason and a limit, ten minutes before the "
            "deadline at the latest; a breach stays until somebody gives its reason.", width)),
        line(""), line(Piece("It advises. A person decides.", "dim")),
    ]  # fmt: skip
    return out
