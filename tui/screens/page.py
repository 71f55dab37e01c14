"""A page over the board: one text on the whole screen, drawn anew as time goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Footer

from detention_monitor.boards.lines import Line, Piece
from tui.screens.timed import Timed
from tui.styles import Look
from tui.widgets.text import Lines

Build = Callable[[int], Sequence[Line]]
"""Returns the lines of a page for a width in cells."""


class Page(Timed):
    """Shows what a function gives for the present width; scrolls; Esc goes back."""

    BINDINGS: ClassVar = [
        Binding("escape,q,backspace", "back", "Back", id="page_back"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="page_line_down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="page_line_up"),
        Binding("pagedown,space", "page(1)", "Page down", show=False, id="page_down_one"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="page_up_one"),
        Binding("home,g", "edge(-1)", "Top", show=False, id="page_top"),
        Binding("end,G", "edge(1)", "End", show=False, id="page_end"),
    ]

    def __init__(self, look: Look, title: str, build: Build, *, ticks: bool = False) -> None:
        """Show a page; with `ticks` it is built anew each second."""
        super().__init__()
        self.look, self.heading, self._build, self.ticks = look, title, build, ticks

    def compose(self) -> ComposeResult:
        """Lay out title, text and keys."""
        yield Lines(self.look, id="title", scrolls=False)
        yield Lines(self.look, id="text")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Show the page."""
        self.query_one("#title", Lines).show([(Piece(f" {self.heading}", "bold"),)])

    def on_resize(self) -> None:
        """Build the page for the new width."""
        self.again()

    def tick(self) -> None:
        """Let time go on."""
        if self.ticks and self.is_mounted:
            self.again()

    def again(self) -> None:
        """Build the page anew; what did not change is not drawn again."""
        width = max(20, self.size.width - 3)
        self.query_one("#text", Lines).show(self._build(width))

    def action_back(self) -> None:
        """Go back to the board."""
        self.dismiss(None)

    def _move(self, y: int) -> None:
        self.query_one("#text", Lines).scroll_to(y=max(0, y), animate=False)

    def action_scroll(self, lines: int) -> None:
        """Scroll by lines."""
        self._move(self.query_one("#text", Lines).scroll_offset.y + lines)

    def action_page(self, pages: int) -> None:
        """Scroll by pages."""
        text = self.query_one("#text", Lines)
        self._move(text.scroll_offset.y + pages * max(1, text.size.height - 1))

    def action_edge(self, side: int) -> None:
        """Go to the top or the end."""
        self._move(0 if side < 0 else len(self.query_one("#text", Lines).lines))
