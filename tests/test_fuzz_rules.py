"""No rule file of any content hangs or crashes the program: each is sound, or told with its place.

Shipped files are taken apart and put together wrongly; texts are made that hurt readers of YAML.
Each lot is read in a process of its own, killed after a bound far above what it needs. What was
found this way stands in `hostile_rules/` (text) and `HOSTILE` (made), and stays.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from detention_monitor.authoring.reading import read_through
from detention_monitor.yamlfile import read_yaml
from tests.conftest import RULES

BOUND = 60.0
"""Seconds for a lot; it takes a few."""
NAMED = Path(__file__).parent / "hostile_rules"
WHERE = (
    "x.yaml",
    "parameters.yaml",
    "vocabulary.yaml",
    "catalogue.yaml",
    "wording.yaml",
    "policy.yaml",
)
READER = """
import pathlib, sys
from detention_monitor.authoring.reading import read_through
from detention_monitor.authoring.diagnostics import shown
for name in sys.stdin.read().split():
    folder = pathlib.Path(name)
    policy = folder / "policy" / "policy.yaml"
    print(name, flush=True)
    for each in read_through(folder, policy if policy.exists() else None):
        assert each.line >= 1 and each.column >= 1 and each.code and each.message, each
        assert len(str(each)) < 20_000, len(str(each))
        shown(each, folder)
    print("read", flush=True)
