"""Named, dated numbers that a force may set, and facts about its custody suites.

A parameter has one value from each of its dates (local midnight). A force's own policy file gives
other values by name, each from its date on; until the first of them the shipped ones hold. An unknown
name there is an error, and so is a number of the law.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.rulemodel import Authority
from detention_monitor.times import parse_duration, start_of_day
from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import YamlFile, read_yaml

Number = int | bool | str
NEEDED: Mapping[str, str] = {
    "review_first": "duration",
    "review_next": "duration",
    "custody_limit": "duration",
    "night_from": "time_of_day",
    "night_to": "time_of_day",
    "night_least": "duration",
    "contact_before_charge": "duration",
    "late_entry_tolerance": "duration",
    "recording_grace": "duration",
    "visit_hourly": "duration",
    "visit_half_hourly": "duration",
    "visit_level": "duration",
}
"""Parameters by which Python works, and the unit of each."""
MONITOR: Mapping[str, str] = {
    "shelf_margin": "duration",
    "shelf_longest": "duration",
    "shelf_longest_critical": "duration",
    "shelf_times_critical": "count",
    "alert_undo": "duration",
    "chatter_times": "count",
    "chatter_within": "duration",
    "chatter_hold": "duration",
    "flood_size": "count",
    "flood_within": "duration",
    "escalate_critical": "duration",
    "escalate_high": "duration",
    "escalate_medium": "duration",
    "heartbeat_limit": "duration",
    "monitor_silent": "duration",
}
"""Limits of the live monitor, and their units: they decide how an alert is shown, never what is
found; rules that nobody monitors by may do without them."""


LOCAL: tuple[Authority, ...] = ("policy", "quality")
"""Whose numbers a force may set, and never print as law."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Parameter(_Closed):
    """A number with a name: what it is for, whose it is, and its values by date."""

    about: str = Field(min_length=3)
    authority: Authority
    unit: Literal["duration", "count", "yes_no", "time_of_day"]
    values: dict[date, Number] = Field(min_length=1)


class SuiteFact(_Closed):
    """What holds of a custody suite from a day on."""

    start: date = Field(alias="from")
    link_available: bool | None = None
    station_designated: bool | None = None


class ParameterFile(_Closed):
    """`rules/parameters.yaml`."""

    format: Literal["custody-parameters/1"]
    parameters: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], Parameter]


class Override(_Closed):
    """A force's own values of one parameter."""

    values: dict[date, Number] = Field(min_length=1)


class OutOfService(_Closed):
    """A rule whose alerts ask nobody for anything for some days; it is still judged and reported."""

    start: date = Field(alias="from")
    to: date
    """The first day on which it is in service again: nothing is out of service for good."""
    reason: str = Field(min_length=3)
    approved_by: str = Field(min_length=2)


def _quoted(value: object) -> object:
    listed = value if isinstance(value, list) else [value]
    if any(isinstance(each, int) for each in listed):
        raise ValueError('a force is written in quotes, as in its records: force: "44"')
    return listed


Force = Annotated[str, Field(min_length=1, max_length=40)]


class PolicyFile(_Closed):
    """A force's own policy: whose it is, overrides by name, facts about its suites, rules out of service."""

    format: Literal["custody-policy/1"]
    force: Annotated[tuple[Force, ...], BeforeValidator(_quoted)] = ()
    """The force or forces whose numbers these are, as their records name them."""
    parameters: dict[str, Override] = Field(default_factory=dict)
    suites: dict[str, tuple[SuiteFact, ...]] = Field(default_factory=dict)
    out_of_service: dict[str, tuple[OutOfService, ...]] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Dated:
    """A value and the instant (seconds UTC) from which it holds."""

    start: int
    value: int


