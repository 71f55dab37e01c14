"""A page over the board: one text on the whole screen, drawn anew as time goes on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Footer

from detention_monitor.boards.lines import Line, Piece, piece
from detention_monitor.errors import DetentionMonitorError
from tui.screens.taking import take_picture, take_text
from tui.screens.timed import Timed
from tui.styles import Look
from tui.widgets.text import Lines

if TYPE_CHECKING:
    from tui.app import BoardApp

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
        Binding("w", "write", "Write to a file", id="page_write"),
        Binding("P", "picture", "Picture", show=False, id="page_picture"),
        Binding("r", "reload", "Reload the rules", id="page_reload"),
        Binding("a", "tick", "Tick off a line", id="page_tick"),
        Binding("u", "untick", "Undo", id="page_undo"),
    ]

    def __init__(
        self, look: Look, title: str, build: Build, *, ticks: bool = False,
        of: str | None = None, reload: Callable[[], object] | None = None,
        tick: Callable[[], object] | None = None, undo: Callable[[], object] | None = None,
    ) -> None:  # fmt: skip
        """Show a page; with `ticks` it is built anew each second; `of`: whose detention it shows.

        `reload`: what the key of the page of rules does; `tick` and `undo`: those of the feeds.
        """
        super().__init__()
        self.look, self.heading, self._build, self.ticks = look, title, build, ticks
        self._of, self._reload = of, reload
        self._tick, self._undo = tick, undo

    def compose(self) -> ComposeResult:
        """Lay out title, text and keys."""
        yield Lines(self.look, id="title", scrolls=False)
        yield Lines(self.look, id="text")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Show the page."""
        self._title()
        self.query_one("#text", Lines).show(self._lines(self.app.size.width))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer to load rules only on the page of rules, to tick off only on that of feeds."""
        own = {"reload": self._reload, "tick": self._tick, "untick": self._undo}
        return own[action] is not None if action in own else True

    def on_resize(self) -> None:
        """Build the page for the new width."""
        self.again()

    def tick(self) -> None:
        """Let time go on; say what waits on the board meanwhile."""
        if self.is_mounted and self.app.is_running:
            self._title()
        if self.ticks and self.is_mounted and self.app.is_running:
            self.again()

    def _title(self) -> None:
        waits = cast("BoardApp", self.app).waits()
        self.query_one("#title", Lines).show(
            [(Piece(f" {self.heading}", "bold"), Piece("   "), *waits)]
        )

    def again(self) -> None:
        """Build the page anew; what did not change is not drawn again."""
        self.query_one("#text", Lines).show(self._lines(self.size.width))

    def _lines(self, columns: int) -> Sequence[Line]:
        try:
            return self._build(max(20, columns - 3))
        except DetentionMonitorError as error:  # rules that cannot be read, a rule that is gone
            return [(piece(f"this cannot be shown: {error}", "warn", 2_000),)]

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

    def action_write(self) -> None:
        """Write the whole page to a file."""
        take_text(cast("BoardApp", self.app), self.heading, self._of, self._lines(103))

    def action_picture(self) -> None:
        """Make a picture of what is in view."""
        take_picture(cast("BoardApp", self.app), self.heading, self._of)

    def action_reload(self) -> None:
        """Load the rules anew."""
        if self._reload is not None:
            self._reload()

    def action_tick(self) -> None:
        """Tick off a line that was not taken."""
        if self._tick is not None:
            self._tick()

    def action_untick(self) -> None:
        """Take back what was done last."""
        if self._undo is not None:
            self._undo()
            self.again()

    def action_edge(self, side: int) -> None:
        """Go to the top or the end."""
        self._move(0 if side < 0 else len(self.query_one("#text", Lines).lines))
