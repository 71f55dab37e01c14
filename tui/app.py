"""The program of the board: one clock that ticks, the terminal's look, a person's keys."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from multiprocessing import resource_tracker
from typing import ClassVar

from textual.app import App
from textual.events import Resize
from textual.geometry import Size

from detention_monitor.boards.clock import Time
from detention_monitor.boards.desk import Desk
from detention_monitor.boards.lines import ASCII, Glyphs, glyphs_for
from detention_monitor.live.worker import Worker
from detention_monitor.text import printable
from tui.commands import BoardCommands
from tui.keys import keymap, settings_file
from tui.screens.acting import ActingBoard
from tui.screens.board import BoardScreen
from tui.screens.page import Page
from tui.styles import Look

LOOK = 0.1
"""Seconds between two looks at what a monitor has written."""


class BoardApp(App[None]):
    """Shows a desk until a person quits."""

    TITLE = "Children in custody"
    COMMANDS: ClassVar = {BoardCommands}
    ENABLE_COMMAND_PALETTE = True
    CSS_PATH = "board.tcss"

    def __init__(
        self,
        desk: Desk,
        clock: Time,
        *,
        environment: Mapping[str, str] = os.environ,
        ascii_only: bool = False,
        who: str = "",
        searches: bool = True,
    ) -> None:
        """Show a desk by a clock; `who` is the person at this terminal.

        `searches`: whether a story is looked through, beside the board, for its alerts.
        """
        super().__init__()
        self.desk, self.clock, self.who, self.searches = desk, clock, who, searches
        self.look = Look(environment)
        self.glyphs: Glyphs = ASCII if ascii_only else glyphs_for(environment)
        self._worker: Worker | None = None
        resource_tracker.ensure_running()  # needs the real stderr, which Textual takes away
        self.set_keymap(keymap(settings_file(environment)))

    def on_mount(self) -> None:
        """Open the board and start the clock."""
        self.set_class(self.glyphs is ASCII, "-ascii")
        self.push_screen(ActingBoard(self.desk, self.clock, self.look, self.glyphs))
        self.set_interval(1.0, self.tick)
        if self.desk.live:
            self.set_interval(LOOK, self.arrived)

    def replay_judge(self) -> Worker:
        """Return what judges in replay: a process of its own, so that no record stops the board."""
        if self._worker is None:
            self._worker = Worker(self.desk.ruleset, lambda _: None)
        return self._worker

    def on_unmount(self) -> None:
        """End the process of replay."""
        if self._worker is not None:
            self._worker.close()

    def tick(self) -> None:
        """Let a second pass for what is on the screen."""
        self._fit_terminal()
        for screen in self.screen_stack:
            if isinstance(screen, BoardScreen | Page):
                screen.tick()

    def _fit_terminal(self) -> None:
        """Take the size that the terminal has: of two changes in one moment the last may be lost."""
        if self.is_headless or self.is_web or sys.__stdout__ is None:
            return
        try:
            now = Size(*os.get_terminal_size(sys.__stdout__.fileno()))
        except (OSError, ValueError):
            return
        if now != self.size:
            self.post_message(Resize(now, now))

    def arrived(self) -> None:
        """Show at once what a monitor has written."""
        for screen in self.screen_stack:
            if isinstance(screen, BoardScreen) and screen.clock.live:
                screen.arrived()

    def page(self, title: str, build: Callable[[int], object], *, ticks: bool = False) -> None:
        """Open a page over the board."""
        self.push_screen(Page(self.look, title, build, ticks=ticks))  # type: ignore[arg-type]

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Tell the person something; never markup."""
        self.notify(
            printable(text), severity="error" if wrong else "information", markup=False, timeout=6
        )

    @property
    def board(self) -> ActingBoard | None:
        """The board on top, under whatever page or dialog."""
        boards = [screen for screen in self.screen_stack if isinstance(screen, ActingBoard)]
        return boards[-1] if boards else None
