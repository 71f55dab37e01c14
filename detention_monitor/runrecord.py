"""The record of a run, beside its output: what went in, by which rules and back-end, what came out.

`found.jsonl` has `found.jsonl.run.json`. All but `when` is the same for the same run again, so that
two runs can be compared, and a report can name what it rests on.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from detention_monitor import __version__, other_force
from detention_monitor.backends import MADE_BY
from detention_monitor.judging import Settings, ruleset_of
from detention_monitor.results import Tally
from detention_monitor.runstate import digest, program_digest
from detention_monitor.times import rfc3339


def now_utc() -> datetime:
    """Return this moment, for the record of a run; no judgement depends on it."""
    return datetime.now(UTC)


def record_path(out: Path) -> Path:
    """Return where the record of a run lies whose results are in `out`."""
    return out.with_name(f"{out.name}.run.json")


def write_record(
    out: Path,
    files: Sequence[str],
    settings: Settings,
    tally: Tally,
    *,
    begun: datetime,
    form: str,
    scheduler: str | None,
) -> None:
    """Write the record of a run that came to its end, readable by its owner only.

    Raises `OSError` where it cannot be written. Standard input has no digest.
    """
    data = orjson.dumps(
        _record(out, files, settings, tally, begun=begun, form=form, scheduler=scheduler),
        option=orjson.OPT_INDENT_2,
    )
    path = record_path(out)
    unfinished = path.with_name(f"{path.name}.unfinished")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data + b"\n")
    unfinished.replace(path)


def _record(
    out: Path, files: Sequence[str], settings: Settings, tally: Tally, *, begun: datetime,
    form: str, scheduler: str | None,
) -> dict[str, Any]:  # fmt: skip
    ruleset = ruleset_of(settings.rules, settings.policy)
    compiled = settings.engine == "compiled"
    return {
        "program": {"version": __version__, "sha256": program_digest()},
        "engine": MADE_BY[settings.engine],
        "checked_by_durable_rules": {
            "detentions": tally.checked, "per_cent": settings.checked, "seed": settings.seed,
            "differences": 0,  # one would have ended the run
        } if compiled else None,
        "judged_by_reference_after_failure": (
            tally.by_reference if settings.engine == "durable" else 0
        ),
        "ruleset": ruleset.hash,
        "policy": None if settings.policy is None else {
            **_file(settings.policy), "force": list(ruleset.parameters.forces),
            "detentions_of_another_force": tally.cannot_tell[other_force.CODE],
        },
        "column_map": None if settings.map is None else _file(settings.map),
        "as_of": None if settings.as_of is None else rfc3339(settings.as_of),
        "reading": settings.reading,
        "inputs": [{"file": "-"} if each == "-" else _file(Path(each)) for each in files],
        "result": {**_file(out), "format": form},
        "counted": {
            "entries": tally.entries, "detentions": tally.detentions,
            "refused": dict(sorted(tally.refused.items())), "set_aside": tally.set_aside,
            "sent_twice": tally.duplicates, "concerns": tally.found.total(),
            "good_practice": tally.good, "cannot_tell": tally.cannot_tell.total(),
        },
        "when": {
            "began": begun.isoformat(timespec="seconds"),
            "ended": now_utc().isoformat(timespec="seconds"),
            "scheduler": scheduler,
            "command": shlex.join(["detention-monitor", *sys.argv[1:]]),
        },
    }  # fmt: skip


def _file(path: Path) -> dict[str, Any]:
    size = path.stat().st_size if path.exists() else None  # what cannot be read is set aside
    return {"file": str(path), "bytes": size, "sha256": digest(path)}
