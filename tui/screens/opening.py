"""What stands on the screen until there is a board: the program is here, and what it is doing."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult
from textual.screen import Screen

from detention_monitor.boards.lines import Piece, line, piece
from tui.styles import Look
from tui.widgets.text import Lines


class Opening(Screen[None]):
    """Says in one line what is being read; nothing here is drawn in advance."""

    BINDINGS = [("q,escape", "app.quit", "Quit")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, look: Look, title: str, then: Callable[[], object]) -> None:
        """Show a title, and soon what goes on; `then` is called once this stands on the screen."""
        super().__init__()
        self.look, self._heading, self._then, self._doing = look, title, then, "opening"

    def compose(self) -> ComposeResult:
        """Lay out two lines."""
        yield Lines(self.look, id="head", scrolls=False)

    def on_mount(self) -> None:
        """Show what is known."""
        self.say(self._doing)
        self.call_after_refresh(self._then)

    def say(self, doing: str) -> None:
        """Say what is being done now."""
        self._doing = doing
        top = line(Piece(f" {self._heading}", "bold"), piece(f"  {doing}", "dim", 200))
        self.query_one("#head", Lines).show([top, ()])
