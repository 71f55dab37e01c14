"""Steps that a force's policy has put in the wrong order: a red line before the amber one.

The order is that of the rule files. Such a policy is refused: the graver step would be passed first,
and the milder one could never be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from detention_monitor.errors import Diagnostic
from detention_monitor.parameters import Parameters
from detention_monitor.rulemodel import Grade, Rule
from detention_monitor.times import day_of, in_words


def crossed(rules: Sequence[Rule], parameters: Parameters) -> Iterator[Diagnostic]:
    """Yield an error for each value of a policy by which a step of a rule begins before the one above it."""
    told: set[tuple[str, str, int]] = set()
    for rule in rules:
        steps = [each for each in rule.grades if isinstance(each, Grade) and each.at]
        for first, second in pairwise(steps):
            for at in _instants(first, second, parameters):
                pair = (first.at or "", second.at or "", at)
                if pair in told or not _in_force(rule, at):
                    continue
                fault = _fault(rule, first, second, at, parameters)
                if fault is not None:
                    told.add(pair)
                    yield fault
                    break  # what goes on from there is the same mistake


def _instants(first: Grade, second: Grade, parameters: Parameters) -> list[int]:
    """Return from when a value of either step holds, as far as the policy has a say."""
    names = [each.at.removeprefix("$") for each in (first, second) if each.at]
    own = [at for name in names for at in parameters.own_at.get(name, ())]
    every = {each.start for name in names for each in parameters.values.get(name, ())}
    return sorted(at for at in {*every, *own} if own and at >= min(own))


def _in_force(rule: Rule, at: int) -> bool:
    return rule.in_force.to is None or day_of(at) < rule.in_force.to


def _fault(
    rule: Rule, first: Grade, second: Grade, at: int, parameters: Parameters
) -> Diagnostic | None:
    assert first.at is not None  # only such steps come here
    assert second.at is not None
    milder, graver = parameters.span(first.at, at), parameters.span(second.at, at)
    if graver >= milder:
        return None
    # The place of the value that was set last: the other one was there before it.
    held = {
        span: [start for start in parameters.own_at.get(span[1:], ()) if start <= at]
        for span in (first.at, second.at)
    }
    wrong = max(
        (span for span in held if held[span]), key=lambda span: (max(held[span]), span == second.at)
    )
    place = parameters.own_at[wrong[1:]][max(held[wrong])]
    other, how = (second, "no more than") if wrong == first.at else (first, "no less than")
    limit = graver if wrong == first.at else milder
    cure = f", or set '{other.at[1:]}' as well" if other.at and other.at.startswith("$") else ""
    message = (
        f"from {day_of(at)} the step '{second.name}' of {rule.id} would begin after {in_words(graver)} "
        f"({second.at}), before '{first.name}' above it ({in_words(milder)}, {first.at}): write {how} "
        f"{in_words(limit)} here{cure}"
    )
    return replace(place, message=message)
