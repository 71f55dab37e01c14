"""The catalogue of duties: every id, its title, and what a person must look at instead of entries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from detention_monitor.errors import Diagnostic, RuleFileError
from detention_monitor.paths import bundled_rules
from detention_monitor.rulefile import CATALOGUE, RuleSet, load_rules
from detention_monitor.rulemodel import CatalogueId
from detention_monitor.wellformed import validated
from detention_monitor.yamlfile import YamlFile, read_yaml, suggestion

Section = Annotated[str, Field(pattern=r"^([A-F]|GP)$")]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Duty(_Closed):
    """One duty of the catalogue; `person` says what entries cannot decide."""

    title: str = Field(min_length=3, max_length=90)
    person: str = Field(default="", max_length=240)


class Catalogue(_Closed):
    """`rules/catalogue.yaml`: sections and duties in the order in which they are shown."""

    format: Literal["custody-catalogue/1"]
    sections: dict[Section, str]
    duties: dict[CatalogueId, Duty]

    def of_section(self, section: str) -> list[str]:
        """Return the ids of a section, in order."""
        return [name for name in self.duties if section_of(name) == section]


def section_of(duty: str) -> str:
    """Return the section of a catalogue id.

    >>> section_of("GP01"), section_of("A25")
    ('GP', 'A')
    """
    return duty.rstrip("0123456789")


def load_catalogue(folder: Path) -> Catalogue:
    """Read the catalogue of a rules folder, or the one shipped for a folder without its own.

    Raises `RuleFileError` with every fault and its place.
    """
    return _read(folder if (folder / CATALOGUE).exists() else bundled_rules())[1]


def load_with_catalogue(folder: Path, policy: Path | None = None) -> RuleSet:
    """Read the rules as `load_rules` does; raise `RuleFileError` where the catalogue misfits too."""
    ruleset = load_rules(folder, policy)
    misfits = check_catalogue(folder, ruleset)
    if misfits:
        raise RuleFileError(misfits)
    return ruleset


def check_catalogue(folder: Path, ruleset: RuleSet) -> list[Diagnostic]:
    """Return where rules and catalogue of a folder do not fit; nothing for a folder without one.

    An id written twice, or a key that does not exist, is refused when the file is read.
    """
    if not (folder / CATALOGUE).exists():
        return []
    file, catalogue = _read(folder)
    return sorted([*_undecided(file, catalogue, ruleset), *_unlisted(catalogue, ruleset)])


def _read(folder: Path) -> tuple[YamlFile, Catalogue]:
    file = read_yaml(folder / CATALOGUE)
    return file, validated(file, Catalogue)


def _undecided(file: YamlFile, catalogue: Catalogue, ruleset: RuleSet) -> Iterator[Diagnostic]:
    ruled = {rule.duty for rule in ruleset.rules}
    for name, duty in catalogue.duties.items():
        line, column = file.key_place(("duties", name))
        if name not in ruled and not duty.person:
            message = (
                f"{name} has neither a rule nor a 'person' line; "
                "say what a person must look at, or write the rule"
            )
            yield Diagnostic(file.name, line, column, "duty-undecided", message)
        if section_of(name) not in catalogue.sections:
            message = f"no section is called '{section_of(name)}'; name it under 'sections'"
            yield Diagnostic(file.name, line, column, "unknown-section", message)


def _unlisted(catalogue: Catalogue, ruleset: RuleSet) -> Iterator[Diagnostic]:
    for loaded in ruleset.files:
        for number, rule in enumerate(loaded.model.rules):
            if rule.duty is not None and rule.duty not in catalogue.duties:
                hint = suggestion(rule.duty, list(catalogue.duties))
                message = f"the catalogue has no duty '{rule.duty}'{hint} (rule {rule.id})"
                location = ("rules", number, "duty")
                yield loaded.yaml.diagnostic(location, "unknown-duty", message)
