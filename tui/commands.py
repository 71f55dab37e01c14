"""The command palette: everything a key does, by name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.keys import TRANSPORT

COMMANDS: tuple[tuple[str, str, str], ...] = (
    ("Acknowledge the alert", "acknowledge", "take it on: reason, expected time"),
    ("Shelve the alert", "shelve", "put it aside for a while: reason, limit"),
    ("Shelf: what is put aside", "shelf", "by whom, why, until when"),
    ("Take down from the shelf", "unshelve", "before its time; the alert is new again"),
    ("Give the reason for a missed duty", "reason", "a breach stays until its reason is given"),
    ("Take back the last act", "undo", "one's own, within seconds"),
    ("Before-you-review sheet", "sheet", "what must be asked of whom, and what was said before"),
    ("Bring-forward adviser", "adviser", "which reviews will fall in sleep, over all suites"),
    ("Detail of the child", "detail", "duties, why, timeline"),
    ("Law behind the duty", "law", "the rule in plain English, with its sources"),
    ("Custody record", "history", "every entry in order"),
    ("Timelines of all children", "every", "twelve hours back, twelve ahead"),
    ("All alerts, in every state", "alerts", "shelved, suppressed, withdrawn and closed too"),
    ("Handover report", "handover", "what the next shift must know"),
    (
        "Feeds, and lines that were not taken",
        "feeds",
        "health, problems, what was set aside and why",
    ),
    ("Rules: in use, changes and their effect, load anew", "rules", "what each change brought"),
    ("Picture of the screen", "picture", "a file that only you can read; it is logged"),
    ("Bell on or off", "bell", "for new alerts of high severity or more"),
    ("Replay this record", "replay", "with transport keys; actions are off"),
    ("Replay everything here", "replay_all", "the day, all children"),
    ("Find a child", "find", "by name, suite, place or duty"),
    ("Faults only", "faults", "only children of whom something is asked"),
    ("After release", "after", "children who left, and what still waits for an answer"),
    ("Alerts or children", "switch", "which list has the keys"),
    ("All suites", "suite(0)", "one suite: 1 to 9"),
    ("Which letters mean what", "help", "help, keys and signs"),
    ("Pause or play", "pause", "the story"),
    ("Faster", "faster", "the story"),
    ("Slower", "slower", "the story"),
    ("Next entry", "step(1)", "in the story"),
    ("Entry before", "step(-1)", "in the story"),
    ("Next alert", "mark(1)", "in the story"),
    ("Alert before", "mark(-1)", "in the story"),
    ("Next breach", "breach(1)", "in the story"),
    ("Breach before", "breach(-1)", "in the story"),
    ("Go to a time", "go_to", "in the story"),
    ("As known, or as happened", "reading", "in the story"),
    ("Quit", "leave", "end the board; a monitor goes on"),
)
"""What it is called, the action, and what that does."""


class BoardCommands(Provider):
    """Offers the commands that the present board takes."""

    def _all(self) -> Iterator[tuple[str, str, str]]:
        board = self.app.board  # type: ignore[attr-defined]
        for name, action, about in COMMANDS:
            if board is not None and (
                action.split("(")[0] not in TRANSPORT or not board.clock.live
            ):
                yield name, action, about

    def _run(self, action: str) -> partial[object]:
        board = self.app.board  # type: ignore[attr-defined]
        return partial(board.run_action, action)

    async def discover(self) -> Hits:
        """Offer all."""
        for name, action, about in self._all():
            yield DiscoveryHit(name, self._run(action), help=about)

    async def search(self, query: str) -> Hits:
        """Offer those like what was typed."""
        matcher = self.matcher(query)
        for name, action, about in self._all():
            score = max(matcher.match(name), matcher.match(about) * 0.5)
            if score > 0:
                yield Hit(score, matcher.highlight(name), self._run(action), help=about)
