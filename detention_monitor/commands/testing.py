"""`rules test`: the tests beside the rules, probes of their boundaries, and JUnit output."""

from __future__ import annotations

import re
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from pathlib import Path

import click

from detention_monitor.authoring.probes import Probe, probe
from detention_monitor.commands.engines import engine_option
from detention_monitor.commands.options import FILE, FOUND, rules_options
from detention_monitor.durable import DurableBackend
from detention_monitor.paths import bundled_rules
from detention_monitor.rulefile import load_rules
from detention_monitor.ruletests import Outcome, cases, run_tests
from detention_monitor.text import printable


@click.command("test")
@rules_options
@click.option("--run", default="", metavar="REGEX", help="Only tests whose rule or name matches.")
@click.option("--junit", type=FILE, default=None, help="Write the outcome as JUnit XML, too.")
@click.option(
    "--probe", "probing", is_flag=True,
    help="Also probe each deadline a minute before, at and after it, both clock changes, and the "
    "day each rule came into force.",
)  # fmt: skip
@engine_option
def test_command(
    rules: Path | None, policy: Path | None, *, run: str, junit: Path | None, probing: bool,
    engine: str,
) -> None:  # fmt: skip
    """Run the tests that stand in the rule files: expected above got; an unexpected finding fails."""
    folder = rules or bundled_rules()
    try:
        re.compile(run)
    except re.error as error:
        raise click.UsageError(f"--run '{run}' is not a pattern: {error}") from error
    begun = time.perf_counter()
    outcomes = []
    for outcome in run_tests(folder, policy, run, engine):
        outcomes.append(outcome)
        if outcome.faults:
            _tell(outcome)
    if not outcomes and run:
        raise click.UsageError(f"no test matches '{run}'")
    failed = sum(bool(each.faults) for each in outcomes)
    if junit is not None:
        junit.write_bytes(_junit(outcomes, time.perf_counter() - begun))
    click.echo(f"{len(outcomes) - failed} passed, {failed} failed", err=True)
    if failed and policy is not None:
        told = "tests are written for the numbers of the rules: compare a run without --policy"
        click.echo(f"judged by the numbers of {policy.name}; {told}", err=True)
    broken = _probed(folder, policy, run) if probing else 0
    if failed or broken:
        sys.exit(FOUND)


def _tell(outcome: Outcome) -> None:
    rule = f"{outcome.rule}: " if outcome.rule else ""
    click.echo(f"{outcome.file}:{outcome.line}: {rule}{printable(outcome.name, 200)}")
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
            lines = [printable(line, 400) for fault in each.faults for line in fault.splitlines()]
            ET.SubElement(case, "failure", message=lines[0]).text = "\n".join(lines)
    ET.indent(suite)
    text: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text + b"\n"
