"""The first board: children in custody, the most pressing duty of each, alerts, and why.

It proves the path from entry to screen and will be replaced. Text of records is put on the screen
as plain text, cleaned of control characters, never as markup.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.widgets import DataTable, Footer, Static

from detention_monitor.assess import Assessment
from detention_monitor.entries import CustodyEvent
from detention_monitor.findings import SEVERITIES, Finding
from detention_monitor.text import printable
from detention_monitor.times import clock_text, countdown, in_words, local_text
from detention_monitor.watching import Assessments, Pressing, Urgency, alerts

LOOK = 0.05
"""Seconds between two looks at what a monitor has written."""
COLUMNS = ("child", "age", "in since", "most pressing duty", "due", "left", "alerts")
WORDS: dict[Urgency, tuple[str, str]] = {
    "overdue": ("OVERDUE", "bold white on dark_red"),
    "not_yet_recorded": ("DUE, NOT YET RECORDED", "bold black on yellow"),
    "due_soon": ("DUE SOON", "bold yellow"),
    "open": ("", ""),
}
STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "info": "cyan"}


class Present:
    """The time as it is, for a board over a store: a monitor sees to the entries."""

    head, live = "", True
    end = 2**62

    @property
    def start(self) -> int:
        """Now."""
        return int(time.time())

    def later(self, _now: int, _seconds: int) -> int:
        """Return the instant to show next: now, however long ago the last one was."""
        return self.start

    def arrived_by(self, _now: int) -> list[CustodyEvent]:
        """Return nothing: what arrives is stored by the monitor."""
        return []


class Story:
    """Entries that arrive by the clock of a story, which may run faster than ours.

    An entry arrives when it was recorded, or happened where that is not known.
    """

    head, live = "DEMONSTRATION  ", False

    def __init__(self, entries: Sequence[CustodyEvent]) -> None:
        """Put the entries in order of arrival."""
        self._waiting = sorted(entries, key=_arrival)
        self.start = _arrival(self._waiting[0]) if self._waiting else 0
        self.end = _arrival(self._waiting[-1]) if self._waiting else 0

    def later(self, now: int, seconds: int) -> int:
        """Return the instant to show next."""
        return now + seconds

    def arrived_by(self, now: int) -> list[CustodyEvent]:
        """Return the entries that have arrived since the last call."""
        count = sum(_arrival(entry) <= now for entry in self._waiting)
        arrived, self._waiting = self._waiting[:count], self._waiting[count:]
        return arrived


def _arrival(entry: CustodyEvent) -> int:
    return entry.recorded_at if entry.recorded_at is not None else entry.at


class Board(App[None]):
    """Shows a store, or plays a story; `speed` is seconds of the story for each of ours."""

    TITLE = "Children in custody"
    CSS = """
    #head { height: 1; background: $panel; padding: 0 1; }
    #children { height: 1fr; }
    #why { height: 40%; border-top: solid $panel-lighten-2; padding: 0 1; }
    """
    BINDINGS: ClassVar = [
        Binding("space", "pause", "Pause/go on"),
        Binding("plus,equals_sign", "faster", "Faster", key_display="+"),
        Binding("minus", "slower", "Slower", key_display="-"),
        Binding("n", "next_hour", "An hour on"),
        Binding("q", "quit", "Quit"),
    ]

    def __init__(self, watch: Assessments, story: Story | Present, speed: int = 60) -> None:
        """Show assessments, by the clock of a story or by ours."""
        super().__init__()
        self.watched, self.story, self.speed = watch, story, speed
        self.now, self.running = story.start, True
        self.shown: list[Assessment] = []

    def compose(self) -> ComposeResult:
        """Lay out head, children, reasons and keys."""
        yield Static(id="head", markup=False)
        yield DataTable(id="children", cursor_type="row", zebra_stripes=True)
        with VerticalScroll(id="why"):
            yield Static(id="reasons", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """Start the clock: one step a second."""
        table = self.query_one(DataTable)
        for name in COLUMNS:
            table.add_column(name, key=name)
        self.advance(0)
        table.focus()
        self.set_interval(1, self.tick)
        if self.story.live:
            self.set_interval(LOOK, self.look)

    def look(self) -> None:
        """Show at once what the monitor has written."""
        if self.watched.is_behind():
            self.advance(0)

    def tick(self) -> None:
        """Let a second pass."""
        if self.running and self.now < self.story.end:
            self.advance(self.speed)

    def advance(self, seconds: int) -> None:
        """Move the story on and show what has changed."""
        self.now = self.story.later(self.now, seconds)
        self.watched.advance(self.story.arrived_by(self.now), self.now)
        self.shown = self.watched.in_custody()
        self._show_head()
        self._show_children()
        self._show_reasons()

    def _show_head(self) -> None:
        pace = f"x{self.speed}" if self.running else "PAUSED"
        pace = "" if self.story.live else pace
        if self.now >= self.story.end:
            pace = "END OF THE STORY"
        inside = f"{len(self.shown)} in custody"
        left = sum(not each.unclosed for each in self.watched.assessments())
        young = sum(each.refused == "under_10" for each in self.watched.assessments())
        text = f"{local_text(self.now, seconds=True)}  {inside}, {left} left  {pace}"
        if warning := self.watched.warning(self.now):
            text += f"  !! {printable(warning, 200)}"
        if young:
            text += f"  !! {young} recorded as under 10: check at once"
        self.query_one("#head", Static).update(Text(self.story.head + text))

    def _show_children(self) -> None:
        table = self.query_one(DataTable)
        selected = self._selected()
        row, top = table.cursor_row, table.scroll_offset.y
        table.clear()
        for each in self.shown:
            table.add_row(*self._row(each), key=each.detention)
        names = [each.detention for each in self.shown]
        if selected in names:  # the selection stays with the child, wherever it moved
            row = names.index(selected)
        table.move_cursor(row=min(row, max(0, len(names) - 1)), scroll=False)
        table.scroll_to(y=top, animate=False)

    def _selected(self) -> str | None:
        table = self.query_one(DataTable)
        if not table.row_count or not table.is_valid_row_index(table.cursor_row):
            return None
        return table.coordinate_to_cell_key((table.cursor_row, 0)).row_key.value  # type: ignore[arg-type]

    def _row(self, child: Assessment) -> list[Text]:
        waiting = self.watched.pressing(child, self.now)
        dated = [each for each in waiting if each.is_dated]
        since = clock_text(child.authorised_at) if child.authorised_at else "-"
        cells = [
            Text(printable(", ".join(child.records), 24)),
            Text(str(child.age) if child.age is not None else "?", justify="right"),
            Text(since),
        ]
        if not dated:
            cells += [Text("nothing due", style="dim"), Text(""), Text("")]
        else:
            cells += self._duty_cells(dated[0])
        return [*cells, _counts(alerts(child))]

    def _duty_cells(self, nearest: Pressing) -> list[Text]:
        word, style = WORDS[nearest.urgency]
        finding = nearest.finding
        named = Text(f"{finding.duty or finding.rule} {finding.title}")
        if word:
            named.append("  ")
            named.append(f" {word} ", style=style)
        if nearest.is_paused:
            named.append("  ")
            named.append(" PAUSED ", style="bold black on cyan")
            left = f"{in_words(60 * (finding.minutes_left or 0))} when back"
            alert = (
                "paused" if finding.early_at is None else f"alert {clock_text(finding.early_at)}"
            )
            return [named, Text(alert), Text(left, justify="right")]
        left = countdown(nearest.due_at - self.now)
        return [named, Text(clock_text(nearest.due_at)), Text(left, justify="right")]

    def on_data_table_row_highlighted(self) -> None:
        """Show the reasons of the child under the cursor."""
        self._show_reasons()

    def _show_reasons(self) -> None:
        selected = self._selected()
        child = next((each for each in self.shown if each.detention == selected), None)
        text = Text()
        if child is None:
            text.append("No child in custody at this moment.", style="dim")
        else:
            found = alerts(child)
            waiting = [
                each
                for each in self.watched.pressing(child, self.now)
                if each.urgency != "open" or each.is_paused
            ]
            soon = [each.finding for each in waiting if each.urgency in ("due_soon", "open")]
            for finding in (*found, *soon):
                _explain(text, finding)
            if not text:
                text.append(f"{printable(child.detention)}: nothing overdue.", style="dim")
        self.query_one("#reasons", Static).update(text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:  # noqa: ARG002
        """Offer the keys of a story only where there is one: no key stops the present."""
        return not (self.story.live and action in ("pause", "faster", "slower", "next_hour"))

    def action_pause(self) -> None:
        """Stop the clock of the story, or let it go on."""
        self.running = not self.running
        self._show_head()

    def action_faster(self) -> None:
        """Double the speed, to an hour a second at most."""
        self.speed = min(3_600, self.speed * 2)
        self._show_head()

    def action_slower(self) -> None:
        """Halve the speed, to real time at least."""
        self.speed = max(1, self.speed // 2)
        self._show_head()

    def action_next_hour(self) -> None:
        """Move the story on by an hour."""
        self.advance(min(3_600, max(0, self.story.end - self.now)))


def _counts(found: Sequence[Finding]) -> Text:
    """Return how many alerts of each severity: `2 critical 1 high`."""
    text = Text()
    for severity in reversed(SEVERITIES):
        count = sum(each.severity == severity for each in found)
        if count:
            text.append(f"{count} {severity} ", style=STYLES[severity])
    return text or Text("none", style="dim")


def _explain(text: Text, finding: Finding) -> None:
    """Append who, what, by when, by what law, and what would clear it."""
    status = finding.status.replace("_", " ")
    sure = "possible " if finding.certainty == "possible" else ""
    text.append(f"{finding.severity.upper():<9}", style=STYLES[finding.severity])
    text.append(f"{finding.duty or '-':<4} {finding.title}: {sure}{status}\n", style="bold")
    text.append(f"         {printable(finding.message)}\n")
    law = "; ".join(finding.sources)
    basis = "a target, not law" if finding.authority in ("policy", "quality") else law
    clears = f"  Clears: {finding.clears_on}" if finding.clears_on else ""
    text.append(f"         {finding.authority}: {basis}{clears}\n", style="dim")
