"""From the tone of a piece to how a terminal shows it: with colours, or without any."""

from __future__ import annotations

import os
from collections.abc import Mapping

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from detention_monitor.boards.lines import Line, Tone

_COLOURS: dict[Tone, str] = {
    "": "none", "dim": "#8b93a1", "bold": "bold", "head": "#7aa2d6",
    "alarm": "bold #ffffff on #a81e2d", "warn": "bold #ffb454", "soon": "#e6c84f",
    "good": "#7fbf7f", "law": "#a9c1e8", "cursor": "reverse",
}  # fmt: skip
_PLAIN: dict[Tone, str] = {
    "": "none", "dim": "none", "bold": "bold", "head": "bold", "alarm": "bold reverse",
    "warn": "bold underline", "soon": "underline", "good": "none", "law": "none",
    "cursor": "reverse",
}  # fmt: skip
CURSOR, CURSOR_AWAY = Style.parse("on #27374d"), Style.parse("on #1b2430")
CURSOR_PLAIN = Style.parse("reverse")


class Look:
    """The styles of one terminal."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Use no colour where NO_COLOR is set to anything (no-color.org)."""
        self.colours = not environment.get("NO_COLOR")
        chosen = _COLOURS if self.colours else _PLAIN
        self._styles = {tone: Style.parse(text) for tone, text in chosen.items()}

    def cursor(self, *, focused: bool) -> Style:
        """Return the style of the row that is chosen."""
        if not self.colours:
            return CURSOR_PLAIN if focused else Style.parse("bold")
        return CURSOR if focused else CURSOR_AWAY

    def strip(self, line: Line, width: int, base: Style, over: Style | None = None) -> Strip:
        """Return a line as cells of the terminal; it is cut or filled to the width."""
        segments = []
        for each in line:
            style = base + self._styles[each.tone]
            if over is not None and each.tone != "alarm":
                style += over
            text = each.text.lstrip(" ")
            if len(text) < len(each.text):  # pictures of the screen lose a space before text
                segments.append(Segment(" " * (len(each.text) - len(text)), style))
            segments.append(Segment(text, style))
        whole = Strip(segments)
        return whole.adjust_cell_length(width, base if over is None else base + over)
