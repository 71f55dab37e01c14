"""Where the rules and the sample records shipped with the program lie.

In a wheel both are data folders inside the package. In a checkout, and in an editable install
of one, they are `rules/` and `sample_records/` beside it.
"""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def bundled_rules() -> Path:
    """Return the folder of rule files shipped with the program."""
    return _bundled("rules")


def bundled_samples() -> Path:
    """Return the folder of sample records shipped with the program."""
    return _bundled("sample_records")


def _bundled(name: str) -> Path:
    installed = PACKAGE / name
    return installed if installed.is_dir() else PACKAGE.parent / name
