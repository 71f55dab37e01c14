"""Findings about the record itself: what a reader should know before trusting the rest."""

from __future__ import annotations

from detention_monitor.corrections import Problem
from detention_monitor.detention import View
from detention_monitor.findings import Finding, key_of
from detention_monitor.rulefile import RuleSet
from detention_monitor.values import changed
from detention_monitor.watches import in_force

_TITLES = {
    "TIME_AMBIGUOUS": "Time can mean two instants",
    "TIMES_UNREADABLE": "Too many times can mean two instants",
    "DATED_AFTER_RECORDED": "Entry dated after it was recorded",
    "AMENDS_NOTHING": "Amendment of an entry that is not there",
    "AMENDMENT_CYCLE": "Amendments that name each other",
    "AMENDS_WITHDRAWN": "Amendment of a withdrawn entry",
    "AMENDS_OTHER_KIND": "Amendment by an entry of another kind",
    "OUT_OF_ORDER": "Entry dated before what it must follow",
    "REVIEW_CLOCK_UNKNOWN": "Review clock cannot be worked out",
    "CUSTODY_CLOCK_UNKNOWN": "Custody clock cannot be worked out",
    "EARLIER_RECORD_ABSENT": "Earlier record of the detention is absent",
    "ANOTHER_FORCE": "Judged by the numbers of another force",
    "OUTSIDE_THE_CODE": "Held outside the Code but for its sections 8 and 9",
}
_CANNOT_TELL = {
    "TIMES_UNREADABLE": None,
    "REVIEW_CLOCK_UNKNOWN": "D01",
    "CUSTODY_CLOCK_UNKNOWN": "D09",
    "EARLIER_RECORD_ABSENT": None,
    "OUTSIDE_THE_CODE": None,
    "ANOTHER_FORCE": None,
}
"""What leaves a duty undecided, and which."""
_FOR_INFORMATION = ("TIME_AMBIGUOUS", "OUTSIDE_THE_CODE", "ANOTHER_FORCE")


def problem_finding(problem: Problem, view: View, ruleset: RuleSet, judged_by: str) -> Finding:
    """Return the finding (authority `quality`, no duty) that reports one problem."""
    unknown = problem.code in _CANNOT_TELL
    return Finding(
        key=key_of(view.detention, problem.code, problem.entry),
        detention=view.detention,
        record=view.record_of.get(problem.entry, view.detention),
        duty=_CANNOT_TELL.get(problem.code),
        rule=problem.code,
        rule_version="1",
        title=_TITLES[problem.code],
        nature="concern",
        authority="quality",
        sources=("Record keeping: design of this monitor, not law",),
        verified=False,
        severity="info" if problem.code in _FOR_INFORMATION else "medium",
        status="cannot_tell" if unknown else "not_recorded",
        certainty="possible" if unknown else "established",
        message=f"Entry {problem.entry}: {problem.told(ruleset.wording.name)}.",
        occurred_at=problem.at,
        evidence=(problem.entry,),
        ruleset=ruleset.hash,
        judged_by=judged_by,
    )


def undecided(problem: Problem, view: View, ruleset: RuleSet, judged_by: str) -> list[Finding]:
    """Return a finding `cannot_tell` for each duty in force during the detention (design D4, D7).

    The view has one reading of many. Which duties it shows to have arisen says nothing of the
    others, so that every duty is named; good practice is only ever found.
    """
    [facts] = view.readings
    first, last = facts[0].at, facts[-1].at
    named = problem_finding(problem, view, ruleset, judged_by)
    because = f"More readings of the repeated hour than are judged; see {problem.code}."
    duties = set()
    for rule in ruleset.plan.rules.values():
        start, end = in_force(rule)
        asked = rule.only_if is None or ruleset.parameters.value(rule.only_if[1:], last)
        if rule.nature == "concern" and asked and start <= last and first < end:
            duties.add(rule.duty)
    return [
        changed(named, duty=duty, key=key_of(view.detention, problem.code, duty), message=because)
        for duty in sorted(filter(None, duties))
    ]
