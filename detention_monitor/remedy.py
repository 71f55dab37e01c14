"""What would clear a finding now, and what would have prevented it and by when: from the rule itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from detention_monitor.asked_of import speaker_of
from detention_monitor.conditions import ALWAYS, Both, Condition, parse
from detention_monitor.findings import Finding
from detention_monitor.plan import WORKED_OUT_FROM
from detention_monitor.rulefile import RuleSet
from detention_monitor.rulemodel import Rule, Selector, Step
from detention_monitor.timeline import FAR
from detention_monitor.times import in_words, local_text

_LATE = ("overdue", "missed", "met_late")
_WAITING = ("open", "due_soon")


def remedies(finding: Finding, rule: Rule, ruleset: RuleSet) -> Iterator[tuple[str, str]]:
    """Yield label and text: `clears` (an act that still counts), `prevented` (what would have)."""
    if finding.nature == "good_practice" or finding.status == "cannot_tell":
        return
    if rule.must is not None:
        yield from _of_duty(finding, rule, ruleset)
    elif finding.status in ("broken", "not_recorded", "matched"):
        for text in _of_act(finding, rule, ruleset):
            yield "prevented", text


def _of_duty(finding: Finding, rule: Rule, ruleset: RuleSet) -> Iterator[tuple[str, str]]:
    must = rule.must
    assert must is not None  # asked of duties only
    selector = Selector(kind=must.happen, where=must.where)
    act = _act(selector, ruleset)
    if must.during:
        act += f", while {_states(must.during, ruleset)}"
    if must.unless:
        act += f", but not while {_states(must.unless, ruleset)}"
    if finding.status in _WAITING:
        by = "" if finding.due_at is None else f" by {local_text(finding.due_at)}"
        yield "clears", f"{act}{by}"
    elif finding.asked_at is not None:
        yield from _asked(finding, rule, ruleset, act)
    elif finding.status == "overdue":
        yield "clears", f"{act}: it ends the wait, and stays late"
    if finding.status not in _LATE:
        return
    first = next((grade.at for grade in finding.grades if grade.at is not None), finding.due_at)
    by = f" by {local_text(first)}" if first is not None and first < FAR else ""
    yield "prevented", f"{act}{by}"
    # An excuse entered by then would have done as well.
    excuses = " or ".join(_act(each, ruleset) for each in rule.excused_by)
    if excuses:
        when = "" if rule.excused_late else by
        yield "excused", f"{excuses}{when}"


def _asked(finding: Finding, rule: Rule, ruleset: RuleSet, act: str) -> Iterator[tuple[str, str]]:
    """Yield what still answers a question that a local line put, and what would have kept it away."""
    answers = " or ".join(_act(each, ruleset) for each in rule.excused_by)
    if answers and rule.excused_late and finding.clears_on:
        yield "clears", answers
    yield "prevented", f"{act} by {local_text(finding.asked_at or 0)}"
    if answers and not (rule.excused_late and finding.clears_on):
        yield "excused", answers


def _of_act(finding: Finding, rule: Rule, ruleset: RuleSet) -> Iterator[str]:
    if rule.never is not None:
        whole = parse(rule.never.where) if rule.never.where else ALWAYS
        blank = finding.status == "not_recorded" and bool(finding.absent)
        if blank:
            names = [ruleset.wording.gap(name, rule.never.kind[0]) for name in finding.absent]
            yield f"had the entry said: {', '.join(dict.fromkeys(names))}"
        speaker = speaker_of(ruleset)
        parts = [speaker.said(each, rule.never.kind) for each in _parts(whole)] if not blank else []
        if parts:
            yield f"had one of these been otherwise: {'; '.join(parts)}"
        if rule.never.unless:
            yield f"had this been so then: {_states(rule.never.unless, ruleset)}"
        if rule.never.during:
            yield f"had this not been so then: {_states(rule.never.during, ruleset)}"
        if not (rule.never.where or rule.never.unless or rule.never.during):
            yield "had it not happened at all"
    elif rule.counts is not None:
        yield f"had fewer of the entries counted been {_act(rule.counts.of, ruleset)}"
    elif rule.sequence is not None:
        yield from _of_sequence(rule.sequence.steps, rule.sequence.without, ruleset, finding)


def _of_sequence(
    steps: Sequence[Step], without: Step | None, ruleset: RuleSet, finding: Finding
) -> Iterator[str]:
    at = finding.occurred_at or 0
    for step in steps:
        act = _act(Selector(kind=step.then, where=step.where), ruleset)
        if step.within is not None:
            yield f"had {act} not followed within {in_words(ruleset.parameters.span(step.within, at))}"
        elif step.after is not None:
            yield f"had {act} followed within {in_words(ruleset.parameters.span(step.after, at))}"
    if without is not None:
        yield f"had {_act(Selector(kind=without.then, where=without.where), ruleset)} followed"


def _parts(condition: Condition) -> Sequence[Condition]:
    """Return the conditions that must all hold: it is enough that one of them does not."""
    if condition == ALWAYS:
        return ()
    return condition.parts if isinstance(condition, Both) else (condition,)


def _act(selector: Selector, ruleset: RuleSet) -> str:
    """Return kinds and condition in words; of what the program works out it says what it is."""
    speaker = speaker_of(ruleset)
    kinds = []
    for name in selector.kind:
        kind = ruleset.vocabulary.kinds[name]
        made = WORKED_OUT_FROM.get(name, ())
        by = f"; by an entry {speaker.wording.quoted(made)}" if len(made) == 1 else ""
        about = f" ({kind.about.rstrip('.')}{by})" if kind.derived else ""
        kinds.append(f"{speaker.wording.quoted([name])}{about}")
    where = f" where {speaker.condition(selector.where, selector.kind)}" if selector.where else ""
    return f"{' or '.join(kinds)}{where}"


def _states(names: Sequence[str], ruleset: RuleSet) -> str:
    about = {fact.fact: fact.about for fact in ruleset.facts}
    quoted = ((name, ruleset.wording.quoted([name])) for name in names)
    return " or ".join(
        f"{said} ({about[name].rstrip('.')})" if name in about else said for name, said in quoted
    )
