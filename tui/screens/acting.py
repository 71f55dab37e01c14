"""The board with what a person can do on it: acts upon alerts, filters, leaving."""

from __future__ import annotations

from collections.abc import Callable

from detention_monitor.boards.desk import AlertLine
from detention_monitor.boards.rows import suites_of
from detention_monitor.errors import DetentionMonitorError
from tui.keys import TRANSPORT
from tui.screens.dialogs import Ask, AskAct, Sure
from tui.screens.playing import Playing

_ACK = ("on it now", "called, no answer", "on the way", "refused")
_SHELVE = ("asleep", "in hospital", "in interview", "awaits solicitor")
_WHY = ("no officer free", "interview ran on", "recorded late", "medical care")


class ActingBoard(Playing):
    """See the module."""

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
                self.say_done(said)
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
                if text and not self.noted("searched", None, text):
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
