"""The rules as a page: which are in use, what stands beside them, and what each change brought."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from detention_monitor.boards.desk import Desk
from detention_monitor.boards.detail import labelled, ruled
from detention_monitor.boards.lines import Glyphs, Line, Piece, fit, line, piece, wrapped
from detention_monitor.boards.rows import when_text
from detention_monitor.boards.urgency import LAW
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.live.reading import Publication
from detention_monitor.rulefile import RuleSet

_MOST_RULES = 12
_MOST_NOISY = 8


def lines(desk: Desk, now: int, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the page: rules in use, a fault, what is out of service, publications, what sounds."""
    out: list[Line] = []
    fault = desk.fault()
    if fault:
        out += [(Piece(each, "alarm"),) for each in wrapped(
            piece(f"The rules in the files are not in use: {fault}", "", 2_000).text, width)]  # fmt: skip
        out += [line(Piece("Put them right; the monitor tries them again by itself, or press r.", "warn")),
                line("")]  # fmt: skip
    out += [ruled("IN USE", width, glyphs), *_in_use(desk, now, width)]
    out += [line(""), ruled("CHANGES", width, glyphs), *_changes(desk.publications(), now, width)]
    out += [line(""), ruled("ALERTS BY RULE", width, glyphs), *_noisy(desk, width)]
    return out


def _in_use(desk: Desk, now: int, width: int) -> Iterator[Line]:
    yield from labelled("rules", desk.rules_hash, width)
    if desk.rules.note:
        yield from labelled("note", desk.rules.note, width, "warn", 6)
    try:
        ruleset = desk.ruleset
    except DetentionMonitorError as error:
        yield from labelled("unread", str(error), width, "alarm", 6)
        return
    yield from labelled("what", _counted(ruleset), width)
    if whose := ruleset.parameters.whose:
        yield from labelled("policy", f"the numbers of {whose}", width)
    changed = next(
        (p for p in desk.publications() if not p.refused and p.said["from"] != p.said["to"]), None
    )
    if changed is not None:
        yield from labelled("since", when_text(changed.at, now), width)
    paused = [
        (rule, spell)
        for rule, spells in sorted(desk.parameters.out_of_service.items())
        for spell in spells
    ]
    if not paused:
        yield from labelled("paused", "no rule is out of service", width, "dim")
    for rule, spell in paused:
        said = f"{rule}, {spell.start} to {spell.to}: {spell.reason} ({spell.approved_by})"
        yield from labelled("paused", said, width, "soon")


def _counted(ruleset: RuleSet) -> str:
    by: Counter[str] = Counter(rule.authority for rule in ruleset.rules)
    law = ", ".join(f"{by[name]} {name}" for name in LAW if by[name])
    rest = ", ".join(f"{count} {name}" for name, count in sorted(by.items()) if name not in LAW)
    duties = len({rule.duty for rule in ruleset.rules if rule.duty})
    return f"{len(ruleset.rules)} rules of {duties} duties; law: {law}; not law: {rest or 'none'}"


def _changes(found: Sequence[Publication], now: int, width: int) -> Iterator[Line]:
    if not found:
        yield line(Piece("none: these are the first rules here", "dim"))
    for each in found:
        at = f"{when_text(each.at, now):<13}"
        said = each.said
        if each.refused:
            yield (Piece(at), Piece("REFUSED ", "warn"), piece(f"kept {said['kept']}", "dim"))
            for fault in said["faults"][:3]:
                yield from labelled("", str(fault), width, "warn")
            more = len(said["faults"]) - 3
            if more > 0:
                yield line(Piece(f"        and {more} more; `rules check` tells all", "dim"))
            continue
        if said["from"] == said["to"]:
            yield (Piece(at), piece(f"asked for; the same as before, {said['to']}", "dim"))
            continue
        yield (Piece(at), piece(f"{said['from']} -> {said['to']}", "bold"),
               piece(f"  {said['detentions']} open detentions judged again"))  # fmt: skip
        yield from _effect(said["rules"])


def _effect(rules: Sequence[dict[str, object]]) -> Iterator[Line]:
    if not rules:
        yield line(Piece("        nothing is found otherwise", "good"))
    for row in rules[:_MOST_RULES]:
        told = ", ".join(f"{row[word]} {word}" for word in ("gained", "lost", "moved") if row[word])
        yield (Piece(" " * 8), piece(fit(str(row["rule"])[:60], 34) + " ", "bold", 80), piece(told))
    if len(rules) > _MOST_RULES:
        yield line(Piece(f"        and {len(rules) - _MOST_RULES} rules more", "dim"))


def _noisy(desk: Desk, width: int) -> Iterator[Line]:
    """Yield the rules of most alerts: what ten rules sound is what wears a person out."""
    raised = [each for each in desk.alerts() if each.raised_at is not None]
    counted: Counter[str] = Counter()
    for each in raised:
        counted[each.rule] += each.times
    if not counted:
        yield line(Piece("nothing has sounded", "dim"))
    whole = sum(counted.values())
    for rule, count in counted.most_common(_MOST_NOISY):
        yield (
            Piece(f"{count:>6} {count / whole:>4.0%}  "),
            piece(rule[: max(10, width - 16)], "", 80),
        )
