"""Records in other forms: event logs that others read, entries that come back the same."""

from __future__ import annotations

import json
import stat
import xml.etree.ElementTree as ET
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from jsonschema import Draft7Validator, FormatChecker

from detention_monitor.cli import cli
from detention_monitor.generate import generate
from detention_monitor.untidy import MESSY
from tests.conftest import ROOT, SAMPLES

XES = "{http://www.xes-standard.org/}"
DAY = SAMPLES / "busy_day.jsonl"
WRITTEN = "Jordan Example"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [*map(str, arguments)])


@pytest.fixture(scope="module")
def xes(tmp_path_factory: pytest.TempPathFactory) -> ET.Element:
    out = tmp_path_factory.mktemp("xes") / "day.xes"
    ran = run("export", DAY, "--to", "xes", "--out", out)
    assert ran.exit_code == 0, ran.stderr
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    return ET.parse(out).getroot()  # noqa: S314 - our own output


def value(element: ET.Element, key: str) -> str:
    return next(each.attrib["value"] for each in element if each.attrib.get("key") == key)


def test_xes_has_the_structure_of_the_standard(xes: ET.Element) -> None:
    """IEEE 1849-2016: extensions, globals, classifiers, attributes, traces, in this order.

    The published schema (XSD) says nothing of its licence, so no copy is kept here. Logs of the busy day, of
    400 and of 300 messy synthetic detentions (plain, with pseudonyms, with text), one of hostile text and
    an empty one were valid by it, read with lxml and with xmlschema.
    """
    order = ["extension", "global", "classifier", "string", "trace"]
    names = [each.tag.removeprefix(XES) for each in xes]
    assert names == sorted(names, key=order.index)
    assert xes.attrib["xes.version"] == "2.0"
    prefixes = {each.attrib["prefix"] for each in xes.iter(f"{XES}extension")}
    declared = {
        each.attrib["key"]: each.tag
        for scope in xes.iter(f"{XES}global") if scope.attrib["scope"] == "event"
        for each in scope
    }  # fmt: skip
    for event in xes.iter(f"{XES}event"):
        keys = [each.attrib["key"] for each in event]
        assert len(keys) == len(set(keys)), keys
        assert declared.keys() <= set(keys)
        for each in event:
            prefix, colon, _ = each.attrib["key"].partition(":")
            assert not colon or prefix in prefixes
            match each.tag.removeprefix(XES):
                case "date":
                    assert datetime.fromisoformat(each.attrib["value"]).tzinfo is not None
                case "boolean":
                    assert each.attrib["value"] in ("true", "false")
                case "int":
                    int(each.attrib["value"])
                case other:
                    assert other == "string"


def test_every_detention_is_a_trace_in_order_of_time(xes: ET.Element) -> None:
    lines = [json.loads(line) for line in DAY.read_text().splitlines()]
    entries = [each for each in lines if "kind" in each]
    traces = [*xes.iter(f"{XES}trace")]
    assert len(traces) == len({each["record"] for each in entries})
    assert not any(each.get("amends") or each.get("withdraws") for each in entries)
    assert len([*xes.iter(f"{XES}event")]) == len(entries)
    for trace in traces:
        times = [
            datetime.fromisoformat(value(event, "time:timestamp"))
            for event in trace.iter(f"{XES}event")
        ]
        assert all(before <= after for before, after in pairwise(times))


def test_what_was_amended_is_exported_as_corrected(tmp_path: Path) -> None:
    entries: list[dict[str, Any]] = [
        {"id": "e1", "record": "R1", "kind": "arrived", "at": "2024-06-10T13:00:00Z"},
        {"id": "e2", "record": "R1", "kind": "review_held", "at": "2024-06-10T19:00:00Z",
         "attrs": {"mode": "telephone", "grounds": WRITTEN}},
        {"id": "e3", "record": "R1", "kind": "checked", "at": "2024-06-10T19:10:00Z"},
        {"id": "e4", "record": "R1", "kind": "review_held", "at": "2024-06-10T18:30:00Z",
         "amends": "e2", "attrs": {"mode": "in_person"}, "by": {"id": "INSP 9"}},
        {"id": "e5", "record": "R1", "kind": "checked", "at": "2024-06-10T19:10:00Z", "withdraws": "e3"},
    ]  # fmt: skip
    records = tmp_path / "records.jsonl"
    records.write_text("\n".join(map(json.dumps, entries)))
    out = tmp_path / "log.xes"
    assert run("export", records, "--to", "xes", "--out", out).exit_code == 0
    events = [*ET.parse(out).getroot().iter(f"{XES}event")]  # noqa: S314 - our own output

    assert [value(event, "concept:name") for event in events] == ["arrived", "review_held"]
    assert value(events[1], "mode") == "in_person"
    assert value(events[1], "time:timestamp") == "2024-06-10T19:30:00+01:00"
    assert value(events[1], "org:resource") == "INSP 9"
    assert WRITTEN not in out.read_text()  # free text is left out
    assert run("export", records, "--to", "xes", "--out", out, "--with-text").exit_code == 0
    assert WRITTEN in out.read_text()


