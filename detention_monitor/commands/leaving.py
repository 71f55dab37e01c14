"""What a report needs that leaves the force: the register of what was published, asked and kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click

from detention_monitor.commands.options import FILE
from detention_monitor.reports.provenance import Provenance
from detention_monitor.reports.register import Publication, check, counted, opened
from detention_monitor.reports.rows import Row
from detention_monitor.times import rfc3339


class Outward(NamedTuple):
    """Whether a report leaves the force; then where publications are listed, and why it may overlap."""

    outside: bool = False
    register: Path | None = None
    despite: str = ""


def leaves_the_force(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--outside`, `--register` and `--despite` as one value."""

    @click.option(
        "--outside",
        is_flag=True,
        help="For readers outside the force: small numbers hidden, others rounded.",
    )
    @click.option(
        "--register",
        type=FILE,
        default=None,
        help="With --outside: the force's list of what was published, made if need be; never given away.",
    )
    @click.option(
        "--despite",
        default="",
        metavar="REASON",
        help="Publish although an earlier publication counts some of the same detentions.",
    )
    def asked(*, outside: bool, register: Path | None, despite: str, **rest: Any) -> None:
        if outside and register is None:
            raise click.UsageError(
                "--outside needs --register FILE, the force's list of what was published: whoever has two "
                "reports of the same children can subtract one from the other. The first report makes it"
            )
        if not outside and (register is not None or despite):
            raise click.UsageError("--register and --despite belong to --outside")
        if register is not None and not register.parent.is_dir():
            raise click.UsageError(
                f"--register {register}: there is no folder {register.parent}; make it first"
            )
        out = rest["out"].resolve()
        if register is not None and out in register.resolve().parents:
            raise click.UsageError(
                f"--register {register} lies in {out}, which is given away; keep it elsewhere"
            )
        command(leaving=Outward(outside, register, despite.strip()), **rest)

    asked.__name__ = command.__name__
    asked.__doc__ = command.__doc__
    asked.__click_params__ = [  # type: ignore[attr-defined]
        *getattr(command, "__click_params__", []), *asked.__click_params__,  # type: ignore[attr-defined]
    ]  # fmt: skip
    return asked


@contextmanager
def registered(rows: Iterable[Row], made: Provenance, leaving: Outward) -> Iterator[list[str]]:
    """Look a report up in the register and give what it says; write it down once it is made."""
    if leaving.register is None:
        yield []
        return
    with opened(leaving.register) as register:
        new = counted(rows)
        overlaps = register.overlaps(new)
        check(overlaps, leaving.register, leaving.despite)
        notes = [each.told() for each in overlaps]
        yield [*notes, *([f"published despite that: {leaving.despite}"] if leaving.despite else [])]
        line = Publication(
            at=rfc3339(int(time.time())), command=made.command, period=made.period,
            ruleset=made.ruleset, detentions=len(new), despite=leaving.despite,
        )  # fmt: skip
        register.add(line, new, overlaps)
