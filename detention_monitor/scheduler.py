"""Judge the parts of a replay on the workers of dask.distributed (the extra `distributed`).

What is sent are names: the folder of the parts, rules and policy. Every worker must see them under
the same names (one machine, or a shared file system), and have this program in this version; both
are asked of each worker before anything is judged. The function is the one that a process pool
runs, on the same parts, so that the results are the same bytes.
"""

from __future__ import annotations

import importlib
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from detention_monitor.errors import RecordError
from detention_monitor.judging import Settings, judge_bucket, ruleset_of
from detention_monitor.runstate import program_digest
from detention_monitor.vocabulary import Coverage

_PATIENCE = "10s"


@contextmanager
def _client(address: str) -> Iterator[tuple[Any, Any]]:
    """Give dask.distributed and a client; raise `RecordError` with the cure where there is none."""
    try:
        distributed: Any = importlib.import_module("distributed")
    except ModuleNotFoundError as error:
        raise RecordError(
            "--scheduler needs dask.distributed; install it with: "
            "pip install 'detention-monitor[distributed]'"
        ) from error
    try:
        client = distributed.Client(address, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise RecordError(f"no scheduler answers at {address}: {error}") from error
    try:
        yield distributed, client
    finally:
        client.close()


def judge_distributed(
    buckets: Sequence[Path],
    coverages: Sequence[Coverage],
    settings: Settings,
    address: str,
    finished: Callable[[Path], None],
) -> None:
    """Judge buckets on the workers of a scheduler; `finished` is told of each as it is done.

    One that kept breaking its worker is left to the caller, to be judged with care. Raises `RecordError` where the scheduler does
    not answer, has no workers, or a worker does not see the same files or runs another program.
    """
    with _client(address) as (distributed, client):
        _alike(client, buckets[0].parent.absolute(), settings, address)
        whole = _absolute(settings)
        jobs = {
            client.submit(
                judge_bucket, bucket.absolute(), list(coverages), whole, pure=False, retries=0,
                key=f"judge-{bucket.name}-{uuid.uuid4()}",
            ): bucket
            for bucket in buckets
        }  # fmt: skip
        for job in distributed.as_completed(jobs, loop=client.loop):
            error = job.exception()
            if error is None:
                finished(jobs[job])
            elif not isinstance(error, distributed.KilledWorker):
                raise error
            job.release()


def _absolute(settings: Settings) -> Settings:
    policy = None if settings.policy is None else settings.policy.absolute()
    return replace(settings, rules=settings.rules.absolute(), policy=policy)


def _alike(client: Any, folder: Path, settings: Settings, address: str) -> None:
    """Refuse workers that would judge by something else, by name."""
    whole = _absolute(settings)
    token = folder / "seen"
    token.write_text(uuid.uuid4().hex)
    try:
        said = client.run(_what_is_here, token, whole.rules, whole.policy)
    finally:
        token.unlink()
    if not said:
        raise RecordError(f"the scheduler at {address} has no workers; start some and run again")
    wanted = (True, program_digest(), ruleset_of(whole.rules, whole.policy).hash)
    told = ("does not see the folder of this run", "runs another version of this program",
            "reads other rules or another policy")  # fmt: skip
    for worker, answer in said.items():
        for mine, theirs, fault in zip(wanted, answer, told, strict=True):
            if mine != theirs:
                raise RecordError(
                    f"the worker {worker} {fault} ({folder if fault == told[0] else theirs})"
                )


def _what_is_here(token: Path, rules: Path, policy: Path | None) -> tuple[bool, str, str]:
    """Return, on a worker, whether it sees a file, and what it would judge by."""
    try:
        ruleset = ruleset_of(rules, policy).hash
    except Exception as error:  # noqa: BLE001 - told to the one who runs the replay, by name
        ruleset = str(error)[:200]
    return token.exists(), program_digest(), ruleset
