"""`rules new`, `rules format` and `rules schema`: what helps to write a rule file."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Container, Iterable, Sequence
from pathlib import Path
from typing import get_args

import click
import orjson

from detention_monitor.authoring.formatting import FormatError, format_file
from detention_monitor.authoring.newrule import Answers, rule_text, with_rule
from detention_monitor.authoring.schema import schemas
from detention_monitor.catalogue import load_catalogue
from detention_monitor.commands.options import FILE, FOLDER, FOUND, rules_options
from detention_monitor.findings import SEVERITIES
from detention_monitor.paths import bundled_rules
from detention_monitor.rulefile import VOCABULARY, load_rules, rule_paths
from detention_monitor.rulemodel import Authority
from detention_monitor.times import parse_duration
from detention_monitor.yamlfile import suggestion

SCHEMAS = ("rules", "parameters", "policy", "vocabulary", "catalogue", "quality_check", "not_judged", "records",
           "findings")  # fmt: skip


@click.command("schema")
@click.argument("name", type=click.Choice(SCHEMAS), required=False)
@click.option("--out", type=FOLDER, default=None, help="Write all of them into this folder.")
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


@click.command("format")
@click.argument("files", nargs=-1, type=FILE)
@click.option("--rules", type=FOLDER, default=None, help="Format every YAML file of this folder.")
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


@click.command("new")
@click.argument("file", type=FILE)
@rules_options
def new_command(file: Path, *, rules: Path | None, policy: Path | None) -> None:
    """Write a new rule, with tests to fill, into a rule FILE (made if it is not there)."""
    folder = rules or file.parent
    known = folder if (folder / VOCABULARY).exists() and rule_paths(folder) else bundled_rules()
    ruleset = load_rules(known, policy)
    kinds = _Kinds(ruleset.vocabulary.kinds)
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
                   kinds.fault)  # fmt: skip
    happen = within = ""
    if happens == "must":
        happen = _asked("Which entry shows that it was done", kinds.fault)
        within = _asked("Within (6h, 90m, $parameter; empty: as soon as practicable)",
                        lambda said: _as_span(said, parameters), default="")  # fmt: skip
    text = rule_text(Answers(name, duty, title, cite, authority, start.date(), severity, who, opens,
                             happen, within))  # fmt: skip
    begun = file.read_text(encoding="utf-8") if file.exists() else (
        "# What this file is about, and for whom.\nformat: custody-rules/1\n"
        f"theme: {file.stem.replace('_', ' ').capitalize()}\n\nrules:\n"
    )  # fmt: skip
    file.write_text(with_rule(begun, text), encoding="utf-8")
    for kind in kinds.new:
        click.echo(
            f"declare it in {VOCABULARY}, under 'kinds':\n{_DECLARED.format(kind)}", err=True
        )
    where = "" if file.parent.resolve() == bundled_rules().resolve() else f" --rules {file.parent}"
    click.echo(
        f"{name} is in {file}; fill it, then:\n"
        f"  detention-monitor rules check{where}\n"
        f"  detention-monitor rules test{where} --run {name}",
        err=True,
    )


_DECLARED = """  {}:
    about: What happened, in one sentence.
    attributes:
      reason: {{type: text}}"""


class _Kinds:
    """The kinds of entry that an answer may name: those declared, or a new one if said twice."""

    def __init__(self, declared: Iterable[str]) -> None:
        self._declared = tuple(declared)
        self._doubted = ""
        self.new: list[str] = []

    def fault(self, said: str) -> str:
        """Return what is wrong with an answer, or nothing."""
        if said in (*self._declared, *self.new):
            return ""
        if not re.fullmatch(r"[a-z][a-z0-9_]{1,40}", said):
            return "small letters, digits and _ only, in the past tense: review_held"
        if said == self._doubted:
            self.new.append(said)
            return ""
        self._doubted = said
        return (
            f"{_among(said, self._declared, 'kind of entry')}\n"
            "  If it is a new one, answer the same again."
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