@dataclass(frozen=True, slots=True)
class Parameters:
    """Every parameter by name, latest value last; durations in seconds."""

    values: Mapping[str, tuple[Dated, ...]] = field(default_factory=dict)
    declared: Mapping[str, Parameter] = field(default_factory=dict)
    suites: Mapping[str, tuple[SuiteFact, ...]] = field(default_factory=dict)
    out_of_service: Mapping[str, tuple[OutOfService, ...]] = field(default_factory=dict)
    out_of_service_at: Mapping[str, Diagnostic] = field(default_factory=dict)
    """Where the policy names each rule that is out of service, for an error about it."""
    forces: tuple[str, ...] = ()
    """Whose policy it is; nobody's where it does not say, or where there is none."""
    policy: str = ""
    """The name of the policy's file."""
    own_at: Mapping[str, Mapping[int, Diagnostic]] = field(default_factory=dict)
    """By name and instant the values of the policy, with where each stands, for an error about it."""

    @property
    def whose(self) -> str:
        """Return by whose numbers rules judge, in words; nothing where the shipped ones hold.

        >>> Parameters(policy="own.yaml", forces=("44",)).whose
        'force 44 (own.yaml)'
        """
        if not self.policy:
            return ""
        named = f"force{'s' * (len(self.forces) > 1)} {' and '.join(self.forces)}"
        return f"{named} ({self.policy})" if self.forces else f"{self.policy}, which names no force"

    def pauses(self, rule: str) -> tuple[tuple[int, int], ...]:
        """Return from when to when (seconds UTC, the end not included) a rule is out of service."""
        return tuple(
            (start_of_day(each.start), start_of_day(each.to))
            for each in self.out_of_service.get(rule, ())
        )

    def value(self, name: str, at: int) -> int:
        """Return the value in force at an instant; before the first date, the first value."""
        dated = self.values[name]
        current = dated[0].value
        for each in dated:
            if each.start <= at:
                current = each.value
        return current

    def span(self, text: str, at: int) -> int:
        """Return the seconds of a duration as written in a rule: `6h` or `$name`."""
        return self.value(text[1:], at) if text.startswith("$") else parse_duration(text)

    def suite(self, station: str, at: int) -> dict[str, bool]:
        """Return what is known of a suite at an instant: link_available, station_designated."""
        known: dict[str, bool] = {}
        for each in sorted(self.suites.get(station, ()), key=lambda fact: fact.start):
            if start_of_day(each.start) > at:
                continue
            if each.link_available is not None:
                known["link_available"] = each.link_available
            if each.station_designated is not None:
                known["station_designated"] = each.station_designated
        return known


def load_parameters(path: Path, policy: Path | None = None) -> Parameters:
    """Read the parameters and, over them, a force's policy file; raise `RuleFileError`."""
    file = read_yaml(path)
    parsed = validated(file, ParameterFile)
    wrong: list[Diagnostic] = []
    values = {
        name: _dated(file, ("parameters", name, "values"), each.unit, each.values, wrong)
        for name, each in parsed.parameters.items()
    }
    wrong += [
        file.diagnostic(("parameters",), "missing-parameter", f"'{name}' ({unit}) must be here")
        for name, unit in NEEDED.items()
        if name not in parsed.parameters or parsed.parameters[name].unit != unit
    ]
    wrong += [
        file.diagnostic(("parameters", name, "unit"), "parameter-value", f"must be a {unit}")
        for name, unit in MONITOR.items()
        if name in parsed.parameters and parsed.parameters[name].unit != unit
    ]
    wrong += [
        file.diagnostic(("parameters", name, "values"), "parameter-value", "must be longer than 0")
        for name in (
            "review_first",
            "review_next",
            "custody_limit",
            "visit_hourly",
            "visit_half_hourly",
            "visit_level",
        )
        if name in values and any(each.value <= 0 for each in values[name])
    ]
    if wrong:
        raise RuleFileError(wrong)
    parameters = Parameters(values, parsed.parameters)
    return parameters if policy is None else _with_policy(parameters, policy)


_FIXED = "'{name}' is fixed by law; a force cannot set it: take it out of the policy"


