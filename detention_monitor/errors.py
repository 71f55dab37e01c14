"""The errors that a person running the program can put right."""

from __future__ import annotations

from dataclasses import dataclass


class DetentionMonitorError(Exception):
    """Something the person running the program can put right; shown without a traceback."""


class RecordError(DetentionMonitorError):
    """A line, file or record that cannot be read; says where and what to do."""


class InputChangedError(RecordError):
    """A file that was read is no longer as it was: what was made of it would name other bytes."""


class EngineError(DetentionMonitorError):
    """The C engine failed, or cannot be loaded."""


class UnsupportedRecordError(DetentionMonitorError):
    """A record that we refuse to judge, by a name (`code`) that says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, order=True)
class Diagnostic:
    """One thing wrong with a rule file, the vocabulary or the parameters: place, fault, cure."""

    file: str
    line: int
    column: int
    code: str
    message: str
    severity: str = "error"

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message} [{self.code}]"


class RuleFileError(DetentionMonitorError):
    """Rule files that cannot be used; carries every diagnostic found, not only the first."""

    def __init__(self, diagnostics: list[Diagnostic]) -> None:
        super().__init__("\n".join(str(each) for each in sorted(diagnostics)))
        self.diagnostics = tuple(sorted(diagnostics))
