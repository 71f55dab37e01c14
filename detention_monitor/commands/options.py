"""What several commands share: options, and the exit status of each outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

FOUND, CANNOT_RUN, SET_ASIDE = 1, 2, 3
FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)


def rules_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--rules` and `--policy`."""
    folder = click.option(
        "--rules", type=FOLDER, default=None, help="Folder of rule files (default: those shipped)."
    )
    policy = click.option(
        "--policy", type=FILE, default=None, help="A force's own numbers and suites."
    )
    return folder(policy(command))


db_option = click.option(
    "--db", default=None, metavar="URL", help="The store: a file for SQLite, or postgresql://..."
)


def instant(_context: click.Context, _option: click.Parameter, value: str | None) -> int | None:
    """Return a time given as an option in seconds UTC; one without offset is London's."""
    if value is None:
        return None
    from detention_monitor.times import (  # with a library that few commands need
        parse_instant,
        rfc3339,
    )

    try:
        meant = parse_instant(value, "Europe/London")
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    if len(meant) > 1:
        raise click.BadParameter(
            f"'{value}' came twice that night, for the clocks went back; write it with its offset: "
            f"{' or '.join(map(rfc3339, meant))}"
        )
    return meant[0]
