"""The thin host over the C module of durable_rules: the only module that knows it.

What is guarded here, and why (the numbers are those of docs/engine-hazards.md): one live state a
rule set at a time (H2, H5); a first event that makes deleting the state safe (H3); ids counted
from 1, so that no false duplicate can occur (H4); any error poisons the state, which is deleted
(H6); no batch calls, host threads, timers or retractions (H8, H9, H12, H17); a cap on what one
fact may set off (H10).
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from itertools import count
from types import ModuleType
from typing import Any

import orjson

from detention_monitor.errors import EngineError

CANNOT_LOAD = (
    "durable_rules cannot be used here ({reason}). Compile it for this Python: "
    'CC="gcc -O2 -DPyEval_CallObject=PyObject_CallObject" python -m pip install '
    "--force-reinstall --no-cache-dir --no-binary durable_rules durable_rules==2.0.28"
)
_MOST_FIRINGS = 10_000
_DUPLICATE = 2
_FIRST_EVENT = '{"t":"__init","z":1,"id":"init","sid":"1"}'
_names = count(1)

Scalars = Mapping[str, int | str]


def load() -> ModuleType:
    """Return the C module; raise `EngineError` with the cure where it cannot be imported."""
    try:
        import durable_rules_engine
    except ImportError as error:
        raise EngineError(CANNOT_LOAD.format(reason=error)) from error
    return durable_rules_engine  # type: ignore[no-any-return]


class Ruleset:
    """One compiled rule set of the C engine, fed with one detention at a time."""

    def __init__(self, definition: Mapping[str, Any]) -> None:
        """Compile; raise `EngineError` if the engine does not take the definition."""
        self._c = load()
        whole = {"__init": {"all": [{"m": {"t": "__init"}}]}, **definition}
        name = f"rules{next(_names)}"
        try:
            self._handle = self._c.create_ruleset(name, orjson.dumps(whole).decode())
        except self._c.error as error:
            message = f"durable_rules does not accept these rules: {error}"
            raise EngineError(message) from error
        # The module keeps a rule set for ever unless it is told; at exit the process takes it along.
        weakref.finalize(self, self._c.delete_ruleset, self._handle).atexit = False
        self._next = 1
        self._live = False
        self.fed = self.fired = 0
        """How many facts were asserted, and how many rules fired, since it was compiled."""

    def begin(self) -> None:
        """Start on a new detention; whatever is left of the last one is forgotten."""
        if self._live:
            self.end()
        try:
            _, offset = self._c.assert_event(self._handle, _FIRST_EVENT)
            self._c.start_action_for_state(self._handle, offset)
            self._c.complete_and_start_action(self._handle, offset)
        except self._c.error as error:
            message = f"durable_rules could not begin on a detention: {error}"
            raise EngineError(message) from error
        self._next = 1
        self._live = True

    def feed(self, fact: Scalars) -> list[tuple[str, dict[str, dict[str, Any]]]]:
        """Assert one fact; return what fired, as rule name and the facts bound to its aliases.

        Only whole numbers and short words may be in `fact`. Raises `EngineError` on any failure
        of the engine: the state is then gone and the detention must be begun again.
        """
        whole = {**fact, "z": 1, "sid": "1", "id": str(self._next)}
        self._next += 1
        self.fed += 1
        try:
            code, offset = self._c.assert_fact(self._handle, orjson.dumps(whole).decode())
            if code == _DUPLICATE:
                message = "durable_rules took a new fact for a duplicate"
                raise EngineError(message)
            fired = self._drain(offset) if offset else []
        except (self._c.error, MemoryError) as error:
            self.end()
            message = f"durable_rules failed: {error!r}"
            raise EngineError(message) from error
        self.fired += len(fired)
        return fired

    def _drain(self, offset: int) -> list[tuple[str, dict[str, dict[str, Any]]]]:
        fired: list[tuple[str, dict[str, dict[str, Any]]]] = []
        result = self._c.start_action_for_state(self._handle, offset)
        match = result[1] if result else None
        while match:
            fired.extend(orjson.loads(match).items())
            if len(fired) > _MOST_FIRINGS:
                message = f"one fact set off more than {_MOST_FIRINGS} rules"
                raise EngineError(message)
            match = self._c.complete_and_start_action(self._handle, offset)
        return fired

    def end(self) -> None:
        """Forget the detention."""
        if self._live:
            self._c.delete_state(self._handle, "1")
            self._live = False
