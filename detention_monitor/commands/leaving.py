"""What a report needs that leaves the force: the register of what was published, asked and kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import click

from detention_monitor.commands.options import FILE
from detention_monitor.errors import RecordError
from detention_monitor.reports.provenance import Provenance
from detention_monitor.reports.register import Publication, check, counted, opened
from detention_monitor.reports.rows import Row
from detention_monitor.times import rfc3339

FORCE_ONLY = "force_only"
"""The folder, in that of a report which leaves the force, of what must not leave with it."""


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


_TABLES = {"statistics", "trend", "rows_under_agreement", FORCE_ONLY}


def folder_of_its_own(
    out: Path, may_hold: Collection[str] = _TABLES, *, outside: bool = True
) -> None:
    """Raise `RecordError` where a folder to be given away would hold what must stay, or the reverse.

    `may_hold` are names without their ending. A folder that was given away once is known by `FORCE_ONLY`.
    """
    if not out.is_dir():
        return
    found = {each.name for each in out.iterdir()}
    if not outside:
        if FORCE_ONLY in found:
            raise RecordError(
                f"{out} holds a report that leaves the force; write what stays to another folder"
            )
        return
    other = sorted(each for each in found if each.split(".")[0] not in may_hold)
    if other or (found and FORCE_ONLY not in found):
        raise RecordError(
            f"{out} holds other files ({', '.join((other or sorted(found))[:3])}); all in the folder of a report "
            "that leaves the force may be given away, so it needs a folder of its own"
        )


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