@pytest.mark.parametrize("text", ["<b>&\"']]>", "a\ufffe\uffffb", "a\x0b\x1b[2J", "\U0001f9d2 £ é"])
def test_text_of_records_never_breaks_a_log(text: str, tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    entry = {"id": "e1", "record": "R1", "kind": "arrived", "at": "2024-06-10T13:00:00Z"}
    said = {"id": "e2", "record": "R1", "kind": "charged", "at": "2024-06-10T14:00:00Z",
            "attrs": {"offence": text}}  # fmt: skip
    records.write_text(f"{json.dumps(entry)}\n{json.dumps(said)}\n")
    xes_path, ocel = tmp_path / "log.xes", tmp_path / "log.json"
    assert run("export", records, "--to", "xes", "--out", xes_path, "--with-text").exit_code == 0
    event = [*ET.parse(xes_path).getroot().iter(f"{XES}event")][1]  # noqa: S314 - our own output
    kept = value(event, "offence")
    assert len(kept) == len(text)
    assert kept == text or "\ufffd" in kept
    assert run("export", records, "--to", "ocel", "--out", ocel, "--with-text").exit_code == 0
    [told] = json.loads(ocel.read_text())["events"][1]["attributes"]
    assert told == {"name": "offence", "value": text}


def test_ocel_is_valid_by_the_published_schema_and_names_only_what_is_there(tmp_path: Path) -> None:
    out = tmp_path / "day.json"
    assert run("export", DAY, "--to", "ocel", "--out", out).exit_code == 0
    log = json.loads(out.read_text())
    schema = json.loads((ROOT / "tests" / "data" / "ocel20.schema.json").read_text())
    Draft7Validator.check_schema(schema)
    checker = Draft7Validator(schema, format_checker=FormatChecker())
    assert [each.message for each in checker.iter_errors(log)] == []

    objects = {each["id"]: each["type"] for each in log["objects"]}
    assert len(objects) == len(log["objects"])
    assert len({each["id"] for each in log["events"]}) == len(log["events"])
    events = {each["name"]: {a["name"] for a in each["attributes"]} for each in log["eventTypes"]}
    for event in log["events"]:
        assert {each["name"] for each in event["attributes"]} <= events[event["type"]]
        assert {each["objectId"] for each in event["relationships"]} <= objects.keys()
    assert {*objects.values()} <= {each["name"] for each in log["objectTypes"]}
    types = {a["type"] for each in log["eventTypes"] for a in each["attributes"]}
    assert types <= {"string", "time", "integer", "float", "boolean"}


@pytest.mark.parametrize("form", ["xes", "ocel"])
def test_pseudonyms_leave_no_id_and_no_date_of_birth(form: str, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("0123456789abcdef0123456789abcdef\n")
    lines = [json.loads(line) for line in DAY.read_text().splitlines()]
    known = {str(each[name]) for each in lines if "kind" in each for name in ("record",)}
    born = {each["attrs"]["dob"] for each in lines if each.get("attrs", {}).get("dob")}
    assert known
    assert born
    texts = []
    for number in (1, 2):
        out = tmp_path / f"log{number}"
        assert run("export", DAY, "--to", form, "--out", out, "--pseudonyms", key).exit_code == 0
        texts.append(out.read_text())
    assert texts[0] == texts[1]
    assert not any(name in texts[0] for name in known | born)

    key.write_text("short")
    ran = run("export", DAY, "--to", form, "--out", tmp_path / "x", "--pseudonyms", key)
    assert "a key needs at least 16 bytes" in str(ran.exception)


@pytest.mark.parametrize("form", ["xes", "ocel"])
def test_stations_can_be_compared_without_free_text(form: str, tmp_path: Path) -> None:
    """Their name is text in a record, and was left out with the free text."""
    lines = [json.loads(line) for line in DAY.read_text().splitlines()]
    stations = {each["attrs"]["station"] for each in lines if each.get("attrs", {}).get("station")}
    assert stations
    key = tmp_path / "key"
    key.write_text("0123456789abcdef0123456789abcdef\n")
    plain, hidden = tmp_path / "plain", tmp_path / "hidden"
    assert run("export", DAY, "--to", form, "--out", plain).exit_code == 0
    assert run("export", DAY, "--to", form, "--out", hidden, "--pseudonyms", key).exit_code == 0

    found = []
    for out in (plain, hidden):
        if form == "ocel":
            objects = json.loads(out.read_text())["objects"]
            found.append({each["id"].removeprefix("station:") for each in objects
                          if each["type"] == "station"})  # fmt: skip
        else:
            traces = ET.parse(out).getroot().iter(f"{XES}trace")  # noqa: S314 - our own output
            found.append({value(each, "station") for each in traces})
    assert found[0] == stations
    assert len(found[1]) == len(stations)
    assert not any(name in hidden.read_text() for name in stations)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_entries_come_back_the_same(form: str, tmp_path: Path) -> None:
    """Late, amended, sent twice, without offset: what is found is the same, byte for byte."""
    records = tmp_path / "records.jsonl"
    mess = list(generate(60, 3, mess=MESSY))
    records.write_text("\n".join(map(json.dumps, mess)) + "\n")
    out = tmp_path / f"other.{form}"
    assert run("export", records, "--to", form, "--out", out).exit_code == 0
    by_map = ["--map", tmp_path / "other.map.yaml"] if form == "csv" else []
    found = []
    for number, source in enumerate((records, out)):
        result = tmp_path / f"found{number}"
        ran = run("replay", source, "--format", "jsonl", "--out", result,
                  *(by_map if number else ()))  # fmt: skip
        assert ran.exit_code in (0, 3), ran.stderr
        found.append(result.read_bytes())
    assert found[0] == found[1]
    assert len(found[0]) > 100_000


def test_sources_that_declare_different_things_are_not_mixed(tmp_path: Path) -> None:
    entry = {"id": "e1", "record": "R1", "kind": "arrived", "at": "2024-06-10T13:00:00Z"}
    for name, said in (("a", {"zone": "Europe/London"}), ("b", {"not_carried": ["aa_left"]})):
        lines = [{"source": said}, {**entry, "record": name}]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    ran = run("export", tmp_path, "--to", "jsonl", "--out", tmp_path / "out.json")
    assert "one file can declare one source only" in str(ran.exception)
    assert not (tmp_path / "out.json").exists()
