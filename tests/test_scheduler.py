"""The parts of a replay on dask.distributed: the same bytes as on processes of our own."""

from __future__ import annotations

import io
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from detention_monitor.cli import cli
from detention_monitor.errors import RecordError
from detention_monitor.generate import generate
from detention_monitor.judging import Settings
from detention_monitor.replay import Progress, quiet, replay
from detention_monitor.results import Tally
from detention_monitor.sources import SetAside
from detention_monitor.untidy import MESSY
from tests.conftest import RULES

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("default")  # those of dask are not ours to mend


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("records") / "records.jsonl"
    lines = [json.dumps(each) for each in generate(80, 9, mess=MESSY)]
    path.write_text("\n".join([*lines, "not json"]) + "\n")
    return str(path)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster:
        yield cluster.scheduler_address


def judged(
    records: str, engine: str = "durable", scheduler: str | None = None, progress: Progress = quiet
) -> tuple[bytes, Tally, list[SetAside]]:
    out, aside = io.BytesIO(), list[SetAside]()
    settings = Settings(RULES, format="jsonl", engine=engine)
    tally = replay(
        [records], settings, out, set_aside=aside.append, bucket_bytes=60_000, scheduler=scheduler,
        progress=progress,
    )  # fmt: skip
    return out.getvalue(), tally, aside


@pytest.mark.parametrize("engine", ["durable", "compiled"])
def test_the_same_bytes_as_without_a_scheduler(engine: str, records: str, address: str) -> None:
    here, there = judged(records, engine), judged(records, engine, address)
    assert there == here
    assert len(here[0]) > 100_000
    assert len(here[2]) >= 1


def test_the_command_takes_an_address(records: str, address: str, tmp_path: Path) -> None:
    found = []
    for name, options in (("here", ()), ("there", ("--scheduler", address))):
        out = tmp_path / name
        whole = ["replay", records, "--format", "jsonl", "--out", str(out), *options]
        ran = CliRunner().invoke(cli, whole)
        assert ran.exit_code == 3, ran.stderr
        found.append(out.read_bytes())
    assert found[0] == found[1]
    record = json.loads((tmp_path / "there.run.json").read_text())
    assert record["when"]["scheduler"] == address
    both = CliRunner().invoke(cli, ["replay", records, "--grouped", "--scheduler", address])
    assert both.exit_code == 2


def test_a_worker_that_is_killed_costs_no_detention(records: str) -> None:
    """The scheduler gives its parts to another worker, or we judge them ourselves."""
    here = judged(records)
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster.scheduler_address, set_as_default=False) as client,
    ):
        [first, _] = client.run(os.getpid).values()
        killed: list[int] = []

        def kill(phase: str, done: int, total: int) -> None:
            """Kill a worker once the first part is judged."""
            if phase == "judging" and not killed:
                assert 0 < done < total
                killed.append(first)
                os.kill(first, signal.SIGKILL)

        assert judged(records, scheduler=cluster.scheduler_address, progress=kill) == here
        assert killed == [first]


def test_a_scheduler_without_workers_or_none_at_all_is_told(records: str, tmp_path: Path) -> None:
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as cluster:
        with pytest.raises(RecordError, match="has no workers; start some"):
            judged(records, scheduler=cluster.scheduler_address)
        gone = cluster.scheduler_address
    with pytest.raises(RecordError, match="no scheduler answers at"):
        judged(records, scheduler=gone)
    with pytest.raises(RecordError, match="no scheduler answers at"):
        judged(records, scheduler="no address")