"""


def read_in_time(folders: list[Path]) -> None:
    """Read folders of rules in another process; fail with the one at which it hung or crashed."""
    try:
        ran = subprocess.run(
            [sys.executable, "-c", READER], input="\n".join(map(str, folders)), text=True,
            capture_output=True, timeout=BOUND, check=False,
        )  # fmt: skip
        out, error = ran.stdout, ran.stderr[-3_000:] if ran.returncode else ""
        fine = ran.returncode == 0
    except subprocess.TimeoutExpired as late:
        out = (late.stdout or b"").decode()
        error, fine = f"not read within {BOUND} seconds", False
    begun = [line for line in out.splitlines() if line != "read"]
    assert fine, f"{begun[-1:]}: {error}"
    assert out.count("read\n") == len(folders)


def laid_out(folder: Path, name: str, text: str | bytes) -> Path:
    """Write a folder of sound rules in which one file is of the given content."""
    (folder / "policy").mkdir(parents=True)
    for each in ("vocabulary.yaml", "parameters.yaml"):
        shutil.copy(RULES / each, folder)
    shutil.copy(Path(__file__).parent / "bad_rules" / "_sound.yaml", folder / "x.yaml")
    place = folder / "policy" / name if name == "policy.yaml" else folder / name
    place.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    return folder


# --- made by hand ------------------------------------------------------------------------------

SOUND = (Path(__file__).parent / "bad_rules" / "_sound.yaml").read_text()


def _with(condition: str) -> str:
    return SOUND.replace("asleep is true", json.dumps(condition))


HOSTILE: dict[str, str | bytes] = {
    "deep brackets": "[" * 60_000,
    "deep braces": "{a: " * 50_000,
    "deep dashes": "- " * 100_000 + "x",
    "deep lines": "\n".join(" " * n + "a:" for n in range(1_400)),
    "alias bomb": "a: &a [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1 if n > 1 else ''}, *a{n - 1 if n > 1 else ''}]\n" for n in range(1, 30)),
    "alias of itself": "format: &a [*a]\n",
    "merge keys": "a: &a {x: 1}\nb: {<<: *a}\n",
    "many anchors": "".join(f"a{n}: &a{n} x\n" for n in range(3_000)),
    "many keys": "".join(f"a{n}: x\n" for n in range(20_000)),
    "many wrong rules": SOUND + "".join(f"  - id: X{n}\n    titel: x\n" for n in range(1_500)),
    "many unknown words": _with(" and ".join(f"aslepe{n} is true" for n in range(90))),
    "one long line": "theme: " + "x" * 900_000,
    "one long key": "x" * 900_000 + ": y",
    "many quotes": "'" * 500_001,
    "many colons": ":" * 500_000,
    "many tabs": "\t" * 500_000,
    "many comments": "#\n" * 400_000,
    "hundred megabytes": b"# " + b"x" * 100_000_000,
    "nul": "theme: a\x00b\n",
    "control": "theme: a\x1b[31mb\x07\n",
    "bidi": "theme: a\u202eb\u2066c\n",
    "combining": "theme: e" + "\u0301" * 100_000,
    "astral keys": "\U0001f600: \U0001f9d2\n",
    "byte order marks": "\ufeff\ufeffformat: x\n",
    "surrogates": "theme: \ud800\n",
    "line separators": "theme: a\u2028b\u2029c\u0085d\n",
    "utf-16": "format: x".encode("utf-16"),
    "many after a trick": "a: &x [" + "x, " * 30_000 + "]",
    "broken items far below": SOUND + "\n" * 120_000 + "  - a: b: c\n" * 290,
    "broken items of some length": SOUND + "".join(f"  - a: [{'x, ' * 90}\n" for _ in range(290)),
    "dashes short of many": ("- " * 499 + "x\n") * 240,
    "latin-1": b"theme: caf\xe9\n",
    "huge integer": f"rules: {'9' * 6_000}\n",
    "huge float": "rules: 1e999999999\n",
    "infinite": "rules: [.inf, .nan, 0x" + "f" * 6_000 + "]\n",
    "documents": "---\na: 1\n" * 10_000,
    "directive": "%YAML 9.9\n%TAG ! tag:x,\n---\na: 1\n",
    "python tag": 'theme: !!python/object/apply:os.system ["true"]\n',
    "complex key": "? [a, b]\n: c\n? {d: e}\n: f\n",
    "many or": _with(" or ".join(["asleep is true"] * 130)),
    "many alternatives": _with(" and ".join(f"(mode is in_person or asleep is true or age under {n})" for n in range(40))),
    "deep not": _with("not " * 450 + "asleep is true"),
    "deep parentheses": _with("(" * 900 + "asleep is true" + ")" * 900),
    "long condition": _with("asleep is true and " * 10_000),
    "no condition": _with("((((((((((((((((((((((((("),
    "quotes in condition": _with('mode is "' + '"' * 1_500),
    "in without end": _with("mode in (" + "in_person, " * 180),
    "huge number in condition": _with("age under " + "9" * 1_900),
    "duration of ages": SOUND.replace("never: {kind: review_held, where: asleep is true}",
        "arises_on: child_in_detention\n    must: {happen: aa_contacted, within: 1" + "0" * 30 + "h}"),
    "duration of digits and no unit": SOUND.replace("never: {kind: review_held, where: asleep is true}",
        "arises_on: child_in_detention\n    must: {happen: aa_contacted, within: '" + "9" * 200_000 + "x'}"),
    "day of many digits": SOUND.replace("2012-07-10", "9" * 200_000 + "-07-10"),
    "duration of many digits": SOUND.replace("never: {kind: review_held, where: asleep is true}",
        "arises_on: child_in_detention\n    must: {happen: aa_contacted, within: " + "9" * 5_000 + "h}"),
    "first day": SOUND.replace("from: 2012-07-10", "from: 0001-01-01"),
    "last day": SOUND.replace("from: 2012-07-10", "from: 9999-12-30, to: 9999-12-31"),
    "braces in message": SOUND.replace("{occurred}", "{" * 140 + "}" * 100),
    "test in another age": SOUND + "    tests: [{name: abcde, on: 9999-12-31, age: 999999999999, as_of: '+99999999999 10:00', timeline: ['+99999999 10:00 arrived', '99:99 arrived'], expect: ['X01-rule x']}]\n",
    "test before all ages": SOUND + "    tests: [{name: abcde, on: 0001-01-01, age: 15, timeline: ['00:00 arrived dob=0001-01-01'], expect: [{rule: X01-rule, due: '+9999999999 10:00'}]}]\n",
    "test of odd entries": SOUND + "    tests: [{name: abcde, timeline: [{}, {kind: [1]}, {kind: arrived, at: 5}, {id: {}, record: [], kind: arrived, at: x, attrs: [1]}], expect: [{}, {rule: [1]}, {rule: X01-rule, severity: [1], due: {}}]}]\n",
}  # fmt: skip


def test_texts_that_hurt_readers_are_told(tmp_path: Path) -> None:
    folders = [laid_out(tmp_path / name.replace(" ", "_"), "x.yaml", text) for name, text in HOSTILE.items()]  # fmt: skip
    read_in_time(folders)


PARAMETER = "  odd: {about: Odd, authority: policy, unit: %s, values: {%s: %s}}\n"
ODD_VALUES = [
    ("duration", "2012-07-10", "1" + "0" * 30 + "h"), ("duration", "2012-07-10", "9" * 5_000 + "h"),
    ("duration", "0001-01-01", "6h"), ("duration", "9999-12-31", "6h"), ("duration", "x", "6h"),
    ("count", "2012-07-10", "9" * 5_000), ("count", "2012-07-10", "-1"), ("count", "2012-07-10", "1.5"),
    ("time_of_day", "2012-07-10", '"24:00"'), ("time_of_day", "2012-07-10", '"²²:00"'),
    ("time_of_day", "2012-07-10", '"9999999999999999999999:00"'), ("yes_no", "2012-07-10", "2"),
    ("yes_no", "2012-07-10", "{a: b}"), ("duration", "2012-07-10", "[6h]"),
]  # fmt: skip


def test_numbers_that_are_none_are_told(tmp_path: Path) -> None:
    text = (RULES / "parameters.yaml").read_text()
    folders = []
    for place, (unit, day, value) in enumerate(ODD_VALUES):
        odd = PARAMETER % (unit, day, value)
        folders.append(laid_out(tmp_path / f"p{place}", "parameters.yaml", text + odd))
        policy = f"format: custody-policy/1\nparameters:\n  aa_amber: {{values: {{{day}: {value}}}}}\nsuites: {{A: [{{from: {day}}}]}}\n"
        folders.append(laid_out(tmp_path / f"q{place}", "policy.yaml", policy))
    read_in_time(folders)


@pytest.mark.parametrize("path", sorted(NAMED.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_was_found_stays_mended(path: Path, tmp_path: Path) -> None:
    """`SOMETHING.NAME.yaml` stands for NAME.yaml; each once hung, crashed or passed unseen."""
    name = path.name.split(".", 1)[1]
    place = laid_out(tmp_path / "a", "x.yaml" if name == "yaml" else name, path.read_bytes())
    read_in_time([place])
    assert read_through(place)


# --- shipped files, taken apart ----------------------------------------------------------------

FILES = {path.name: read_yaml(path).data for path in sorted(RULES.glob("*.yaml"))}
WORDS = ["", "x", "6h", "$aa_amber", "$", "review_held", "child_in_detention", "aa_here", "true", "0",
         "2012-07-10", "not", "asleep is true", "{due}", "{", "}", "\x00", "\u202e", "é" * 50, "a" * 5_000,
         "9" * 400, "~", "- a", ": ", "&a", "*a", "!!x y", "attr x", "by_lateness", "24:61", "²h"]  # fmt: skip
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(10**20, 10**40), st.floats(),
    st.sampled_from(WORDS), st.text(max_size=30),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def _paths(data: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    inside = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    for key, value in inside:
        yield from _paths(value, (*at, key))


def _changed(data: Any, path: tuple[Any, ...], how: str, new: Any, key: str) -> Any:
    """Return data in which what lies at a path is replaced, dropped, doubled, wrapped or renamed."""
    if path:
        copy = data.copy()
        step = path[0]
        if len(path) == 1 and how == "drop":
            copy.pop(step)
        elif len(path) == 1 and how == "double" and isinstance(copy, list):
            copy.insert(step, copy[step])
        elif len(path) == 1 and how == "rename" and isinstance(copy, dict):
            copy = {(key if each == step else each): value for each, value in copy.items()}
        else:
            copy[step] = _changed(data[step], path[1:], how, new, key)
        return copy
    return {"wrap": [data], "nest": {"a": data}}.get(how, new)


@st.composite
def broken_files(draw: st.DrawFn) -> tuple[str, str]:
    """Return the name under which a file is put, and its text, as JSON (which is YAML)."""
    shipped = draw(st.sampled_from(sorted(FILES)))
    data = FILES[shipped]
    if "rules" in data:  # a rule or two, so that places are hit that matter
        some = draw(st.lists(st.sampled_from(data["rules"]), min_size=1, max_size=2))
        data = {**data, "rules": some}
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(_paths(data))))
        how = draw(
            st.sampled_from(["replace", "replace", "drop", "double", "wrap", "nest", "rename"])
        )
        data = _changed(data, path, how, draw(values), draw(st.sampled_from(WORDS)))
    text = json.dumps(data, default=str, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))  # fmt: skip
    if draw(st.integers(0, 4)) == 0:
        place = draw(st.integers(0, max(0, len(text) - 1)))
        text = text[:place] + draw(st.sampled_from(WORDS)) + text[place + draw(st.integers(0, 3)) :]
    return shipped if shipped in WHERE else "x.yaml", text


EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "120"))
"""A night's run: FUZZ_EXAMPLES=20000 python -m pytest tests/test_fuzz_rules.py"""


def test_shipped_files_put_together_wrongly_are_told(tmp_path: Path) -> None:
    made: list[tuple[str, str]] = []

    @given(broken_files())
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        derandomize="FUZZ_EXAMPLES" not in os.environ, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def collect(broken: tuple[str, str]) -> None:
        made.append(broken)

    collect()
    lot = 40
    for start in range(0, len(made), lot):
        place = tmp_path / f"lot{start}"
        read_in_time([
            laid_out(place / f"f{number}", *broken)
            for number, broken in enumerate(made[start : start + lot])
        ])  # fmt: skip
