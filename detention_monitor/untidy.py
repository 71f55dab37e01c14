"""How untidy synthetic records are: late, amended, sent twice, without a rank or an offset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from detention_monitor.times import HOUR, MINUTE, local_naive, rfc3339


@dataclass(frozen=True, slots=True)
class Mess:
    """How untidy records are; all invented. The default is a tidy source."""

    late_entry: float = 0.0
    amended: float = 0.0
    sent_twice: float = 0.0
    rank_blank: float = 0.0
    no_offset: float = 0.0


MESSY = Mess(late_entry=0.05, amended=0.02, sent_twice=0.01, rank_blank=0.05, no_offset=0.2)


def untidy(entries: list[dict[str, Any]], mess: Mess, random: Random) -> Iterator[dict[str, Any]]:
    """Yield entries with their times as text, and as untidy as asked for."""
    for entry in entries:
        draws = [random.random() for _ in range(5)]
        at, recorded = entry["at"], entry["recorded_at"]
        if draws[0] < mess.late_entry:
            recorded += random.randint(1, 8) * HOUR
        naive = draws[1] < mess.no_offset
        out = {
            **entry,
            "at": local_naive(at) if naive else rfc3339(at),
            "recorded_at": rfc3339(recorded),
        }
        if draws[2] < mess.rank_blank and "by" in out:
            out["by"] = {key: value for key, value in out["by"].items() if key != "rank"}
        yield out
        if draws[3] < mess.sent_twice:
            yield out
        if draws[4] < mess.amended:
            later = rfc3339(recorded + random.randint(5, 300) * MINUTE)
            amended = {"id": f"{entry['id']}a", "amends": entry["id"], "recorded_at": later}
            yield {**out, **amended}
