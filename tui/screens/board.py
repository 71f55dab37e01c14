"""The board: the list of children, the alerts, and the detail of the child that is chosen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Footer

from detention_monitor.boards import feed, head, released, rows
from detention_monitor.boards.clock import Time
from detention_monitor.boards.desk import AlertLine, Desk, Row
from detention_monitor.boards.detail import fitted
from detention_monitor.boards.lines import Glyphs, Line, Piece, line, piece
from detention_monitor.boards.load import Bell, load_of
from detention_monitor.boards.picture import overview
from detention_monitor.boards.reasons import why
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.findings import Finding
from detention_monitor.live.limits import Limits
from tui.keys import BOARD
from tui.screens.timed import Timed
from tui.styles import Look
from tui.widgets.rows import Rows
from tui.widgets.text import Lines

QUIET = 5.0
"""Seconds after a move of the cursor in which the list keeps its order."""
ON = 0.03
"""Seconds for which a board that is still judging answers keys before it judges on."""
PATIENCE = 0.15
"""Seconds that a child must stay chosen before its reasons are worked out again from a store."""


class BoardScreen(Timed):
    """See the module. The same screen shows the present, the demonstration and replay."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-narrow"),
        (110, "-medium"),
        (170, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [*BOARD]
    AUTO_FOCUS = "#list"

    def __init__(self, desk: Desk, clock: Time, look: Look, glyphs: Glyphs) -> None:
        """Show a desk by a clock."""
        super().__init__()
        self.desk, self.clock, self.look, self.glyphs = desk, clock, look, glyphs
        self.suite, self.find, self.faults, self.after = "", "", False, False
        self.now = clock.now()
        self.every: list[Row] = []
        self._young: list[str] = []
        self.by_name: dict[str, Row] = {}
        self.alerts: dict[str, AlertLine] = {}
        self.times: dict[str, int] = {}
        self._is_laid_out = False
        self.wall = time.monotonic
        self._moved = -QUIET
        self._turn = 0
        self._why: tuple[object, list[Line]] = ((), [])
        self._waits: Timer | None = None
        self._goes_on: Timer | None = None
        self.warning = ""
        """Why what is shown may be out of date, if it may."""
        self._second: tuple[object, Line] | None = None
        self._painted: object = None
        self._bell = Bell()

    def compose(self) -> ComposeResult:
        """Lay out head, list, alerts, detail and keys."""
        look = self.look
        yield Lines(look, id="head", scrolls=False)
        yield Lines(look, id="transport", scrolls=False)
        with Horizontal(id="body"):
            with Vertical(id="left"):
                yield Lines(look, id="heads", scrolls=False)
                yield Rows(look, self._draw_row, self._row_stamp,
                           "No child in custody at this moment.", id="list")  # fmt: skip
                yield Lines(look, id="brief", scrolls=False)
                yield Lines(look, id="every", scrolls=False)
                yield Rows(look, self._draw_alert, self._alert_stamp,
                           "No alert asks for anything.", id="feed")  # fmt: skip
            yield Lines(look, id="detail", scrolls=False)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Read the desk for the first time."""
        self._is_laid_out = True
        self.feed.border_title = "alerts: Tab"  # our own words: a title of a border is markup
        self.set_class(not self.clock.live, "-story")
        self.tick()
        self.sort()

    def on_resize(self) -> None:
        """Lay the texts out for the new size."""
        self._why = ((), [])
        self.call_after_refresh(self.paint)

    @property
    def _is_here(self) -> bool:
        """Whether there is something to draw on: not before it is laid out, nor while it closes."""
        return self._is_laid_out and bool(self.children) and self.app.is_running

    @property
    def layout_name(self) -> rows.Width:
        """Which of the three layouts is shown."""
        return rows.narrow_or_wide(self.size.width)

    @property
    def children_list(self) -> Rows:
        """The list of children."""
        return self.query_one("#list", Rows)

    @property
    def feed(self) -> Rows:
        """The list of alerts."""
        return self.query_one("#feed", Rows)

    # --- time and data -------------------------------------------------------------------------

    def tick(self) -> None:
        """Let time go on: draw what changed with it."""
        if not self._is_here:
            return
        self.now = self.clock.now()
        moved = self.desk.look(self.now)
        self.warning = self.desk.warning(self.now)
        if moved or self.now >= self._turn:
            self.sort()
        else:
            self.paint()
        self._ring()
        if self.desk.pending is not None:  # the second frame comes before the rest is judged
            if self._goes_on is not None:
                self._goes_on.stop()
            self._goes_on = self.set_timer(ON, self.tick)

    def arrived(self) -> bool:
        """Show at once what is new, if anything is."""
        if not self._is_here or not self.clock.live:
            return False
        now = self.clock.now()
        if not self.desk.look(now):
            return False
        self.now, self.warning = now, self.desk.warning(now)
        self.sort()
        self._ring()
        return True

    def sort(self) -> None:
        """Put the children in order, unless a person is moving among them; draw what changed."""
        now, self._second, self._painted = self.now, None, None
        self.every = self.desk.rows(now)
        here = released.unjudged(self.desk)
        self._young = [each.detention for each in here if each.refused == "under_10"]
        self._turn = min((row.valid_until for row in self.every), default=2**62)
        self.by_name = {row.child.detention: row for row in self.every}
        self.alerts = {each.key: each for each in self.desk.alerts()}
        self.children_list.show(self._order())
        self.times = feed.lines(self._feed_alerts(), Limits.of(self.desk.parameters, now))
        self.feed.show(list(self.times))
        self.paint()

    def _order(self) -> list[str]:
        if self.after:
            return [each.detention for each in released.listed(self.desk, self.suite, self.find)]
        shown = rows.filtered(self.every, self.suite, self.find, faults=self.faults)
        order = [row.child.detention for row in shown]
        order = self._young + order
        chosen = self.children_list.chosen
        if chosen and chosen not in order and released.knows(self.desk, chosen):
            order.insert(
                min(self.children_list.place, len(order)), chosen
            )  # who left stays until we move
        if self.wall() - self._moved < QUIET:
            known = [name for name in self.children_list.keys if name in set(order)]
            order = known + [name for name in order if name not in set(known)]
        return order

    def _feed_alerts(self) -> list[AlertLine]:
        shown = self.suite or self.find
        return [
            each
            for each in self.desk.alerts()
            if not shown
            or (each.detention in self.by_name and each.detention in self.children_list.keys)
        ]

    # --- drawing -------------------------------------------------------------------------------

    def _draw_row(self, name: str) -> Line:
        row = self.by_name.get(name)
        moment = self._moment()
        sign = Piece(">" if name == self.children_list.chosen else " ", "bold")
        if row is None or self.after:
            return (sign, *released.cells(self.desk, name, self.now))
        return (sign, *rows.cells(row, self.layout_name, moment))

    def _moment(self) -> rows.Moment:
        return rows.Moment(self.now, sure=not self.warning, ellipsis=self.glyphs.ellipsis)

    def _row_stamp(self, name: str) -> object:
        row = self.by_name.get(name)
        chosen = name == self.children_list.chosen
        if row is None or self.after:
            return self._draw_row(name)
        return chosen, self.size.width, self.after, rows.stamp(row, self._moment())

    def _alert_stamp(self, key: str) -> object:
        named = feed.is_first(key, self.feed.keys, self.alerts) if key in self.alerts else False
        chosen = key == self.feed.chosen and self.feed.has_focus
        return (
            self.alerts.get(key),
            self.times.get(key),
            named,
            chosen,
            self.now // 3_600,
            self.size.width,
        )

    def _draw_alert(self, key: str) -> Line:
        alert = self.alerts.get(key)
        sign = Piece(">" if key == self.feed.chosen and self.feed.has_focus else " ", "bold")
        if alert is None:
            return (sign,)
        named = feed.is_first(key, self.feed.keys, self.alerts)
        return (
            sign,
            *feed.cells(
                alert,
                self.now,
                max(20, self.feed.size.width - 2),
                named=named,
                times=self.times.get(key, 1),
                ellipsis=self.glyphs.ellipsis,
            ),
        )

    def paint(self) -> None:
        """Draw what differs from what stands there."""
        if not self._is_here:
            return
        self.query_one("#head", Lines).show(self._head())
        if not self.clock.live:
            self.query_one("#transport", Lines).show([self.transport(self.size.width)])
        above = self._above()
        mark = (Piece(f" {above} urgent above", "warn"),) if above else ()
        title = released.heads(self.layout_name) if self.after else rows.heads(self.layout_name)
        self.query_one("#heads", Lines).show([(Piece(" " + title, "head"), *mark)])
        self.children_list.again()
        self.feed.again()
        if self.layout_name == "narrow":
            self._paint_detail(self.query_one("#brief", Lines))
        else:
            self._paint_detail(self.query_one("#detail", Lines))
        if self.layout_name == "wide":
            every = self.query_one("#every", Lines)
            shown = [
                self.by_name[name].child for name in self.children_list.keys if name in self.by_name
            ]
            tall = min(len(shown) + 2, max(4, self.size.height // 3))  # a rule above, a scale below
            every.styles.height = tall
            every.show(overview(shown, self.now, every.size.width - 1, self.glyphs, tall - 2))

    def transport(self, width: int) -> Line:  # noqa: ARG002 - see `Playing`
        """Return the line of a story."""
        return ()

    def _above(self) -> int:
        top = self.children_list.scroll_offset.y
        return sum(
            1 for name in self.children_list.keys[:top]
            if (row := self.by_name.get(name)) is not None and row.level >= 2
        )  # fmt: skip

    def _head(self) -> Sequence[Line]:
        """Return the two lines above; the second is kept for a minute, or until something changes."""
        shown = head.Shown(
            self.suite, self.find, faults=self.faults, after=self.after, warning=self.warning,
            bell=self._wants_bell,
        )  # fmt: skip
        width = self.size.width
        key = (width, self.now // 60, self.desk.set_aside(self.now).count)
        if self._second is None or self._second[0] != key:
            second = head.second(self.desk, self.every, self.now, shown, width)
            self._second = (key, second)
        children = len(self.every) + len(self._young)
        top = head.first(self.desk, self.clock, children, self.now, shown, width)
        return [(*self._waits_below(), *top), self._second[1]]

    def _waits_below(self) -> Line:
        """Return what waits on the board of the present, where this one plays what was."""
        return () if self.clock.live else self.app.waits()  # type: ignore[attr-defined]

    def critical(self) -> list[AlertLine]:
        """Return the alerts of the gravest kind that nobody has seen."""
        known = self.alerts.values()
        return [each for each in known if each.state == "new" and each.severity == "critical"]

    def _paint_detail(self, pane: Lines) -> None:
        width, height = pane.size.width - 2, pane.size.height
        name = self.child_name
        child = next((c for c in self.desk.children() if c.detention == name), None)
        if child is None or width < 20:
            pane.show([line(Piece(" nobody is chosen", "dim"))])
            return
        row = self.by_name.get(child.detention)
        reasons = self._reasons(width)
        stamp = (name, id(child), id(row), id(reasons), width, height, self._time_stamp(row))
        if stamp == self._painted:
            return
        self._painted = stamp
        alerts = [each for each in self.alerts.values() if each.detention == name]
        lines = fitted(child, row, alerts, reasons, self.now, width, height, self.glyphs)
        pane.show([(Piece(" "), *each) for each in lines])

    def _time_stamp(self, row: Row | None) -> object:
        """Return what changes with the time in the detail: once a minute, or each second near."""
        if row is None:
            return self.now // 60
        moment = self._moment()
        near = any(
            each.due_at is not None and abs(each.due_at - self.now) <= rows.FINE
            for each in row.duties
        )
        lefts = tuple((each.due_at - self.now) // 60 for each in row.duties if each.due_at)
        return rows.stamp(row, moment), lefts, self.now if near else self.now // 60

    @property
    def child_name(self) -> str | None:
        """Whose detail is shown: the child of the alert or of the row that is chosen."""
        if self.feed.has_focus and self.feed.chosen in self.alerts:
            return self.alerts[self.feed.chosen].detention
        return self.children_list.chosen

    def chosen_finding(self) -> Finding | None:
        """Return the finding that the reasons are of."""
        name = self.child_name
        child = next((c for c in self.desk.children() if c.detention == name), None)
        if child is None:
            return None
        if self.feed.has_focus and self.feed.chosen is not None:
            return next((f for f in child.findings if f.key == self.feed.chosen), None)
        row = self.by_name.get(child.detention)
        if row is not None and row.first is not None:
            return row.first.finding
        return next((each for each in child.findings if each.is_breach), None)

    def _reasons(self, width: int) -> list[Line]:
        """Return why, from the last time it was worked out; from a store a moment later."""
        finding, name = self.chosen_finding(), self.child_name
        known = (name, finding, width)
        if self._why[0] == known:
            return self._why[1]
        if finding is None or name is None:
            return []
        if self.desk.live:
            if self._waits is not None:
                self._waits.stop()
            self._waits = self.set_timer(PATIENCE, self._explain)
            same = bool(self._why[0]) and self._why[0][0] == name  # type: ignore[index]
            return self._why[1] if same else [line(Piece("...", "dim"))]
        self._why = (known, self.explained(finding, name, width))
        return self._why[1]

    def _explain(self) -> None:
        if not self._is_here:
            return
        if not self.desk.rules.is_ready:  # nobody waits for the rules but who asks for them
            self.desk.rules.begin()
            self._waits = self.set_timer(PATIENCE, self._explain)
            return
        finding, name = self.chosen_finding(), self.child_name
        pane = self.query_one("#brief" if self.layout_name == "narrow" else "#detail", Lines)
        width = pane.size.width - 2
        if finding is not None and name is not None:
            self._why = ((name, finding, width), self.explained(finding, name, width))
            self._paint_detail(pane)

    def explained(self, finding: Finding, name: str, width: int) -> list[Line]:
        """Return the reasons of a finding."""
        try:
            result, detention = self.desk.judged(name, self.now), self.desk.detention(name)
            if result is None or detention is None:
                return [line(Piece("the entries behind this are not here", "dim"))]
            return why(finding, result, detention, self.desk.ruleset, self.now, width)
        except DetentionMonitorError as error:
            return [line(piece(f"no reasons, as the rules cannot be read: {error}", "warn"))]

    def _ring(self) -> None:
        """Ring for what is new and grave, if a person wants that."""
        if not self._wants_bell:
            self._bell = Bell()
            return
        alerts = self.desk.alerts()
        load = load_of(alerts, Limits.of(self.desk.parameters, self.now), self.now)
        if self._bell.rings(alerts, self.wall(), flood=load.flood):
            self.app.bell()

    @property
    def _wants_bell(self) -> bool:
        return self.clock.live and bool(self.app.rings)  # type: ignore[attr-defined]

    # --- moving --------------------------------------------------------------------------------

    def on_rows_chosen(self, event: Rows.Chosen) -> None:
        """Show another child; keep the order still while a person looks around."""
        self._moved = self.wall()
        if event.rows is self.children_list and not self.after:
            gone = [name for name in self.children_list.keys if name not in self.by_name]
            if gone and event.key not in gone:
                self.children_list.show(self._order())
        self.paint()

    def on_descendant_focus(self) -> None:
        """Show the detail of what now has the keys."""
        self.paint()
