"""The command line: `detention-monitor`. stdout is data, stderr is narration.

Exit status: 0 ran, 1 found what was asked about, 2 could not run, 3 ran but set records aside.
"""

from __future__ import annotations

import gzip
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import BinaryIO, Self

import click
import orjson

from detention_monitor import __version__, rulelist
from detention_monitor.assess import assess, end_of
from detention_monitor.authoring.commands import COMMANDS
from detention_monitor.boards.child import child_of
from detention_monitor.boards.lines import ASCII, text_of
from detention_monitor.boards.sheet import lines as sheet_lines
from detention_monitor.catalogue import load_catalogue
from detention_monitor.checklist import Checklist
from detention_monitor.counterfactual import suppose, supposed_entry, told
from detention_monitor.detention import Detention, detentions_of, record_name
from detention_monitor.durable import DurableBackend
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import DetentionMonitorError, RuleFileError
from detention_monitor.explain import explain
from detention_monitor.findings import QUIET, SEVERITIES, Finding
from detention_monitor.generate import MESSY, generate
from detention_monitor.paths import bundled_rules, bundled_samples
from detention_monitor.render import FORMATS, heading
from detention_monitor.replay import Progress, Settings, Tally, quiet, replay
from detention_monitor.rulebook import Form, RuleBook
from detention_monitor.rulefile import RuleSet, load_rules
from detention_monitor.sources import SetAside, read_entries, record_files
from detention_monitor.text import printable
from detention_monitor.times import parse_instant
from detention_monitor.whynot import why_not
from detention_monitor.wording import Wording
from detention_monitor.yamlfile import suggestion

FOUND, CANNOT_RUN, SET_ASIDE = 1, 2, 3
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)


def main() -> None:
    """Run the command; every error a person can put right is a line, never a traceback."""
    try:
        cli.main(standalone_mode=False)
    except RuleFileError as error:
        for diagnostic in error.diagnostics:
            click.echo(str(diagnostic), err=True)
        sys.exit(CANNOT_RUN)
    except DetentionMonitorError as error:
        click.echo(f"detention-monitor: {printable(str(error), 2_000)}", err=True)
        sys.exit(CANNOT_RUN)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(CANNOT_RUN)
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; nothing more was written", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        click.echo(f"detention-monitor: {named}{error.strerror or error}", err=True)
        sys.exit(CANNOT_RUN)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="detention-monitor")
def cli() -> None:
    """Watch over children in police custody in England and Wales.

    Custody records go in; out come the duties toward each child under PACE 1984 and Code C that
    were done, are due, or were missed. It advises; a person decides.
    """


