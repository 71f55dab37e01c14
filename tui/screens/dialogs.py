"""Dialogs in which a person says what they did about an alert: the one held when the key was pressed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from detention_monitor.boards.desk import AlertLine
from detention_monitor.boards.detail import compact
from detention_monitor.boards.lines import piece
from detention_monitor.errors import DetentionMonitorError
from detention_monitor.times import DAY, MINUTE, next_local

Act = Callable[[str, int | None], str]
"""Takes a reason and an instant; returns what to say, or raises an error that says why not."""


class AskAct(ModalScreen[str | None]):
    """Asks for a reason, and a time where there is one to give; returns what was done, or None."""

    BINDINGS: ClassVar = [
        Binding("escape", "cancel", "Cancel"),
        # At once: what is typed right after it, on a slow line, must not land in the field before.
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
        *(Binding(f"f{n}", f"pick({n - 1})", f"Reason {n}", show=False) for n in range(1, 5)),
    ]

    def __init__(
        self, title: str, alert: AlertLine, now: Callable[[], int], act: Act, *,
        reasons: tuple[str, ...] = (), when: str = "", who: str = "",
        minutes: int | None = None,
    ) -> None:  # fmt: skip
        """Ask about one alert; `when` is the label of the time, if one is asked for."""
        super().__init__()
        self._title, self._alert, self._now, self._act = title, alert, now, act
        self._reasons, self._when, self._who, self._minutes = reasons, when, who, minutes

    def compose(self) -> ComposeResult:
        """Lay out what it is about, the reason, and the time."""
        alert = self._alert
        with Vertical(id="box"):
            about = f"{self._title}  {alert.record}  {alert.duty or alert.rule}"
            yield Static(Text(piece(about).text, style="bold"), markup=False)
            said = compact(piece(alert.message, "", 300).text, self._now())
            yield Static(Text(said), markup=False)
            if self._who:
                yield Static(Text(piece(f"You: {self._who}").text), markup=False, classes="quiet")
            if self._reasons:
                listed = "   ".join(f"F{n} {each}" for n, each in enumerate(self._reasons, 1))
                yield Static(Text(listed), markup=False, classes="quiet")
            yield Static(Text("Reason"), markup=False)
            yield Input(id="reason", max_length=2_000)
            if self._when:
                yield Static(Text(f"{self._when} (22:40, or +30 for minutes)"), markup=False)
                start = "" if self._minutes is None else f"+{self._minutes}"
                yield Input(value=start, id="when", max_length=8)
            yield Static("", id="wrong", markup=False)
            yield Static(
                Text("Enter save   Tab next field   Esc cancel"), markup=False, classes="quiet"
            )

    def action_pick(self, number: int) -> None:
        """Take one of the usual reasons."""
        if number < len(self._reasons):
            self.query_one("#reason", Input).value = self._reasons[number]

    def action_cancel(self) -> None:
        """Do nothing."""
        self.dismiss(None)

    def on_input_submitted(self) -> None:
        """Save, or say what is wrong and stay."""
        wrong = self.query_one("#wrong", Static)
        try:
            until = None
            if self._when:
                until = read_time(self.query_one("#when", Input).value, self._now())
            said = self._act(self.query_one("#reason", Input).value, until)
        except (DetentionMonitorError, ValueError) as error:
            wrong.update(Text(piece(compact(str(error), self._now())).text))
            return
        self.dismiss(said)


def read_time(text: str, now: int) -> int | None:
    """Return the instant a person wrote: `22:40` is the next one by the clock, `+30` in minutes.

    Nothing written is None; ValueError says what to write.

    >>> read_time("+30", 1_000), read_time(" ", 1_000)
    (2800, None)
    """
    text = text.strip()
    if not text:
        return None
    if text.startswith("+") and text[1:].isdecimal() and int(text[1:]) * MINUTE <= DAY:
        return now + int(text[1:]) * MINUTE
    hours, colon, minutes = text.partition(":")
    if colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2 \
            and int(hours) < 24 and int(minutes) < 60:  # fmt: skip
        return next_local(now, f"{int(hours):02d}:{minutes}")
    raise ValueError(f"'{text}' is not a time; write 22:40, or +30 for half an hour from now")


class Ask(ModalScreen[str | None]):
    """Asks for one line of text."""

    BINDINGS: ClassVar = [Binding("escape", "cancel", "Cancel")]

    def __init__(self, title: str, value: str = "") -> None:
        """Say what is asked for."""
        super().__init__()
        self._title, self._value = title, value

    def compose(self) -> ComposeResult:
        """Lay out the question and the field."""
        with Vertical(id="box"):
            yield Static(Text(piece(self._title).text, style="bold"), markup=False)
            yield Input(value=self._value, id="answer", max_length=200)
            yield Static(Text("Enter take   Esc cancel"), markup=False, classes="quiet")

    def action_cancel(self) -> None:
        """Answer nothing."""
        self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        self.dismiss(event.value)


class Sure(ModalScreen[bool]):
    """Asks whether to go on with something that cannot be undone."""

    BINDINGS: ClassVar = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n,escape", "answer(False)", "No"),
    ]

    def __init__(self, question: str) -> None:
        """Say what is asked."""
        super().__init__()
        self._question = question

    def compose(self) -> ComposeResult:
        """Lay out the question."""
        with Vertical(id="box"):
            yield Static(Text(piece(self._question).text, style="bold"), markup=False)
            yield Static(Text("y yes   n no"), markup=False, classes="quiet")

    def action_answer(self, answer: bool) -> None:
        """Answer."""
        self.dismiss(answer)
