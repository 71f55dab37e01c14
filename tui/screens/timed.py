"""A screen that the program's clock moves."""

from __future__ import annotations

from textual.screen import Screen


class Timed(Screen[None]):
    """What does nothing by itself when time passes or data come."""

    def tick(self) -> None:
        """Let time go on."""

    def arrived(self) -> bool:
        """Show at once what is new, if anything is."""
        return False
