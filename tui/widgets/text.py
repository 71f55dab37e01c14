"""Lines of text that may change every second: only the lines that did are drawn again."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from detention_monitor.boards.lines import Line
from tui.styles import Look


class Lines(ScrollView, can_focus=False):
    """Shows lines of pieces, never markup; scrolls where there are more than fit."""

    DEFAULT_CSS = """
    Lines { height: auto; background: transparent; scrollbar-size-horizontal: 0; scrollbar-size-vertical: 1; overflow-x: hidden; }
    """

    def __init__(self, look: Look, *, id: str | None = None, scrolls: bool = True) -> None:  # noqa: A002
        """Show nothing yet."""
        super().__init__(id=id)
        self.look = look
        self.lines: Sequence[Line] = ()
        self._scrolls = scrolls

    def show(self, lines: Sequence[Line]) -> int:
        """Show other lines; return how many rows were drawn again."""
        old, self.lines = self.lines, lines
        if len(old) != len(lines):
            self.virtual_size = Size(self.size.width if self._scrolls else 0,
                                     len(lines) if self._scrolls else 0)  # fmt: skip
            self.refresh()
            return len(lines)
        top, width = self.scroll_offset.y, self.size.width
        changed = [
            Region(0, place - top, width, 1)
            for place, (one, other) in enumerate(zip(old, lines, strict=True))
            if one != other and top <= place < top + self.size.height
        ]
        if changed:
            self.refresh(*changed)
        return len(changed)

    def render_line(self, y: int) -> Strip:
        """Return one row of the widget."""
        place = y + self.scroll_offset.y
        line = self.lines[place] if place < len(self.lines) else ()
        return self.look.strip(line, self.size.width, self.rich_style)