def _instant(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    try:
        return parse_instant(value, "Europe/London")[0]
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


_rules_option = click.option(
    "--rules", type=_FOLDER, default=None, help="Folder of rule files (default: those shipped)."
)
_policy_option = click.option(
    "--policy", type=_FILE, default=None, help="A force's own numbers and suites."
)


_db_option = click.option(
    "--db", default=None, metavar="URL", help="The store: a file for SQLite, or postgresql://..."
)


@cli.command("replay")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@_rules_option
@_policy_option
@click.option(
    "--map", "columns", type=_FILE, default=None, help="Column map by which CSV files are read."
)
@click.option(
    "--as-of", callback=_instant, help="Judge as of this time; later entries are left out."
)
@click.option("--as-known", is_flag=True, help="Use only what had been recorded by each instant.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--out", type=_FILE, default=None, help="Write results here (readable by you only).")
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="Processes to judge with; the output is the same for any number.",
)
@click.option(
    "--fail-on",
    type=click.Choice(tuple(reversed(SEVERITIES))),
    default=None,
    help="Exit with 1 if a concern at or above this severity was found.",
)
@click.option(
    "--all", "everything", is_flag=True, help="Show duties met, excused, lapsed, open too."
)
@click.option(
    "--quarantine",
    type=_FILE,
    default=None,
    help="Where lines go that could not be read (default: beside --out, or here).",
)
def replay_command(
    paths: tuple[str, ...], *, rules: Path | None, policy: Path | None, columns: Path | None,
    as_of: int | None, as_known: bool, form: str, out: Path | None, workers: int, fail_on: str | None,
    everything: bool, quarantine: Path | None,
) -> None:  # fmt: skip
    """Judge custody records: files of JSON lines or CSV (.gz too), folders of them, - for stdin."""
    files = record_files(paths, csv_too=columns is not None)
    settings = Settings(
        rules=rules or bundled_rules(),
        policy=policy,
        as_of=as_of,
        reading="as_known" if as_known else "as_happened",
        format=form,
        map=columns,
        all=everything,
        colour=out is None and form == "table" and sys.stdout.isatty() and _colours(),
    )
    beside = quarantine or (out.parent if out else Path()) / "quarantine.jsonl"
    if quarantine is None:  # what an earlier run set aside is no record of this one
        files = [each for each in files if each == "-" or not _same(Path(each), beside)]
    for each in files:
        for target_path, option in ((out, "--out"), (quarantine, "--quarantine")):
            if each != "-" and target_path is not None and _same(Path(each), target_path):
                raise click.UsageError(f"{option} would overwrite the records in {each}")
    with Quarantine(beside) as aside, _target(out) as target, _progress() as progress:
        target.write(heading(form))
        tally = replay(
            files, settings, target, set_aside=aside.put, workers=workers, progress=progress
        )
        target.flush()
    for line in summary(tally, beside if aside.count else None):
        click.echo(line, err=True)
    if fail_on is not None and tally.worst_at_least(fail_on):  # type: ignore[arg-type]
        sys.exit(FOUND)
    if tally.set_aside:
        sys.exit(SET_ASIDE)


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _colours() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


