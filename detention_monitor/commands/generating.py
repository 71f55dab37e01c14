"""`generate`: synthetic records."""

from __future__ import annotations

import gzip
import re
from datetime import date
from pathlib import Path

import click
import orjson

from detention_monitor.commands.options import FILE
from detention_monitor.commands.output import target
from detention_monitor.generate import generate
from detention_monitor.untidy import MESSY


def _name(_context: click.Context, _option: click.Parameter, value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", value):
        raise click.BadParameter(f"'{value}': letters, digits, '.', '_' and '-', 40 at most")
    return value


@click.command("generate")
@click.option("--records", type=click.IntRange(1), required=True, help="How many detentions.")
@click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed, the same file."
)
@click.option("--out", type=FILE, required=True, help="File to write (.gz is packed), or -.")
@click.option(
    "--messy",
    is_flag=True,
    help="Late entries, amendments, duplicates, blank ranks, times without offset.",
)
@click.option(
    "--name",
    callback=_name,
    default="SYN",
    show_default=True,
    help="What records are called, before their number; files read together need different names.",
)
@click.option("--year", type=click.IntRange(2013, 2099), default=2024, show_default=True)
def generate_command(
    *, records: int, seed: int, out: Path, messy: bool, name: str, year: int
) -> None:
    """Write synthetic records: no real child, deterministic, calibrated to published figures."""
    written = 0
    lines = generate(
        records, seed, first=date(year, 1, 1), mess=MESSY if messy else None, name=name
    )
    with target(None if str(out) == "-" else out) as into:
        packed = gzip.GzipFile(fileobj=into, mode="wb", mtime=0) if out.suffix == ".gz" else None
        for entry in lines:
            (packed or into).write(orjson.dumps(entry) + b"\n")
            written += "source" not in entry
        if packed is not None:
            packed.close()
    click.echo(f"{written:,} entries of {records:,} synthetic detentions, seed {seed}", err=True)
