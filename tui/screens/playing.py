"""The board of a story: what is replayed, transport keys, jumps, and where it stands."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from threading import Event
from typing import cast

from textual import work

from detention_monitor.boards.clock import StoryClock
from detention_monitor.boards.desk import PassedOver
from detention_monitor.boards.lines import Line, Piece, piece
from detention_monitor.boards.marks import Mark, between, marks, next_mark, ruler
from detention_monitor.boards.rows import when_text
from detention_monitor.boards.story import StoryDesk, arrival, coverage_by
from detention_monitor.detention import detentions_of
from detention_monitor.entries import CustodyEvent
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.times import parse_instant, start_of_day
from detention_monitor.vocabulary import Coverage
from tui.judge import worker
from tui.screens.dialogs import Ask, read_time
from tui.screens.paging import Paging

PATIENCE = 0.2
"""Seconds for which a story is judged between two frames."""


class Playing(Paging):
    """See the module. On a board of the present none of this is offered."""

    _found: Sequence[Mark] | None = None
    _end_search: Event | None = None

    @property
    def story(self) -> StoryClock:
        """The clock of the story."""
        return cast("StoryClock", self.clock)

    def on_mount(self) -> None:
        """Look through the story for what replay jumps to."""
        if isinstance(self.desk, StoryDesk) and self.board.searches:
            self._search()

    def on_unmount(self) -> None:
        """Stop looking."""
        if self._end_search is not None:
            self._end_search.set()

    def _search(self) -> None:
        if self._end_search is not None:
            self._end_search.set()
        self._found, self._end_search = None, Event()
        self._find_marks(self._end_search)

    @work(thread=True)
    def _find_marks(self, stop: Event) -> None:
        """Judge the story at each change, in a process of its own."""
        desk = cast("StoryDesk", self.desk)
        judge = worker(desk.ruleset)
        try:
            found = marks(
                detentions_of(desk.entries, desk.coverage),
                judge,
                self.story.end,
                desk.reading,
                stop.is_set,
            )
        finally:
            judge.close()
        if not stop.is_set():
            self.app.call_from_thread(self._have, found)

    def _have(self, found: Sequence[Mark]) -> None:
        self._found = found
        self.paint()

    def transport(self, width: int) -> Line:
        """Return the line of the story: where it stands, and what was found when."""
        story = self.story
        found = self._found or ()
        start, end = when_text(story.start, self.now), when_text(story.end, self.now)
        desk = cast("StoryDesk", self.desk)
        how = "as known" if desk.reading == "as_known" else "as happened"
        tail = f" {end}  {how}" + ("" if self._found is not None else "  looking for alerts")
        drawn = ruler(found, story.start, story.end, self.now, width - len(start) - len(tail) - 4,
                      self.glyphs.dot)  # fmt: skip
        return (Piece(f" {start} ", "dim"), Piece(drawn), piece(tail, "dim"))

    # --- keys ----------------------------------------------------------------------------------

    def _moved_to(self, at: int) -> str:
        """Go to an instant; return what to say of what was passed over, if anything was.

        Where one lands only what still stands shows: what came and went again is in the handover.
        """
        desk, before = cast("StoryDesk", self.desk), self.story.now()
        self.story.go_to(at)
        now = self.story.now()
        desk.jumped = None
        came: Sequence[Mark] = ()
        if now > before and self._found is not None:
            came = between(self._found, before, now)
            listed = tuple((each.at, each.record, each.text, each.key) for each in came)
            desk.jumped = PassedOver(before, now, listed)
        self.tick()
        breaches = sum(each.what == "breach" for each in came)
        near = f"a duty came near {len(came) - breaches} times, {breaches} breaches were found"
        return f"passed over: {near}; h lists what came and went again" if came else ""

    def action_pause(self) -> None:
        """Stop the story, or let it go on."""
        self.story.pause()
        self.tick()

    def action_faster(self) -> None:
        """Play faster."""
        self.story.faster()
        self.tick()

    def action_slower(self) -> None:
        """Play slower."""
        self.story.slower()
        self.tick()

    def action_step(self, steps: int) -> None:
        """Stop, and go to the next entry or the one before."""
        desk = cast("StoryDesk", self.desk)
        known = desk.reading == "as_known"
        instants = sorted(arrival(each) if known else each.at for each in desk.entries)
        now = self.story.now()
        self.story.stop()
        place = bisect_right(instants, now) if steps > 0 else bisect_left(instants, now) - 1
        if 0 <= place < len(instants):
            self._moved_to(instants[place])

    def _jump(self, steps: int, *, breaches: bool) -> None:
        if self._found is None:
            self.board.say("still looking through the record for alerts")
            return
        self.story.stop()
        mark = next_mark(self._found, self.story.now(), steps, breaches=breaches)
        if mark is None:
            side = "after" if steps > 0 else "before"
            self.board.say(f"no {'breach' if breaches else 'alert'} {side} this")
            return
        self._moved_to(mark.at)
        self.board.say(f"{when_text(mark.at, self.now)} {mark.record}: {mark.text}")
        name = next(
            (row.child.detention for row in self.every if mark.record in row.child.records), ""
        )
        self.children_list.choose(name)

    def action_mark(self, steps: int) -> None:
        """Stop at the next alert, or the one before."""
        self._jump(steps, breaches=False)

    def action_breach(self, steps: int) -> None:
        """Stop at the next breach, or the one before."""
        self._jump(steps, breaches=True)

    def action_go_to(self) -> None:
        """Ask for a time, and go there."""

        def go(text: str | None) -> None:
            if not text:
                return
            try:
                passed = self._moved_to(_instant(text, self.story))
                if passed:
                    self.board.say(passed)
            except ValueError as error:
                self.board.say(str(error), wrong=True)

        self.app.push_screen(Ask("Go to: 22:40, or 2024-09-13 22:40"), go)

    def action_reading(self) -> None:
        """Read the past as it was known, or as it happened."""
        desk = cast("StoryDesk", self.desk)
        desk.read("as_happened" if desk.reading == "as_known" else "as_known")
        if desk.reading == "as_known" and desk.undated:
            self.board.say(
                f"{desk.undated} entries do not say when they were recorded: taken as known at once"
            )
        self._search()
        self.tick()

    # --- what is replayed ----------------------------------------------------------------------

    def action_replay(self) -> None:
        """Play the chosen record from its beginning; actions are off."""
        name = self.child_name
        detention = self.desk.detention(name) if name is not None else None
        if name is None or detention is None:
            return
        if not self.noted("opened", name, "REPLAY"):
            return
        self.play(detention.entries, coverage_by([detention]))

    def action_replay_all(self) -> None:
        """Play everything that the board knows, or a day that a person names."""
        if isinstance(self.desk, StoryDesk):
            self.play(self.desk.entries, self.desk.coverage)
            return

        def chosen(text: str | None) -> None:
            if text is None:
                return
            if text.strip():
                self._replay_day(text.strip())
            elif self.noted("opened", None, "REPLAY of all"):
                named = (self.desk.detention(each.detention) for each in self.desk.children())
                known = [each for each in named if each is not None]
                self.play([entry for each in known for entry in each.entries], coverage_by(known))

        self.app.push_screen(
            Ask("Replay which day? 2024-09-13; empty: who is on this board"), chosen
        )

    def _replay_day(self, text: str) -> None:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self.board.say(f"'{text}' is no day; write 2024-09-13", wrong=True)
            return
        start, end = start_of_day(day), start_of_day(day + timedelta(days=1))
        if not self.noted("opened", None, f"REPLAY of {day}"):
            return
        try:
            known = self.desk.day(start, end)
        except DetentionMonitorError as error:
            self.board.say(str(error), wrong=True)
            return
        if not known:
            self.board.say(f"no entry of {day} is in the store")
            return
        entries = [entry for each in known for entry in each.entries]
        self.play(entries, coverage_by(known), (start, min(end, self.clock.now())))

    def play(
        self, entries: Sequence[CustodyEvent], coverage: Mapping[str, Coverage],
        between: tuple[int, int] | None = None,
    ) -> None:  # fmt: skip
        """Open a board on which entries are played from the beginning; actions are off.

        `between`: of a day, from when to when (seconds UTC).
        """
        judge = self.board.replay_judge()
        desk = StoryDesk(entries, self.desk.ruleset, judge, coverage=coverage, ready=judge.is_ready)
        desk.patience = PATIENCE
        if not desk.entries:
            self.board.say("no entries to play")
            return
        start, end = between or (desk.start, max(desk.end, self.clock.now()))
        story = StoryClock(start, end, speed=60, running=False)
        self.board.push_screen(type(self)(desk, story, self.look, self.glyphs))


def _instant(text: str, story: StoryClock) -> int:
    text = text.strip()
    if "-" in text:
        return parse_instant(text, "Europe/London")[0]
    at = read_time(text, story.start - 1)
    return story.start if at is None else at