class Quarantine:
    """The file of lines that were set aside; made only when there is one, readable by its owner."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def put(self, each: SetAside) -> None:
        """Write one line; the first few are named on stderr, without their text."""
        if self._file is None:
            self._file = _private(self.path)
        line = {"origin": each.origin, "reason": each.reason, "line": each.line}
        self._file.write(orjson.dumps(line) + b"\n")
        self.count += 1
        if self.count <= 10:
            click.echo(f"set aside: {each.origin}: {printable(each.reason)}", err=True)
        elif self.count == 11:
            click.echo(f"set aside: more, see {self.path}", err=True)


def _private(path: Path) -> BinaryIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "wb")


@contextmanager
def _target(out: Path | None) -> Iterator[BinaryIO]:
    """Give what to write to: stdout, or a file that takes its name only once it is complete."""
    if out is None:
        yield sys.stdout.buffer
        return
    unfinished = out.with_name(f"{out.name}.unfinished")
    with _private(unfinished) as file:
        yield file
    unfinished.replace(out)


@contextmanager
def _progress() -> Iterator[Progress]:
    """Give a progress line on stderr: how much, how fast, how long still; none without a terminal."""
    if not sys.stderr.isatty():
        yield quiet
        return
    start = time.monotonic()
    shown = False

    def show(phase: str, done: int, total: int) -> None:
        nonlocal shown
        spent = time.monotonic() - start
        if phase == "reading":
            text = f"reading: {done:,} entries, {done / max(spent, 0.001):,.0f} a second"
        else:
            left = spent / done * (total - done) if done else 0
            text = f"judging: {done:,} of {total:,} parts, about {left:,.0f} s left"
        click.echo(f"\r\x1b[K{text}", nl=False, err=True)
        shown = True

    yield show
    if shown:
        click.echo("\r\x1b[K", nl=False, err=True)


def summary(tally: Tally, quarantine: Path | None) -> Iterator[str]:
    """Yield the lines that close a run, for stderr."""
    judged = tally.detentions - tally.refused.total()
    again = f", {tally.duplicates:,} sent twice" if tally.duplicates else ""
    yield f"{tally.entries:,} entries{again}, {judged:,} detentions judged, {tally.found.total():,} concerns found"
    duties = sorted({duty for duty, _ in tally.found})
    if duties:
        yield f"  {'duty':<24}" + "".join(f"{name:>10}" for name in reversed(SEVERITIES))
    for duty in duties:
        counts = [tally.found[duty, name] for name in reversed(SEVERITIES)]
        yield f"  {duty:<24}" + "".join(f"{count or '.':>10}" for count in counts)
    if tally.good:
        yield f"  good practice: {tally.good:,}"
    if tally.cannot_tell:
        told = ", ".join(f"{duty} {count:,}" for duty, count in sorted(tally.cannot_tell.items()))
        yield f"  cannot tell: {told}"
    for code, count in sorted(tally.refused.items()):
        yield f"  refused, {code}: {count:,}"
    if tally.by_reference:
        yield f"  judged by the reference interpreter after the engine failed: {tally.by_reference:,}"
    if quarantine is not None:
        yield f"  set aside: {tally.set_aside:,} lines, see {quarantine}"


@cli.command("explain")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--record", default=None, help="Only this record (as CR-0001, or 44/CR-0001).")
@click.option("--duty", default=None, help="Only this duty or rule, whatever its state.")
@click.option("--at", "as_of", callback=_instant, help="As of this time (default: its last entry).")
@click.option(
    "--if", "supposed", default=None, metavar="ENTRY",
    help="What would then be due, met or cleared: 'review_held mode=in_person at 21:30'.",
)  # fmt: skip
@click.option("--checklist", "only_list", is_flag=True, help="Only the checklist of duties.")
@click.option("--review-sheet", "sheet", is_flag=True, help="What to know and ask at a review.")
@_rules_option
@_policy_option
def explain_command(
    paths: tuple[str, ...], *, record: str | None, duty: str | None, as_of: int | None,
    supposed: str | None, only_list: bool, sheet: bool, rules: Path | None, policy: Path | None,
) -> None:  # fmt: skip
    """Say why: rule and law, entries, arithmetic, what was not found, what would have met it."""
    ruleset = load_rules(rules or bundled_rules(), policy)
    if duty is not None and duty not in _duties(ruleset):
        raise click.UsageError(f"no rule is called {duty}{suggestion(duty, _duties(ruleset))}")
    read = [got for got, _ in read_entries(record_files(paths), ruleset.vocabulary)]
    entries = [got for got in read if isinstance(got, CustodyEvent)]
    if len(entries) < len(read):
        click.echo(f"{len(read) - len(entries)} lines could not be read; see replay", err=True)
    backend = DurableBackend(ruleset.plan)
    listed = (
        Checklist(ruleset, rules or bundled_rules()) if only_list or (record and not duty) else None
    )
    wanted = [each for each in detentions_of(entries) if record is None or _is_of(each, record)]
    if record is not None and not wanted:
        raise click.UsageError(f"no record {record} here")
    if supposed is not None and len(wanted) != 1:
        raise click.UsageError("--if supposes an entry in one record; name it with --record")
    for detention in wanted:
        at = end_of(detention, ruleset) if as_of is None else as_of
        if supposed is not None:
            entry = supposed_entry(supposed, detention, ruleset.vocabulary)
            click.echo(told(suppose(entry, detention, ruleset, at, backend)), nl=False)
            continue
        result = assess(detention, ruleset, at, backend=backend)
        if result.refused is not None:
            because = printable(result.refused_because)
            click.echo(f"{printable(detention.id)}: refused ({result.refused}): {because}\n")
            continue
        if sheet:
            for row in sheet_lines(child_of(result, detention, ruleset), ruleset, at, 100, ASCII):
                click.echo(text_of(row).rstrip())
            continue
        shown = [each for each in result.findings if _is_asked(each, duty) and not only_list]
        if not shown and not only_list and record is not None:
            click.echo(
                f"{printable(detention.id)}: nothing found" + (f" of {duty}" if duty else "")
            )
        for finding in shown:
            click.echo(explain(finding, result, detention, ruleset))
        if duty is not None and not only_list:
            found = {finding.rule for finding in shown}
            for rule in ruleset.rules:
                if duty in (rule.duty, rule.id) and rule.id not in found:
                    click.echo(why_not(rule, result, ruleset))
        if listed is not None:
            click.echo(listed.of(result))


def _duties(ruleset: RuleSet) -> list[str]:
    return [name for rule in ruleset.rules for name in (rule.duty, rule.id) if name is not None]


def _is_of(detention: Detention, record: str) -> bool:
    names = {record_name(entry.force, entry.record) for entry in detention.entries}
    return record in {detention.id, *detention.records, *names}


def _is_asked(finding: Finding, duty: str | None) -> bool:
    if duty is None:
        return finding.status not in QUIET
    return duty in (finding.duty, finding.rule)


@cli.command("generate")
@click.option("--records", type=click.IntRange(1), required=True, help="How many detentions.")
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed, the same file."
)
@click.option("--out", type=_FILE, required=True, help="File to write (.gz is packed), or -.")
@click.option(
    "--messy",
    is_flag=True,
    help="Late entries, amendments, duplicates, blank ranks, times without offset.",
)
@click.option("--year", type=click.IntRange(2013, 2099), default=2024, show_default=True)
def generate_command(*, records: int, seed: int, out: Path, messy: bool, year: int) -> None:  # fmt: skip
    """Write synthetic records: no real child, deterministic, calibrated to published figures."""
    written = 0
    lines = generate(records, seed, first=date(year, 1, 1), mess=MESSY if messy else None)
    with _target(None if str(out) == "-" else out) as target:
        packed = gzip.GzipFile(fileobj=target, mode="wb", mtime=0) if out.suffix == ".gz" else None
        for entry in lines:
            (packed or target).write(orjson.dumps(entry) + b"\n")
            written += "source" not in entry
        if packed is not None:
            packed.close()
    click.echo(f"{written:,} entries of {records:,} synthetic detentions, seed {seed}", err=True)


# --- the board ---------------------------------------------------------------------------------


@cli.command("monitor")
@_db_option
@click.option(
    "--follow",
    multiple=True,
    required=True,
    metavar="PATH",
    help="A file of JSON lines that grows, a folder into which files are dropped, or -.",
)
@_rules_option
@_policy_option
@click.option("--once", is_flag=True, help="Stop once everything there is has been taken.")
def monitor_command(
    *, db: str | None, follow: tuple[str, ...], rules: Path | None, policy: Path | None, once: bool
) -> None:  # fmt: skip
    """Store entries as they come, assess them, and keep the alerts: the live monitor, no screen."""
    from detention_monitor.live.run import monitor  # lazy: only the live part needs a database

    def say(line: str) -> None:
        click.echo(printable(line, 2_000), err=True)

    if db is None:
        raise click.UsageError("--db names the store: a file, or postgresql://...")
    counts = monitor(db, follow, rules or bundled_rules(), policy, once=once, say=say)
    say(f"{counts.stored:,} entries stored, {counts.again:,} known, {counts.set_aside:,} set aside")
    if counts.set_aside:
        sys.exit(SET_ASIDE)


@cli.command("verify")
@_db_option
def verify_command(*, db: str | None) -> None:
    """Check that nothing in the log of a store was changed or taken out; say where it was."""
    from detention_monitor.live.run import checked  # lazy: only the live part needs a database

    if db is None:
        raise click.UsageError("--db names the store: a file, or postgresql://...")
    found = checked(db)
    if found.broken_at is not None:
        click.echo(f"the log is broken: {found.why}")
        sys.exit(FOUND)
    click.echo(f"{found.rows:,} rows, unbroken; the last digest is {found.digest}")


@cli.command("watch")
@_db_option
@click.option("--follow", multiple=True, metavar="PATH", help="Run the monitor too, over these.")
@click.option("--demo", is_flag=True, help="Play the sample day; needs no set-up.")
@click.option("--story", type=_FILE, default=None, help="Play a file of records: replay, no acts.")
@click.option(
    "--speed",
    type=click.IntRange(1, 3_600),
    default=60,
    show_default=True,
    help="Seconds of the story for each second of ours.",
)
@click.option("--plain", is_flag=True, help="Lines to read and type, for screen readers.")
@click.option("--browser", is_flag=True, help="Serve the board to a browser on this machine.")
@click.option("--host", default="127.0.0.1", show_default=True, help="With --browser: where.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8_000, show_default=True)
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with plain characters only.")
@_rules_option
@_policy_option
def watch_command(
    *, db: str | None, follow: tuple[str, ...], demo: bool, story: Path | None, speed: int,
    plain: bool, browser: bool, host: str, port: int, ascii_only: bool,
    rules: Path | None, policy: Path | None,
) -> None:  # fmt: skip
    """Show the board: children in custody, what is due, alerts and why."""
    if db is None and not demo and story is None:
        raise click.UsageError("name the store that a monitor keeps (--db), or try 'watch --demo'")
    if plain and browser:
        raise click.UsageError("--plain or --browser, not both")
    if "-" in follow:
        raise click.UsageError(
            "the board needs standard input for its keys; run `monitor` beside it"
        )
    from tui import watch  # lazy: other commands start without Textual

    if browser:
        if follow:
            raise click.UsageError(
                "--browser opens a board for each visitor; run `monitor` beside it"
            )
        watch.serve(sys.argv[1:], host, port)
        return
    drawn = not plain and not watch.served()
    if drawn and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise click.UsageError("the board needs a terminal; --plain tells the same in lines")
    if drawn and os.environ.get("TERM", "dumb") == "dumb":
        raise click.UsageError("this terminal (TERM=dumb) cannot draw the board; use --plain")
    show = watch.in_lines if plain else partial(watch.run, ascii_only=ascii_only)
    ruleset = load_rules(rules or bundled_rules(), policy)
    if db is not None:
        given = (("--rules", rules), ("--policy", policy))
        options = [word for name, path in given if path for word in (name, str(path))]
        with watch.stored(db, ruleset, follow, options) as (desk, clock, who):
            show(desk, clock, who)
        return
    path = story or bundled_samples() / "busy_day.jsonl"
    desk, clock, who, unread = watch.story(path, ruleset, speed, practice=story is None)
    if unread:
        click.echo(f"{unread} lines of {path} could not be read", err=True)
    show(desk, clock, who)


# --- rules -------------------------------------------------------------------------------------


@cli.group("rules")
def rules_group() -> None:
    """Check, test and list the rule files."""


for _command in COMMANDS:
    rules_group.add_command(_command)


@rules_group.command("list")
@_rules_option
@_policy_option
@click.option(
    "--unverified",
    is_flag=True,
    help="Work list for a lawyer: what is not verified, and for which days.",
)
@click.option("--format", "form", type=click.Choice(("table", "json")), default="table")
def rules_list(rules: Path | None, policy: Path | None, *, unverified: bool, form: str) -> None:
    """List the rules: id, duty, authority, since when, the law, where it stands."""
    ruleset = load_rules(rules or bundled_rules(), policy)
    found = [row for row in rulelist.rows(ruleset) if not unverified or not row["verified"]]
    if form == "json":
        click.echo(orjson.dumps(found))
        return
    for row in found:
        for line in rulelist.lines(row, work_list=unverified):
            click.echo(line)
    click.echo(f"{len(found)} rules", err=True)


@rules_group.command("show")
@click.argument("name", required=False, metavar="[ID]")
@click.option("--all", "everything", is_flag=True, help="The whole rule book, in catalogue order.")
@click.option(
    "--format", "form", type=click.Choice(("text", "markdown")), default="text", show_default=True
)
@_rules_option
@_policy_option
def rules_show(
    name: str | None, *, everything: bool, form: Form, rules: Path | None, policy: Path | None
) -> None:
    """Say in plain English what a rule, or a duty of the catalogue (D01), asks and finds."""
    if (name is None) != everything:
        raise click.UsageError("name a duty or a rule, as in 'rules show D01', or use --all")
    folder = rules or bundled_rules()
    book = RuleBook(load_rules(folder, policy), load_catalogue(folder), Wording.load(folder))
    click.echo(book.whole(form) if name is None else book.show(name, form), nl=False)
