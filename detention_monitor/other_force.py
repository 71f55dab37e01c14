"""Records of another force than that whose policy they are judged by.

They are judged: the law is the same for every child, and a child left out would be watched by nobody.
But the steps of the policy are not that force's own, and each such detention says so, once.
"""

from __future__ import annotations

from collections.abc import Iterator

from detention_monitor.corrections import Problem
from detention_monitor.detention import Detention, View
from detention_monitor.parameters import Parameters

CODE = "ANOTHER_FORCE"


def by_whom(parameters: Parameters, others: int) -> str:
    """Return by whose numbers records were judged, and of how many they are not their own.

    >>> by_whom(Parameters(policy="own.yaml", forces=("44",)), 2)
    'force 44 (own.yaml); 2 records are of another force, and steps of policy are not their own'
    """
    if not others:
        return parameters.whose
    records = "1 record is" if others == 1 else f"{others:,} records are"
    own = "its own" if others == 1 else "their own"
    return f"{parameters.whose}; {records} of another force, and steps of policy are not {own}"


def told(detention: Detention, view: View, parameters: Parameters) -> Iterator[Problem]:
    """Yield the problem that some entries in view are of a force that the policy does not name.

    A policy that names no force, and an entry that names none, say nothing.
    """
    if not parameters.forces:
        return
    others = [
        entry
        for entry in detention.entries
        if entry.force is not None
        and entry.force not in parameters.forces
        and entry.id in view.record_of
    ]
    if not others:
        return
    first = min(others, key=lambda entry: (entry.at, entry.id))
    names = " and ".join(sorted({str(entry.force) for entry in others}))
    message = (
        f"is of force {names}, and the numbers are those of {parameters.whose}: steps of policy are not "
        "its own, and whether it kept its own cannot be told; what is law is judged as for every child"
    )
    yield Problem(CODE, first.id, first.at, message)
