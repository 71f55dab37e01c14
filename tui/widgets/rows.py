"""A list of things with a key each, of which one is chosen; the choice never moves by itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from detention_monitor.boards.lines import Line, Piece
from tui.styles import Look

Draw = Callable[[str], Line]


class Rows(ScrollView, can_focus=True):
    """Draws a row when it comes into view, and again only when its text has changed.

    The chosen row is known by its key. When rows come, go or change places it stays chosen, and
    stays where it is on the screen.
    """

    DEFAULT_CSS = """
    Rows { background: transparent; scrollbar-size-horizontal: 0; scrollbar-size-vertical: 1; overflow-x: hidden; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", show=False, id="down"),
        Binding("up,k", "move(-1)", "Up", show=False, id="up"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="page_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="page_up"),
        Binding("home,g", "edge(-1)", "First", show=False, id="first"),
        Binding("end,G", "edge(1)", "Last", show=False, id="last"),
        Binding("enter", "choose", "Open", show=False, id="open"),
    ]

    class Chosen(Message):
        """Another row is chosen by a person."""

        def __init__(self, rows: Rows, key: str | None) -> None:
            """Name the list and the row."""
            super().__init__()
            self.rows, self.key = rows, key

    class Opened(Message):
        """A person opened a row."""

        def __init__(self, rows: Rows, key: str) -> None:
            """Name the list and the row."""
            super().__init__()
            self.rows, self.key = rows, key

    def __init__(
        self,
        look: Look,
        draw: Draw,
        stamp: Callable[[str], object],
        empty: str,
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """Show nothing yet; `draw` gives the line of a key, `empty` is said of an empty list.

        `stamp` gives what the line depends on: while it stays equal, so does the line.
        """
        super().__init__(id=id)
        self.look, self.draw, self.stamp, self.empty = look, draw, stamp, empty
        self.keys: Sequence[str] = ()
        self.chosen: str | None = None
        self._painted: dict[int, object] = {}
        self.drawn = 0

    @property
    def place(self) -> int:
        """Where the chosen row stands in the list."""
        try:
            return self.keys.index(self.chosen or "")
        except ValueError:
            return 0

    def show(self, keys: Sequence[str]) -> None:
        """Show other rows, or the same in another order."""
        if list(keys) == list(self.keys):
            self.again()
            return
        before, top = self.place, self.scroll_offset.y
        self.keys = list(keys)
        if self.chosen not in self.keys:
            self.chosen = self.keys[min(before, len(self.keys) - 1)] if self.keys else None
        self.virtual_size = Size(self.size.width, len(self.keys))
        if top or self.place >= self.size.height:
            self.scroll_to(y=max(0, top + self.place - before), animate=False, force=True)
        self._painted.clear()
        self.refresh()

    def again(self) -> int:
        """Draw again the rows in view whose text is another now; return how many."""
        top, width = self.scroll_offset.y, self.size.width
        changed = [
            Region(0, place - top, width, 1)
            for place in range(top, min(top + self.size.height, len(self.keys)))
            if self._painted.get(place) != self.stamp(self.keys[place])
        ]
        if changed:
            self.refresh(*changed)
        return len(changed)

    def render_line(self, y: int) -> Strip:
        """Return one row of the widget."""
        self.drawn += 1
        place = y + self.scroll_offset.y
        if place >= len(self.keys):
            line: Line = (Piece(f" {self.empty}", "dim"),) if not self.keys and not y else ()
            return self.look.strip(line, self.size.width, self.rich_style)
        key = self.keys[place]
        line, self._painted[place] = self.draw(key), self.stamp(key)
        over = self.look.cursor(focused=self.has_focus) if key == self.chosen else None
        return self.look.strip(line, self.size.width, self.rich_style, over)

    # --- what a person does --------------------------------------------------------------------

    def choose(self, key: str) -> None:
        """Choose a row, and bring it into view."""
        if key not in self.keys or key == self.chosen:
            return
        before = self.place
        self.chosen = key
        place, top, height = self.place, self.scroll_offset.y, max(1, self.size.height)
        if place < top:
            self.scroll_to(y=place, animate=False, force=True)
        elif place >= top + height:
            self.scroll_to(y=place - height + 1, animate=False, force=True)
        for each in (before, place):
            self.refresh(Region(0, each - self.scroll_offset.y, self.size.width, 1))
        self.post_message(self.Chosen(self, key))

    def _go(self, place: int) -> None:
        if self.keys:
            self.choose(self.keys[max(0, min(place, len(self.keys) - 1))])

    def action_move(self, steps: int) -> None:
        """Choose the next row, or the one before."""
        self._go(self.place + steps)

    def action_page(self, pages: int) -> None:
        """Go a page on or back."""
        self._go(self.place + pages * max(1, self.size.height - 1))

    def action_edge(self, side: int) -> None:
        """Go to the first or the last row."""
        self._go(0 if side < 0 else len(self.keys) - 1)

    def action_choose(self) -> None:
        """Open the chosen row."""
        if self.chosen is not None:
            self.post_message(self.Opened(self, self.chosen))

    def on_click(self, event: Click) -> None:
        """Choose the row under the mouse; a second click opens it."""
        place = event.y + self.scroll_offset.y
        if place < len(self.keys):
            if self.keys[place] == self.chosen and self.has_focus:
                self.action_choose()
            self._go(place)

    def on_focus(self) -> None:
        """Draw the chosen row as that of the list with the keys."""
        self.refresh()

    def on_blur(self) -> None:
        """Draw the chosen row as that of a list without the keys."""
        self.refresh()
