"""`rules format`: one way to write a rule file, comments kept, the same text when done twice.

ruamel.yaml reads and writes the file whole; we decide indentation, and check that the data is the
same before anything is written.
"""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.emitter import Emitter

from detention_monitor.yamlfile import parse_yaml, read_yaml


class FormatError(ValueError):
    """Formatting would have changed what a file says; nothing was written."""


def formatted(text: str, name: str) -> str:
    """Return YAML text in our form; raise `RuleFileError` where it cannot be read.

    Lists are indented under their key, lines are never broken or joined, quotes stay.
    """
    before = parse_yaml(text, name).data
    yaml = YAML()
    yaml.Emitter = _Emitter
    yaml.preserve_quotes = True
    yaml.width = 1_000_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(type(None), _null)
    out = io.StringIO()
    yaml.dump(yaml.load(text), out)
    written = "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
    if parse_yaml(written, name).data != before:
        message = f"{name}: formatting would change what the file says; it was left as it is"
        raise FormatError(message)
    return written


class _Emitter(Emitter):
    """Writes `[{kind: released}, bailed]` with its braces: `[kind: released, bailed]` is hard to read."""

    def expect_flow_mapping(
        self,
        single: bool | None = False,  # noqa: ARG002 - as the base class has it
        force_flow_indent: bool | None = False,
    ) -> None:
        super().expect_flow_mapping(single=False, force_flow_indent=force_flow_indent)


def _null(representer: Any, _value: None) -> Any:
    return representer.represent_scalar("tag:yaml.org,2002:null", "null")


def format_file(path: Path, *, write: bool) -> bool:
    """Return whether a file is not in our form; with `write`, put it into that form.

    The file is replaced whole: someone reading it sees the old text or the new.
    """
    read_yaml(path)  # refuses what is too large or not UTF-8
    text = path.read_text(encoding="utf-8-sig")
    new = formatted(text, path.name)
    if new == text:
        return False
    if write:
        mode = path.stat().st_mode & 0o777
        handle, spare = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(new)
        Path(spare).chmod(mode)
        Path(spare).replace(path)
    return True
