"""The program of the board: one clock that ticks, the terminal's look, a person's keys.

What takes long to import comes while the first frame stands on the screen (`_open`).
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import App
from textual.events import Resize
from textual.geometry import Size

from detention_monitor.boards.lines import ASCII, Glyphs, Line, glyphs_for, piece
from detention_monitor.text import printable
from tui.commands import BoardCommands
from tui.keys import keymap, settings_file
from tui.screens.opening import Opening
from tui.screens.timed import Timed
from tui.styles import Look

if TYPE_CHECKING:
    from detention_monitor.boards.clock import Time
    from detention_monitor.boards.desk import Desk
    from detention_monitor.live.worker import Worker
    from tui.screens.acting import ActingBoard

LOOK = 0.04
"""Seconds between two looks at what a monitor has written: one `stat` where it wrote nothing."""

JUDGING = 0.2
"""Seconds for which a story is judged between two frames."""

Say = Callable[[str], None]
Prepare = Callable[[Say], "tuple[Desk, Time, str]"]
"""Opens what is to be shown: the desk, its clock, and who sits at it; says what it is doing."""


class BoardApp(App[None]):
    """Shows a desk until a person quits."""

    TITLE = "Children in custody"
    COMMANDS: ClassVar = {BoardCommands}
    ENABLE_COMMAND_PALETTE = True
    CSS_PATH = "board.tcss"

    def __init__(
        self,
        desk: Desk | None = None,
        clock: Time | None = None,
        *,
        prepare: Prepare | None = None,
        environment: Mapping[str, str] = os.environ,
        ascii_only: bool = False,
        who: str = "",
        searches: bool = True,
        bell: bool = False,
    ) -> None:
        """Show a desk by a clock, or what `prepare` opens; `who` is the person at this terminal.

        `searches`: whether a story is looked through, beside the board, for its alerts.
        `bell`: whether new grave alerts ring, to begin with.
        """
        super().__init__()
        self._desk, self._clock, self._prepare = desk, clock, prepare
        self.who, self.searches, self.rings = who, searches, bell
        self.look = Look(environment)
        self.glyphs: Glyphs = ASCII if ascii_only else glyphs_for(environment)
        self.failure: BaseException | None = None
        """Why there is no board, if there is none."""
        self._worker: Worker | None = None
        self._worker_of = ""
        self.set_keymap(keymap(settings_file(environment)))

    @property
    def desk(self) -> Desk:
        """What is shown."""
        assert self._desk is not None  # before it is opened nobody asks
        return self._desk

    @property
    def clock(self) -> Time:
        """The clock by which it is shown."""
        assert self._clock is not None  # before it is opened nobody asks
        return self._clock

    def on_mount(self) -> None:
        """Open the board and start the clock."""
        self.set_class(self.glyphs is ASCII, "-ascii")
        self.set_interval(1.0, self.tick)
        if self._desk is None:
            gc.disable()  # what is imported and read now stays; looking through it again is in vain
            self.push_screen(Opening(self.look, self.TITLE, self._open))
        else:
            self._show()

    @work(thread=True)
    def _open(self) -> None:
        assert self._prepare is not None  # without a desk there is what opens one
        try:
            import tui.screens.acting  # noqa: F401 - here, for it takes long

            opened = self._prepare(lambda doing: self.call_from_thread(self._doing, doing))
        except BaseException as error:  # noqa: BLE001 - whoever started us hears of it
            self.failure = error
            self.call_from_thread(self.exit)
            return
        self.call_from_thread(self._opened, *opened)

    def _doing(self, doing: str) -> None:
        if isinstance(self.screen, Opening):
            self.screen.say(doing)

    def _opened(self, desk: Desk, clock: Time, who: str) -> None:
        self._desk, self._clock, self.who = desk, clock, who
        desk.patience = JUDGING
        self._show()

    def _show(self) -> None:
        from tui.screens.acting import ActingBoard

        board = ActingBoard(self.desk, self.clock, self.look, self.glyphs)
        if isinstance(self.screen, Opening):
            self.switch_screen(board)
        else:
            self.push_screen(board)
        if self.desk.live:
            self.set_interval(LOOK, self.arrived)
        board.call_after_refresh(self._settled)

    def _settled(self) -> None:
        """Go on with what the first board did not need."""
        gc.freeze()
        gc.enable()
        self.desk.rules.begin()

    def replay_judge(self) -> Worker:
        """Return what judges in replay: a process of its own, so that no record stops the board."""
        from tui.judge import worker

        ruleset = self.desk.ruleset
        if self._worker is not None and self._worker_of != ruleset.hash:
            self._worker.close()
            self._worker = None
        if self._worker is None:
            self._worker = worker(ruleset)
            self._worker_of = ruleset.hash
        return self._worker

    def on_unmount(self) -> None:
        """End the process of replay."""
        if self._worker is not None:
            self._worker.close()

    def tick(self) -> None:
        """Let a second pass for what is on the screen."""
        self._fit_terminal()
        for screen in self.screen_stack:
            if isinstance(screen, Timed):
                screen.tick()

    def _fit_terminal(self) -> None:
        """Take the size that the terminal has: of two changes in one moment the last may be lost.

        A terminal that is gone ends the program, also where no signal says so.
        """
        if self.is_headless or self.is_web or sys.__stdout__ is None:
            return
        try:
            now = Size(*os.get_terminal_size(sys.__stdout__.fileno()))
        except ValueError:
            return
        except OSError:
            self.exit()
            return
        if now != self.size:
            self.post_message(Resize(now, now))

    def arrived(self) -> None:
        """Show at once what a monitor has written."""
        for screen in self.screen_stack:
            if isinstance(screen, Timed):
                screen.arrived()

    def say(self, text: str, *, wrong: bool = False) -> None:
        """Tell the person something; never markup."""
        self.notify(
            printable(text), severity="error" if wrong else "information", markup=False, timeout=6
        )

    @property
    def present(self) -> ActingBoard | None:
        """The board of the present, under whatever page, dialog or replay; None in a story."""
        from tui.screens.acting import ActingBoard

        boards = (each for each in self.screen_stack if isinstance(each, ActingBoard))
        return next((each for each in boards if each.clock.live), None)

    def waits(self) -> Line:
        """Return what must not be missed of the present while something else is on the screen."""
        below = self.present
        if below is None:
            return ()
        new = len(below.critical())
        said = [f"{new} new critical alert{'s' if new > 1 else ''}"] if new else []
        said += [below.warning] if below.warning else []
        return tuple(piece(f" LIVE: {each} ", "alarm", 160) for each in said)

    @property
    def board(self) -> ActingBoard | None:
        """The board on top, under whatever page or dialog."""
        from tui.screens.acting import ActingBoard

        boards = [screen for screen in self.screen_stack if isinstance(screen, ActingBoard)]
        return boards[-1] if boards else None