def _with_policy(parameters: Parameters, path: Path) -> Parameters:
    file = read_yaml(path)
    wrong: list[Diagnostic] = []
    policy = _as_far(file, wrong)
    wrong += [
        _unknown(file, name, parameters)
        for name in policy.parameters
        if name not in parameters.declared
    ]
    wrong += [
        file.diagnostic(("out_of_service", name, number), "parameter-value", "'to' must come later")
        for name, spans in policy.out_of_service.items()
        for number, each in enumerate(spans)
        if each.to <= each.start
    ]
    wrong += [
        file.diagnostic(("parameters", name), "fixed-by-law", _FIXED.format(name=name))
        for name in policy.parameters
        if name in parameters.declared and parameters.declared[name].authority not in LOCAL
    ]
    own = {
        name: _dated(
            file, ("parameters", name, "values"), parameters.declared[name].unit, each.values, wrong
        )
        for name, each in policy.parameters.items()
        if name in parameters.declared
    }
    if wrong:
        raise RuleFileError(wrong)
    # A policy of next year says nothing of this one.
    own = {
        name: (*(each for each in parameters.values[name] if each.start < dated[0].start), *dated)
        for name, dated in own.items()
    }
    places = {
        name: Diagnostic(
            file.name, *file.key_place(("out_of_service", name)), "unknown-rule",
            f"no rule is called '{name}'; `rules list` shows their ids",
        )
        for name in policy.out_of_service
    }  # fmt: skip
    own_at = {
        name: {
            start_of_day(day): file.diagnostic(
                ("parameters", name, "values", day.isoformat()), "steps-crossed", ""
            )
            for day in each.values
        }
        for name, each in policy.parameters.items()
    }
    return replace(
        parameters, values={**parameters.values, **own}, suites=policy.suites,
        out_of_service=policy.out_of_service, out_of_service_at=places,
        forces=policy.force, policy=file.name, own_at=own_at,
    )  # fmt: skip


def _as_far(file: YamlFile, wrong: list[Diagnostic]) -> PolicyFile:
    """Return a policy, or of one that is not of good form the parameters that are, to check those too."""
    try:
        return validated(file, PolicyFile)
    except RuleFileError as error:
        wrong += error.diagnostics
    given = file.data.get("parameters") if isinstance(file.data, dict) else None
    sound = {}
    for name, raw in given.items() if isinstance(given, dict) else ():
        with suppress(ValidationError):
            sound[name] = Override.model_validate(raw)
    return PolicyFile(format="custody-policy/1", parameters=sound)


def _unknown(file: YamlFile, name: str, parameters: Parameters) -> Diagnostic:
    line, column = file.key_place(("parameters", name))
    near = get_close_matches(name, parameters.declared, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    message = f"no parameter is called '{name}'{hint}"
    return Diagnostic(file.name, line, column, "unknown-parameter", message)


def _dated(
    file: YamlFile,
    location: tuple[str, ...],
    unit: str,
    values: Mapping[date, Number],
    wrong: list[Diagnostic],
) -> tuple[Dated, ...]:
    """Return the values by date; those that do not fit the unit are added to what is wrong."""
    out = []
    for day in sorted(values):
        try:
            out.append(Dated(start_of_day(day), number(unit, values[day])))
        except ValueError as error:
            where = (*location, day.isoformat())
            wrong.append(file.diagnostic(where, "parameter-value", str(error)))
    return tuple(out)


def number(unit: str, value: Number) -> int:
    """Return a parameter's value as a whole number; `ValueError` says what to write instead."""
    if unit == "duration" and isinstance(value, str):
        return parse_duration(value)
    if unit == "yes_no" and isinstance(value, bool):
        return int(value)
    if unit == "count" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if unit == "time_of_day" and isinstance(value, str):
        hours, _, minutes = value.partition(":")
        if hours.isdigit() and minutes.isdigit() and int(hours) < 24 and int(minutes) < 60:
            return int(hours) * 3600 + int(minutes) * 60
    wanted = {
        "duration": "a duration such as 6h or 90m",
        "yes_no": "true or false",
        "count": "a whole number",
        "time_of_day": "a time of day such as '22:00'",
    }[unit]
    message = f"'{value}' is not {wanted}"
    raise ValueError(message)
