"""Pictures and texts of the screen for a person to take away; each is logged before it is made."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from detention_monitor.boards.lines import Line, text_of
from detention_monitor.errors import DetentionMonitorError
from tui.files import named, write_private

if TYPE_CHECKING:
    from tui.app import BoardApp


def take_picture(app: BoardApp, what: str, name: str | None) -> None:
    """Make a picture (SVG) of the screen as it stands; `name`: the detention that it shows."""
    _take(app, "screenshot", what, name, ".svg", app.export_screenshot(title=what))


def take_text(app: BoardApp, what: str, name: str | None, lines: Sequence[Line]) -> None:
    """Write the text of a page."""
    text = "\n".join([what, "", *(text_of(each).rstrip() for each in lines), ""])
    _take(app, "exported", what, name, ".txt", text)


def _take(app: BoardApp, action: str, what: str, name: str | None, ending: str, text: str) -> None:
    now = app.clock.now()
    file, folder = named(what, now), Path.cwd()
    where = "to a browser" if app.is_web else f"to {folder}"
    try:
        app.desk.looked(action, now, name, f"{what}, {file}{ending} {where}")  # type: ignore[arg-type]
        if app.is_web:  # the files of this machine are not those of whoever sits at the browser
            app.deliver_text(io.StringIO(text), save_filename=f"{file}{ending}")
            app.say(f"{file}{ending} goes to the browser")
            return
        app.say(f"written, readable by you only: {write_private(folder, file, ending, text)}")
    except (DetentionMonitorError, OSError) as error:
        app.say(f"not written: {error}", wrong=True)
