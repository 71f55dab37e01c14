"""`rules check`, `test`, `coverage`, `format`, `schema`, `new` and `impact`, as commands."""

from __future__ import annotations

import os
import re
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Container, Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

import click
import orjson

from detention_monitor.authoring.codes import CODES, documented, explained
from detention_monitor.authoring.coverage import coverage
from detention_monitor.authoring.diagnostics import as_json, sarif, shown
from detention_monitor.authoring.formatting import FormatError, format_file
from detention_monitor.authoring.impact import impact, rules_of
from detention_monitor.authoring.impact_page import as_data, page, table
from detention_monitor.authoring.newrule import Answers, rule_text, with_rule
from detention_monitor.authoring.probes import Probe, probe
from detention_monitor.authoring.reading import read_through
from detention_monitor.authoring.schema import schemas
from detention_monitor.authoring.trial import compiles
from detention_monitor.catalogue import load_catalogue
from detention_monitor.detention import detentions_of
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import Diagnostic
from detention_monitor.findings import SEVERITIES
from detention_monitor.paths import bundled_rules
from detention_monitor.rulefile import VOCABULARY, load_rules, rule_paths
from detention_monitor.rulemodel import Authority
from detention_monitor.ruletests import Outcome, cases, run_tests
from detention_monitor.sources import read_entries, record_files
from detention_monitor.text import printable
from detention_monitor.times import parse_duration
from detention_monitor.yamlfile import suggestion

FOUND, CANNOT_RUN = 1, 2
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


