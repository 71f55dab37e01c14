"""The board with what a person can do on it: acts, pages, filters, replay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, cast

from detention_monitor.boards import feeds_page, pages, rules_page, shelf_page
from detention_monitor.boards.desk import AlertLine
from detention_monitor.boards.lines import Line
from detention_monitor.boards.picture import overview
from detention_monitor.boards.rows import suites_of
from detention_monitor.boards.story import StoryDesk, coverage_by
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.live.access import Action
from detention_monitor.live.limits import Limits
from detention_monitor.times import start_of_day
from tui.keys import TRANSPORT, names
from tui.screens.board import BoardScreen
from tui.screens.dialogs import Ask, AskAct, Sure
from tui.screens.page import Page
from tui.screens.playing import Playing
from tui.screens.taking import take_picture

if TYPE_CHECKING:
    from tui.app import BoardApp

_ACK = ("on it now", "called, no answer", "on the way", "refused")
_SHELVE = ("asleep", "in hospital", "in interview", "awaits solicitor")
_WHY = ("no officer free", "interview ran on", "recorded late", "medical care")

OF_A_CHILD = ("DETAIL", "BEFORE YOU REVIEW", "LAW", "CUSTODY RECORD")
"""Pages that show one child: opening one is logged."""
OF_NOBODY = ("HELP", "RULES")
"""Pages that tell of no child; of every other page it is logged that it was opened."""


class ActingBoard(Playing, BoardScreen):
    """See the module."""

    @property
    def board(self) -> BoardApp:
        """The program."""
        return cast("BoardApp", self.app)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer the keys of a story only where there is one, and acts only where they are taken."""
        if action in TRANSPORT:
            return not self.clock.live
        if action in ("acknowledge", "shelve", "unshelve", "reason", "undo"):
            return self.desk.acts
        return True

    # --- acts ----------------------------------------------------------------------------------

    def _held(self, wanted: Callable[[AlertLine], bool]) -> AlertLine | None:
        """Return the alert that a key means: the chosen one, else the first of the chosen child."""
        if self.feed.has_focus:
            return self.alerts.get(self.feed.chosen or "")
        name = self.child_name
        own = sorted(
            (each for each in self.alerts.values() if each.detention == name and wanted(each)),
            key=lambda each: each.order,
        )
        return own[0] if own else None

    def _ask(
        self, title: str, alert: AlertLine | None, dialog: Callable[[AlertLine], AskAct]
    ) -> None:
        if alert is None:
            self.board.say(f"no alert of this child to {title}")
            return

        def done(said: str | None) -> None:
            if said:
                most = Limits.of(self.desk.parameters, self.clock.now()).alert_undo
                self.board.say(f"{said}; u takes it back, within {most} s")
                self.desk.look(self.clock.now())
                self.sort()

        self.app.push_screen(dialog(alert), done)

    def action_acknowledge(self) -> None:
        """Take on the alert that is held at this key press."""

        def dialog(alert: AlertLine) -> AskAct:
            return AskAct(
                "ACKNOWLEDGE", alert, self.clock.now,
                lambda reason, until: self.desk.acknowledge(alert, self.clock.now(), reason, until),
                reasons=_ACK, when="Expected by; asks again after it", who=self.board.who,
            )  # fmt: skip

        self._ask(
            "acknowledge", self._held(lambda each: each.state in ("new", "past_unseen")), dialog
        )

    def action_shelve(self) -> None:
        """Put aside the alert that is held at this key press."""

        def dialog(alert: AlertLine) -> AskAct:
            return AskAct(
                "SHELVE", alert, self.clock.now,
                lambda reason, until: self.desk.shelve(
                    alert, self.clock.now(), reason, until or self.clock.now()
                ),
                reasons=_SHELVE, when="Until", who=self.board.who, minutes=15,
            )  # fmt: skip

        self._ask(
            "put aside", self._held(lambda each: each.state in ("new", "acknowledged")), dialog
        )

    def action_unshelve(self) -> None:
        """Take the held alert down from the shelf: it is new again."""
        alert = self._held(lambda each: each.state == "shelved")
        if alert is None:
            self.board.say("no alert of this child is put aside")
            return
        try:
            self.board.say(self.desk.unshelve(alert, self.clock.now()))
        except DetentionMonitorError as error:
            self.board.say(str(error), wrong=True)
        self.desk.look(self.clock.now())
        self.sort()

    def action_reason(self) -> None:
        """Say why the duty behind the held alert was missed."""

        def dialog(alert: AlertLine) -> AskAct:
            return AskAct(
                "REASON", alert, self.clock.now,
                lambda reason, _: self.desk.give_reason(alert, self.clock.now(), reason),
                reasons=_WHY, who=self.board.who,
            )  # fmt: skip

        asks = ("missed", "past_unseen", "new", "acknowledged")
        self._ask("give a reason for", self._held(lambda each: each.state in asks), dialog)

    def action_undo(self) -> None:
        """Take back what was done last at this screen."""
        try:
            self.board.say(self.desk.undo(self.clock.now()))
        except DetentionMonitorError as error:
            self.board.say(str(error), wrong=True)
        self.desk.look(self.clock.now())
        self.sort()

    def action_bell(self) -> None:
        """Let new grave alerts ring, or not."""
        self.board.rings = not self.board.rings
        said = "rings for new alerts of high severity or more, once in 30 s at most"
        self.board.say(f"the bell {said}" if self.board.rings else "the bell is off")
        if self.board.rings:
            self.app.bell()  # so that a person hears whether this terminal has one
        self.sort()

    # --- what is shown -------------------------------------------------------------------------

    def action_switch(self) -> None:
        """Give the keys to the alerts, or back to the children."""
        (self.children_list if self.feed.has_focus else self.feed).focus()

    def action_suite(self, number: int) -> None:
        """Show one suite, or all."""
        suites = suites_of(self.every)
        if number > len(suites):
            self.board.say(f"there are {len(suites)} suites with children; 0 shows all")
            return
        self.suite = suites[number - 1] if number else ""
        self.sort()

    def action_faults(self) -> None:
        """Show only children of whom something is asked, or all."""
        self.faults = not self.faults
        self.sort()

    def action_after(self) -> None:
        """Show who left, or who is here."""
        self.after = not self.after
        self.children_list.empty = (
            "Nobody left within a day." if self.after else "No child in custody at this moment."
        )
        self.sort()

    def action_find(self) -> None:
        """Ask for a text to look for."""

        def found(text: str | None) -> None:
            if text is not None:
                if text and not self._noted("searched", None, text):
                    return
                self.find = text
                self.sort()

        self.app.push_screen(Ask("Find a child: name, suite, place or duty; empty shows all",
                                 self.find), found)  # fmt: skip

    def action_back(self) -> None:
        """Leave the alerts, the search, the filters, or the replay: one at a time."""
        if self.feed.has_focus:
            self.children_list.focus()
        elif self.find or self.faults or self.after or self.suite:
            self.find, self.faults, self.after, self.suite = "", False, False, ""
            self.sort()
        elif self.app.screen_stack.index(self) > 1:
            self.dismiss(None)

    # --- pages ---------------------------------------------------------------------------------

    def _open(
        self, title: str, build: Callable[[int], Sequence[Line]], *, ticks: bool = False,
        reload: Callable[[], object] | None = None, tick: Callable[[], object] | None = None,
    ) -> None:  # fmt: skip
        of = self.child_name if title in OF_A_CHILD else None
        if title in OF_NOBODY or self._noted("opened", of, title):
            undo = None if tick is None else self.action_undo
            self.app.push_screen(
                Page(
                    self.look, title, build, ticks=ticks, of=of, reload=reload, tick=tick, undo=undo
                )
            )

    def _noted(self, action: Action, name: str | None, detail: str) -> bool:
        """Log that a person looked; what cannot be logged is not shown."""
        try:
            self.desk.looked(action, self.clock.now(), name, detail)
        except DetentionMonitorError as error:
            self.board.say(f"not shown, as it cannot be logged: {error}", wrong=True)
            return False
        return True

    def action_picture(self) -> None:
        """Make a picture of the board as it stands."""
        take_picture(self.board, "BOARD", self.child_name)

    def action_rules(self) -> None:
        """Open the rules in use, and what each change of them brought."""

        def reload() -> None:
            try:
                self.board.say(self.desk.reload(self.clock.now()))
            except DetentionMonitorError as error:
                self.board.say(str(error), wrong=True)

        self._open("RULES", lambda width: rules_page.lines(
            self.desk, self.clock.now(), width, self.glyphs), ticks=True, reload=reload if self.desk.live else None)  # fmt: skip

    def action_detail(self) -> None:
        """Open everything about the chosen child."""
        name = self.child_name
        if name is not None:
            self._open("DETAIL", lambda width: pages.detail(
                self.desk, name, self.clock.now(), width, self.glyphs), ticks=True)  # fmt: skip

    def on_rows_opened(self) -> None:
        """Open the chosen child or alert."""
        self.action_detail()

    def action_sheet(self) -> None:
        """Open what must be known and asked before a review."""
        name = self.child_name
        if name is not None:
            self._open("BEFORE YOU REVIEW", lambda width: pages.sheet(
                self.desk, name, self.clock.now(), width, self.glyphs), ticks=True)  # fmt: skip

    def action_adviser(self) -> None:
        """Open which reviews to bring forward."""
        self._open("BRING FORWARD", lambda width: pages.adviser(
            self.desk, self.clock.now(), width, self.glyphs), ticks=True)  # fmt: skip

    def action_law(self) -> None:
        """Open the rule behind the first duty, in plain English."""
        finding = self.chosen_finding()
        if finding is not None:
            self._open("LAW", lambda width: pages.law(self.desk, finding, width))

    def action_history(self) -> None:
        """Open every entry of the record."""
        name = self.child_name
        if name is not None:
            self._open("CUSTODY RECORD", lambda width: pages.record(
                self.desk, name, width, self.glyphs))  # fmt: skip

    def action_every(self) -> None:
        """Open the timelines of all children."""

        def build(width: int) -> Sequence[Line]:
            return overview([row.child for row in self.every], self.clock.now(), width, self.glyphs)

        self._open("TIMELINES", build, ticks=True)

    def action_alerts(self) -> None:
        """Open the alerts in every state."""
        self._open("ALL ALERTS", lambda width: pages.alerts(
            self.desk, self.clock.now(), width, self.glyphs), ticks=True)  # fmt: skip

    def action_shelf(self) -> None:
        """Open what is put aside."""
        self._open("SHELVED", lambda width: shelf_page.lines(
            self.desk, self.clock.now(), width, self.glyphs), ticks=True)  # fmt: skip

    def action_feeds(self) -> None:
        """Open how the feeds do, and what was not taken."""
        self._open("FEEDS", lambda width: feeds_page.lines(
            self.desk, self.clock.now(), width, self.glyphs), ticks=True,
            tick=self._tick_off if self.desk.live else None)  # fmt: skip

    def _tick_off(self) -> None:
        """Ask which line was seen and what is done about it."""

        def done(said: str | None) -> None:
            if said is None:
                return
            try:
                told = feeds_page.tick_off(self.desk, said, self.clock.now())
                most = Limits.of(self.desk.parameters, self.clock.now()).alert_undo
                self.board.say(f"{told}; u takes it back, within {most} s")
            except (DetentionMonitorError, ValueError) as error:
                self.board.say(str(error), wrong=True)
            if isinstance(self.app.screen, Page):
                self.app.screen.again()

        waits = self.desk.set_aside(self.clock.now()).last
        if not waits:
            self.board.say("no line waits to be seen")
            return
        first = self.desk.line_number(waits[0]) if len(waits) == 1 else None
        title = f"LINE SEEN  You: {self.board.who}  Number of the line, then what is done about it"
        self.app.push_screen(Ask(title, "" if first is None else f"{first} "), done)

    def action_handover(self) -> None:
        """Open the handover report."""
        self._open("HANDOVER", lambda width: pages.handover(self.desk, self.clock.now(), width))

    def action_help(self) -> None:
        """Open the help."""
        self._open("HELP", lambda width: pages.help_lines(self.active_keys(), width))

    def active_keys(self) -> list[tuple[str, str]]:
        """Return the keys of this board as they are now: key and what it does."""
        known, seen = set(names()), dict[str, tuple[str, str]]()
        for active in self.active_bindings.values():
            binding = active.binding
            if binding.action.endswith("command_palette"):
                seen["palette"] = (self.app.get_key_display(binding), "Commands")
            if not binding.id or binding.id not in known or not active.enabled:
                continue
            if binding.action.startswith("suite("):
                seen["suite"] = ("0 to 9", "All, or one suite")
                continue
            shown = self.app.get_key_display(binding)
            before = seen.get(binding.action)
            joined = shown if before is None or shown == before[0] else f"{before[0]} {shown}"
            seen[binding.action] = (joined, binding.description)
        return sorted(seen.values(), key=lambda each: each[1].casefold())

    def action_palette(self) -> None:
        """Open the command palette."""
        self.app.action_command_palette()

    def action_leave(self) -> None:
        """Quit; ask first while alerts of the gravest kind are new."""
        present = self.board.present  # it may lie under this one, which plays what was
        waiting = present.critical() if present is not None else []
        if not waiting:
            self.app.exit()
            return
        many = f"{len(waiting)} critical alerts are new. Quit all the same?"
        self.app.push_screen(Sure(many), lambda yes: self.app.exit() if yes else None)

    # --- replay --------------------------------------------------------------------------------

    def action_replay(self) -> None:
        """Play the chosen record from its beginning; actions are off."""
        name = self.child_name
        detention = self.desk.detention(name) if name is not None else None
        if name is None or detention is None:
            return
        if not self._noted("opened", name, "REPLAY"):
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
            elif self._noted("opened", None, "REPLAY of all"):
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
        if not self._noted("opened", None, f"REPLAY of {day}"):
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
