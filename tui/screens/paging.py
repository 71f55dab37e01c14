"""The pages that open over the board, and what is done from one; of whom one was opened is logged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

from detention_monitor.boards import feeds_page, pages, rules_page, shelf_page
from detention_monitor.boards.lines import Line
from detention_monitor.boards.picture import overview
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.live.access import Action
from detention_monitor.live.limits import Limits
from tui.keys import names
from tui.screens.board import BoardScreen
from tui.screens.dialogs import Ask
from tui.screens.page import Page
from tui.screens.taking import take_picture

if TYPE_CHECKING:
    from tui.app import BoardApp

OF_A_CHILD = ("DETAIL", "BEFORE YOU REVIEW", "LAW", "CUSTODY RECORD")
"""Pages that show one child: opening one is logged."""
OF_NOBODY = ("HELP", "RULES")
"""Pages that tell of no child; of every other page it is logged that it was opened."""


class Paging(BoardScreen):
    """See the module."""

    @property
    def board(self) -> BoardApp:
        """The program."""
        return cast("BoardApp", self.app)

    def _open(
        self, title: str, build: Callable[[int], Sequence[Line]], *, ticks: bool = False,
        reload: Callable[[], object] | None = None, tick: Callable[[], object] | None = None,
    ) -> None:  # fmt: skip
        of = self.child_name if title in OF_A_CHILD else None
        if title in OF_NOBODY or self.noted("opened", of, title):
            undo = None if tick is None else self.action_undo
            self.app.push_screen(
                Page(
                    self.look, title, build, ticks=ticks, of=of, reload=reload, tick=tick, undo=undo
                )
            )

    def noted(self, action: Action, name: str | None, detail: str) -> bool:
        """Log that a person looked; what cannot be logged is not shown."""
        try:
            self.desk.looked(action, self.clock.now(), name, detail)
        except DetentionMonitorError as error:
            self.board.say(f"not shown, as it cannot be logged: {error}", wrong=True)
            return False
        return True

    def say_done(self, said: str) -> None:
        """Say what a person did, and for how long it can be taken back."""
        most = Limits.of(self.desk.parameters, self.clock.now()).alert_undo
        self.board.say(f"{said}; u takes it back, within {most} s")

    def action_undo(self) -> None:
        """Take back what was done last at this screen."""
        try:
            self.board.say(self.desk.undo(self.clock.now()))
        except DetentionMonitorError as error:
            self.board.say(str(error), wrong=True)
        self.desk.look(self.clock.now())
        self.sort()

    def action_picture(self) -> None:
        """Make a picture of the board as it stands."""
        take_picture(self.board, "BOARD", self.child_name)

    def action_rules(self) -> None:
        """Open the rules in use, and what each change of them brought."""

        def reload() -> None:
            try:
                self.board.say(self.desk.reload(self.clock.now()))
            except DetentionMonitorError as error:
                self.board.say(str(error), wrong=True)

        self._open("RULES", lambda width: rules_page.lines(
            self.desk, self.clock.now(), width, self.glyphs), ticks=True, reload=reload if self.desk.live else None)  # fmt: skip

    def action_detail(self) -> None:
        """Open everything about the chosen child."""
        name = self.child_name
        if name is not None:
            self._open("DETAIL", lambda width: pages.detail(
                self.desk, name, self.clock.now(), width, self.glyphs), ticks=True)  # fmt: skip

    def on_rows_opened(self) -> None:
        """Open the chosen child or alert."""
        self.action_detail()

    def action_sheet(self) -> None:
        """Open what must be known and asked before a review."""
        name = self.child_name
        if name is not None:
            self._open("BEFORE YOU REVIEW", lambda width: pages.sheet(
                self.desk, name, self.clock.now(), width, self.glyphs), ticks=True)  # fmt: skip

    def action_adviser(self) -> None:
        """Open which reviews to bring forward."""
        self._open("BRING FORWARD", lambda width: pages.adviser(
            self.desk, self.clock.now(), width, self.glyphs), ticks=True)  # fmt: skip

    def action_law(self) -> None:
        """Open the rule behind the first duty, in plain English."""
        finding = self.chosen_finding()
        if finding is not None:
            self._open("LAW", lambda width: pages.law(self.desk, finding, width))

    def action_history(self) -> None:
        """Open every entry of the record."""
        name = self.child_name
        if name is not None:
            self._open("CUSTODY RECORD", lambda width: pages.record(
                self.desk, name, width, self.glyphs))  # fmt: skip

    def action_every(self) -> None:
        """Open the timelines of all children."""

        def build(width: int) -> Sequence[Line]:
            return overview([row.child for row in self.every], self.clock.now(), width, self.glyphs)

        self._open("TIMELINES", build, ticks=True)

    def action_alerts(self) -> None:
        """Open the alerts in every state."""
        self._open("ALL ALERTS", lambda width: pages.alerts(
            self.desk, self.clock.now(), width, self.glyphs), ticks=True)  # fmt: skip

    def action_shelf(self) -> None:
        """Open what is put aside."""
        self._open("SHELVED", lambda width: shelf_page.lines(
            self.desk, self.clock.now(), width, self.glyphs), ticks=True)  # fmt: skip

    def action_feeds(self) -> None:
        """Open how the feeds do, and what was not taken."""
        self._open("FEEDS", lambda width: feeds_page.lines(
            self.desk, self.clock.now(), width, self.glyphs), ticks=True,
            tick=self._tick_off if self.desk.live else None)  # fmt: skip

    def _tick_off(self) -> None:
        """Ask which line was seen and what is done about it."""

        def done(said: str | None) -> None:
            if said is None:
                return
            try:
                told = feeds_page.tick_off(self.desk, said, self.clock.now())
                self.say_done(told)
            except (DetentionMonitorError, ValueError) as error:
                self.board.say(str(error), wrong=True)
            if isinstance(self.app.screen, Page):
                self.app.screen.again()

        waits = self.desk.set_aside(self.clock.now()).last
        if not waits:
            self.board.say("no line waits to be seen")
            return
        first = self.desk.line_number(waits[0]) if len(waits) == 1 else None
        title = f"LINE SEEN  You: {self.board.who}  Number of the line, then what is done about it"
        self.app.push_screen(Ask(title, "" if first is None else f"{first} "), done)

    def action_handover(self) -> None:
        """Open the handover report."""
        self._open("HANDOVER", lambda width: pages.handover(self.desk, self.clock.now(), width))

    def action_help(self) -> None:
        """Open the help."""
        self._open("HELP", lambda width: pages.help_lines(self.active_keys(), width))

    def active_keys(self) -> list[tuple[str, str]]:
        """Return the keys of this board as they are now: key and what it does."""
        known, seen = set(names()), dict[str, tuple[str, str]]()
        for active in self.active_bindings.values():
            binding = active.binding
            if binding.action.endswith("command_palette"):
                seen["palette"] = (self.app.get_key_display(binding), "Commands")
            if not binding.id or binding.id not in known or not active.enabled:
                continue
            if binding.action.startswith("suite("):
                seen["suite"] = ("0 to 9", "All, or one suite")
                continue
            shown = self.app.get_key_display(binding)
            before = seen.get(binding.action)
            joined = shown if before is None or shown == before[0] else f"{before[0]} {shown}"
            seen[binding.action] = (joined, binding.description)
        return sorted(seen.values(), key=lambda each: each[1].casefold())