def rules_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--rules` and `--policy`."""
    folder = click.option(
        "--rules", type=_FOLDER, default=None, help="Folder of rule files (default: those shipped)."
    )
    policy = click.option(
        "--policy", type=_FILE, default=None, help="A force's own numbers and suites."
    )
    return folder(policy(command))


# --- check -------------------------------------------------------------------------------------


@click.command("check")
@rules_options
@click.option(
    "--format", "form", type=click.Choice(("table", "json", "sarif")), default="table",
    show_default=True, help="sarif is what code hosting shows beside the line.",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="Warnings count as errors.")
@click.option("--explain", "code", metavar="CODE", help="Say what a code means; `all` for a table.")
def check_command(
    rules: Path | None, policy: Path | None, *, form: str, strict: bool, code: str | None
) -> None:
    """Report everything wrong or doubtful in the rule files, each with its place and its cure."""
    if code is not None:
        _explain(code)
        return
    folder = rules or bundled_rules()
    found = diagnose(folder, policy)
    if form == "json":
        click.echo(orjson.dumps([as_json(each) for each in found]))
    elif form == "sarif":
        click.echo(orjson.dumps(sarif(found, str(rules or "rules"))))
    else:
        for each in found:
            click.echo(shown(each, folder))
    errors = sum(each.severity == "error" for each in found)
    if not found:
        ruleset = load_rules(folder, policy)
        parts = f"{len(ruleset.files)} files, {len(ruleset.rules)} rules, {len(ruleset.facts)}"
        click.echo(f"{parts} derived facts: nothing to put right", err=True)
    else:
        click.echo(f"{errors} to put right, {len(found) - errors} warnings", err=True)
        click.echo("what a code in [] means: rules check --explain CODE", err=True)
    if errors or (strict and found):
        sys.exit(FOUND)


def _explain(code: str) -> None:
    if code == "all":
        click.echo("\n".join(documented()))
    elif code in CODES:
        click.echo(explained(code))
    else:
        raise click.UsageError(f"no code is called '{code}'{suggestion(code, sorted(CODES))}")


def diagnose(folder: Path, policy: Path | None) -> list[Diagnostic]:
    """Return everything wrong in a folder of rules; where nothing is, what the engine says, and advice."""
    found = read_through(folder, policy)
    if any(each.severity == "error" for each in found):
        return found
    refused = compiles(folder, policy)
    return sorted([*found, *([refused] if refused else [])])


# --- test --------------------------------------------------------------------------------------


@click.command("test")
@rules_options
@click.option("--run", default="", metavar="REGEX", help="Only tests whose rule or name matches.")
@click.option("--junit", type=_FILE, default=None, help="Write the outcome as JUnit XML, too.")
@click.option(
    "--probe", "probing", is_flag=True,
    help="Also probe each deadline a minute before, at and after it, both clock changes, and the "
    "day each rule came into force.",
)  # fmt: skip
def test_command(
    rules: Path | None, policy: Path | None, *, run: str, junit: Path | None, probing: bool
) -> None:
    """Run the tests that stand in the rule files: expected above got; an unexpected finding fails."""
    folder = rules or bundled_rules()
    try:
        re.compile(run)
    except re.error as error:
        raise click.UsageError(f"--run '{run}' is not a pattern: {error}") from error
    begun = time.perf_counter()
    outcomes = []
    for outcome in run_tests(folder, policy, run):
        outcomes.append(outcome)
        if outcome.faults:
            _tell(outcome)
    if not outcomes and run:
        raise click.UsageError(f"no test matches '{run}'")
    failed = sum(bool(each.faults) for each in outcomes)
    if junit is not None:
        junit.write_bytes(_junit(outcomes, time.perf_counter() - begun))
    click.echo(f"{len(outcomes) - failed} passed, {failed} failed", err=True)
    broken = _probed(folder, policy, run) if probing else 0
    if failed or broken:
        sys.exit(FOUND)


def _tell(outcome: Outcome) -> None:
    click.echo(f"{outcome.file}:{outcome.line}: {outcome.rule}: {printable(outcome.name, 200)}")
    for fault in outcome.faults:
        for line in fault.splitlines():
            click.echo(f"    {printable(line, 400)}")


def _probed(folder: Path, policy: Path | None, run: str) -> int:
    """Probe every test chosen; tell what is wrong, and how much was tried."""
    tried: list[Probe] = []
    for ruleset, found in cases(load_rules(folder, policy)):
        chosen = [case for case in found if case.fits(run)]
        if chosen:
            backend = DurableBackend(ruleset.plan)
            tried += [each for case in chosen for each in probe(case, backend)]
    wrong = [each for each in tried if each.fault]
    for each in wrong:
        click.echo(f"{each.rule}: {each.what}: {each.fault}")
    rules = len({each.rule for each in tried})
    click.echo(f"{len(tried)} probes of {rules} rules, {len(wrong)} wrong", err=True)
    return len(wrong)


def _junit(outcomes: Iterable[Outcome], seconds: float) -> bytes:
    listed = list(outcomes)
    failed = sum(bool(each.faults) for each in listed)
    suite = ET.Element(
        "testsuite", name="rules", tests=str(len(listed)), failures=str(failed),
        errors="0", time=f"{seconds:.3f}",
    )  # fmt: skip
    for each in listed:
        case = ET.SubElement(
            suite, "testcase", classname=each.rule or each.file, name=printable(each.name, 200),
            file=each.file, line=str(each.line),
        )  # fmt: skip
        if each.faults:
            failure = ET.SubElement(case, "failure", message=each.faults[0][:200])
            failure.text = "\n".join(printable(line, 400) for line in each.faults)
    ET.indent(suite)
    text: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


# --- coverage ----------------------------------------------------------------------------------


@click.command("coverage")
@rules_options
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table")
@click.option("--all", "everything", is_flag=True, help="Also list rules of which nothing is left.")
@click.option(
    "--at-least", type=click.IntRange(0, 100), default=0, metavar="PERCENT",
    help="Exit with 1 if fewer of the points are exercised.",
)  # fmt: skip
def coverage_command(
    rules: Path | None, policy: Path | None, *, form: str, everything: bool, at_least: int
) -> None:
    """Show what the tests of the rules never exercise: excuses, steps, warnings, values."""
    found = coverage(load_rules(rules or bundled_rules(), policy))
    points = sum(len(each.points) for each in found)
    missing = sum(len(each.missing) for each in found)
    share = 100 * (points - missing) // points if points else 100
    if form == "json":
        rows = [
            {"rule": each.rule, "place": each.place, "points": each.points,
             "missing": each.missing}
            for each in found
        ]  # fmt: skip
        click.echo(orjson.dumps({"percent": share, "rules": rows}))
    else:
        for each in found:
            if each.missing or everything:
                left = ", ".join(each.missing) or "everything exercised"
                click.echo(f"{each.place:<28} {each.rule:<28} {left}")
    whole = sum(not each.missing for each in found)
    click.echo(
        f"{points - missing} of {points} points exercised ({share} %); "
        f"{whole} of {len(found)} rules wholly",
        err=True,
    )
    if share < at_least:
        sys.exit(FOUND)


# --- schema ------------------------------------------------------------------------------------

SCHEMAS = ("rules", "parameters", "policy", "vocabulary", "catalogue", "quality_check", "records",
           "findings")  # fmt: skip


@click.command("schema")
@click.argument("name", type=click.Choice(SCHEMAS), required=False)
@click.option("--out", type=_FOLDER, default=None, help="Write all of them into this folder.")
@rules_options
def schema_command(
    name: str | None, out: Path | None, rules: Path | None, policy: Path | None
) -> None:
    """Print a JSON Schema: for editors of rule files, or for those who send or read our data.

    With the YAML extension of VS Code, write as the first line of a rule file:
    # yaml-language-server: $schema=schema/rules.schema.json
    """
    if (name is None) == (out is None):
        raise click.UsageError(f"name one schema ({', '.join(SCHEMAS)}), or give --out FOLDER")
    found = dict(schemas(load_rules(rules or bundled_rules(), policy)))
    if name is not None:
        click.echo(orjson.dumps(found[name], option=orjson.OPT_INDENT_2))
        return
    assert out is not None  # one of the two is given
    out.mkdir(parents=True, exist_ok=True)
    for each, schema in found.items():
        path = out / f"{each}.schema.json"
        path.write_bytes(orjson.dumps(schema, option=orjson.OPT_INDENT_2) + b"\n")
    click.echo(f"{len(found)} schemas in {out}", err=True)


# --- format ------------------------------------------------------------------------------------


@click.command("format")
@click.argument("files", nargs=-1, type=_FILE)
@click.option("--rules", type=_FOLDER, default=None, help="Format every YAML file of this folder.")
@click.option("--check", "checking", is_flag=True, help="Write nothing; exit with 1 if some would.")
def format_command(files: tuple[Path, ...], *, rules: Path | None, checking: bool) -> None:
    """Put rule files into one form; comments stay, and what they say does not change."""
    if bool(files) == (rules is not None):
        raise click.UsageError("name the files to format, or a folder with --rules")
    changed = 0
    for path in files or sorted((rules or bundled_rules()).glob("*.yaml")):
        try:
            differs = format_file(path, write=not checking)
        except FormatError as error:
            raise click.ClickException(str(error)) from error
        if differs:
            changed += 1
            click.echo(f"{'would change' if checking else 'changed'}  {path}")
    click.echo(f"{changed} {'to format' if checking else 'formatted'}", err=True)
    if checking and changed:
        sys.exit(FOUND)


# --- impact ------------------------------------------------------------------------------------


@click.command("impact")
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.argument("records", nargs=-1, required=True, metavar="RECORDS...")
@click.option("--policy", type=_FILE, default=None, help="A force's own numbers, for both.")
@click.option("--format", "form", type=click.Choice(("table", "json", "html")), default="table")
@click.option("--out", type=_FILE, default=None, help="Write it here instead.")
def impact_command(
    old: str, new: str, records: tuple[str, ...], *, policy: Path | None, form: str,
    out: Path | None,
) -> None:  # fmt: skip
    """Show what an edit of the rules would change: findings gained, lost or moved, with examples.

    OLD and NEW are folders of rules, or git revisions of the rules folder (HEAD, a tag).
    """
    beside = bundled_rules()
    with rules_of(old, beside) as before, rules_of(new, beside) as after:
        one, other = load_rules(before, policy), load_rules(after, policy)
        entries, unread = [], 0
        for got, _ in read_entries(record_files(records), other.vocabulary):
            if isinstance(got, CustodyEvent):
                entries.append(got)
            else:
                unread += 1
        found = impact(one, other, detentions_of(entries), os.cpu_count() or 1)
    if unread:
        click.echo(f"{unread} lines could not be read; see replay", err=True)
    if form == "json":
        text = orjson.dumps(as_data(found), option=orjson.OPT_INDENT_2).decode() + "\n"
    elif form == "html":
        names = " ".join(Path(each).name for each in (old, new, *records))
        text = page(found, f"detention-monitor rules impact {printable(names)}")
    else:
        text = table(found)
    if out is None:
        click.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")


# --- new ---------------------------------------------------------------------------------------


@click.command("new")
@click.argument("file", type=_FILE)
@rules_options
def new_command(file: Path, *, rules: Path | None, policy: Path | None) -> None:
    """Write a new rule, with tests to fill, into a rule FILE (made if it is not there)."""
    folder = rules or file.parent
    known = folder if (folder / VOCABULARY).exists() and rule_paths(folder) else bundled_rules()
    ruleset = load_rules(known, policy)
    kinds = list(ruleset.vocabulary.kinds)
    duties = list(load_catalogue(known).duties)
    parameters = list(ruleset.parameters.declared)
    ids = {rule.id for rule in ruleset.rules}
    name = _asked("Name of the rule (catalogue id and a few words, B01-adult-informed)",
                  lambda said: _as_name(said, ids))  # fmt: skip
    match = re.match(r"([A-F]\d{2}|GP\d{2})", name)
    duty = _asked("Catalogue id of the duty (empty: none)",
                  lambda said: _among(said, ("", *duties), "duty"),
                  default=match[0] if match and match[0] in duties else "")  # fmt: skip
    title = _asked("Title, as an inspector should read it", lambda said: _long(said, 3, 120))
    cite = _asked("Where the law says it (Code C 3.15)", lambda said: _long(said, 3, 200))
    authority = click.prompt("Whose standard it is", type=click.Choice(get_args(Authority)))
    start = click.prompt("In force from", type=click.DateTime(["%Y-%m-%d"]), default="2012-07-10")
    severity = click.prompt("How grave a miss is", type=click.Choice(tuple(reversed(SEVERITIES))))
    who = _asked("Who must act", lambda said: _long(said, 2, 80), default="custody officer")
    happens = click.prompt("Must something happen, or must something never happen",
                           type=click.Choice(("must", "never")))  # fmt: skip
    opens = _asked("What must never be entered" if happens == "never" else
                   "With which entry does the duty arise",
                   lambda said: _among(said, kinds, "kind of entry"))  # fmt: skip
    happen = within = ""
    if happens == "must":
        happen = _asked("Which entry shows that it was done",
                        lambda said: _among(said, kinds, "kind of entry"))  # fmt: skip
        within = _asked("Within (6h, 90m, $parameter; empty: as soon as practicable)",
                        lambda said: _as_span(said, parameters), default="")  # fmt: skip
    text = rule_text(Answers(name, duty, title, cite, authority, start.date(), severity, who, opens,
                             happen, within))  # fmt: skip
    begun = file.read_text(encoding="utf-8") if file.exists() else (
        "# What this file is about, and for whom.\nformat: custody-rules/1\n"
        f"theme: {file.stem.replace('_', ' ').capitalize()}\n\nrules:\n"
    )  # fmt: skip
    file.write_text(with_rule(begun, text), encoding="utf-8")
    click.echo(
        f"{name} is in {file}; fill it, then: rules check, rules test --run {name}", err=True
    )


def _asked(question: str, fault: Callable[[str], str], default: str | None = None) -> str:
    """Ask until nothing is wrong with the answer; no answer is lost by a wrong one."""
    while True:
        answer = str(click.prompt(question, default=default)).strip()
        wrong = fault(answer)
        if not wrong:
            return answer
        click.echo(f"  {wrong}", err=True)


def _among(said: str, words: Sequence[str], what: str) -> str:
    return "" if said in words else f"no {what} is called '{said}'{suggestion(said, words)}"


def _long(said: str, least: int, most: int) -> str:
    return "" if least <= len(said) <= most else f"write {least} to {most} characters"


def _as_name(said: str, taken: Container[str]) -> str:
    if said in taken:
        return f"there is a rule '{said}' already; choose another name"
    fits = re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{1,60}", said)
    return "" if fits else "letters, digits, - and _ only, beginning with a letter"


def _as_span(said: str, parameters: Sequence[str]) -> str:
    if said.startswith("$"):
        return _among(said[1:], parameters, "parameter")
    try:
        parse_duration(said or "1h")
    except ValueError as error:
        return str(error)
    return ""


COMMANDS = (
    check_command, test_command, coverage_command, schema_command, format_command, impact_command,
    new_command,
)  # fmt: skip
