"""Synthetic records: deterministic, readable by our own reader, near the figures they quote."""

import json
from pathlib import Path
from statistics import mean, median

from detention_monitor.generate import generate
from detention_monitor.times import parse_instant
from detention_monitor.untidy import MESSY
from tests.test_replay import command


def test_the_same_seed_gives_the_same_bytes_and_a_longer_run_begins_alike(tmp_path: Path) -> None:
    for name, count in (("a", 40), ("b", 40), ("c", 60)):
        ran = command("generate", "--records", count, "--seed", 7, "--out", name, cwd=tmp_path)
        assert ran.returncode == 0, ran.stderr
    first = (tmp_path / "a").read_bytes()
    assert (tmp_path / "b").read_bytes() == first
    assert (tmp_path / "c").read_bytes().startswith(first)


def test_two_files_can_be_read_together(tmp_path: Path) -> None:
    for name, year in (("A", 2023), ("B", 2024)):
        made = command("generate", "--records", 5, "--name", name, "--year", year,
                       "--out", f"{name}.jsonl", cwd=tmp_path)  # fmt: skip
        assert made.returncode == 0, made.stderr
    ran = command("replay", "A.jsonl", "B.jsonl", "--format", "jsonl", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "10 detentions judged" in ran.stderr
    refused = command("generate", "--records", 1, "--name", "a b", "--out", "x", cwd=tmp_path)
    assert refused.returncode == 2
    assert "'a b': letters, digits" in refused.stderr


def test_every_synthetic_entry_is_taken(tmp_path: Path) -> None:
    command("generate", "--records", 150, "--messy", "--out", "m.jsonl.gz", cwd=tmp_path)
    ran = command("replay", "m.jsonl.gz", "--format", "jsonl", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert "sent twice" in ran.stderr
    rules = {json.loads(line)["rule"] for line in ran.stdout.splitlines()}
    assert {"B02-adult-present", "D01-first-review", "E03-move-to-la"} <= rules


def test_times_held_waited_and_outcomes_are_near_the_published_figures() -> None:
    by_record: dict[str, dict[str, int]] = {}
    for entry in generate(3_000, 3):
        at = parse_instant(entry["at"])[0]
        by_record.setdefault(entry["record"], {}).setdefault(entry["kind"], at)
    held = [
        (max(kinds.values()) - kinds["arrived"]) / 3_600
        for kinds in by_record.values()
        if "charged" not in kinds
    ]
    assert 10.5 < mean(held) < 12.5  # published: 11 h 36
    assert 9.5 < median(held) < 11.5
    charged = sum("charged" in kinds for kinds in by_record.values())
    assert 0.18 < charged / 3_000 < 0.24  # published: 21 %


def test_an_untidy_source_is_untidy() -> None:
    entries = list(generate(300, 5, mess=MESSY))
    assert entries[0] == {"source": {"name": "synthetic, untidy", "zone": "Europe/London"}}
    rest = entries[1:]
    assert any("amends" in entry for entry in rest)
    assert any(not entry["at"].endswith(("+00:00", "+01:00")) for entry in rest)
    assert len({entry["id"] for entry in rest}) < len(rest)
