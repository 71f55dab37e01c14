"""The keys of the board, each with a name by which a person can give it another key.

The file `keys.toml` in the folder `detention-monitor` of the user's settings ($XDG_CONFIG_HOME, or
~/.config) says, for example: acknowledge = "a,f5"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from textual.binding import Binding

from detention_monitor.errors import DetentionMonitorError

BOARD = [
    Binding("question_mark", "help", "Help", key_display="?", id="help"),
    Binding("q", "leave", "Quit", id="quit"),
    Binding("a", "acknowledge", "Ack", id="acknowledge"),
    Binding("s", "shelve", "Shelve", id="shelve"),
    Binding("r", "reason", "Reason", id="reason"),
    Binding("enter", "detail", "Open", show=False, id="detail"),
    Binding("v", "sheet", "Sheet", id="sheet"),
    Binding("b", "adviser", "Early", id="adviser"),
    Binding("tab", "switch", "Alerts", show=False, id="switch", priority=True),
    Binding("slash", "find", "Find", key_display="/", id="find"),
    Binding("x", "faults", "Faults only", show=False, id="faults"),
    Binding("l", "after", "After release", show=False, id="after"),
    Binding("o", "law", "Law", show=False, id="law"),
    Binding("y", "history", "Record", show=False, id="history"),
    Binding("n", "every", "Timelines", show=False, id="every"),
    Binding("A", "alerts", "All alerts", show=False, id="alerts"),
    Binding("u", "undo", "Undo the last act", show=False, id="undo"),
    Binding("h", "handover", "Handover", id="handover"),
    Binding("t", "replay", "Replay", id="replay"),
    Binding("T", "replay_all", "Replay all", show=False, id="replay_all"),
    Binding("S", "shelf", "Shelf", show=False, id="shelf"),
    Binding("U", "unshelve", "Take down from the shelf", show=False, id="unshelve"),
    Binding("F", "feeds", "Feeds", show=False, id="feeds"),
    Binding("R", "rules", "Rules", show=False, id="rules"),
    Binding("P", "picture", "Picture", show=False, id="picture"),
    Binding("B", "bell", "Bell on or off", show=False, id="bell"),
    Binding("escape", "back", "Back", show=False, id="back"),
    Binding("ctrl+p", "palette", "Commands", show=False, id="palette"),
    *(Binding(str(n), f"suite({n})", f"Suite {n}", show=False, id=f"suite_{n}") for n in range(10)),
    # Only where a story is played.
    Binding("space", "pause", "Play", id="pause"),
    Binding("plus,equals_sign", "faster", "Faster", show=False, key_display="+", id="faster"),
    Binding("minus", "slower", "Slower", show=False, key_display="-", id="slower"),
    Binding("full_stop", "step(1)", "Next entry", show=False, key_display=".", id="step_on"),
    Binding("comma", "step(-1)", "Entry before", show=False, key_display=",", id="step_back"),
    Binding("right_square_bracket", "mark(1)", "Next alert", key_display="]", id="next_alert"),
    Binding("left_square_bracket", "mark(-1)", "Alert before", show=False, key_display="[",
            id="alert_before"),
    Binding("right_curly_bracket", "breach(1)", "Next breach", show=False, key_display="}", id="next_breach"),
    Binding("left_curly_bracket", "breach(-1)", "Breach before", show=False, key_display="{",
            id="breach_before"),
    Binding("colon", "go_to", "Go to time", show=False, key_display=":", id="go_to"),
    Binding("m", "reading", "As known", show=False, id="reading"),
]  # fmt: skip
TRANSPORT = ("pause", "faster", "slower", "step", "mark", "breach", "go_to", "reading")
"""Actions that move the clock of a story; no key stops the present."""


class KeysError(DetentionMonitorError):
    """The file of keys cannot be used; says where and what to do."""


def settings_file(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where a person's keys are written."""
    base = environment.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(base).expanduser() / "detention-monitor" / "keys.toml"


def names() -> list[str]:
    """Return the names of the keys that can be changed."""
    from tui.screens.page import Page
    from tui.widgets.rows import Rows

    bindings = [*BOARD, *Rows.BINDINGS, *Page.BINDINGS]
    return [each.id for each in bindings if isinstance(each, Binding) and each.id]


def keymap(path: Path) -> dict[str, str]:
    """Read a person's keys: by name, the keys with commas between; none where there is no file.

    Raises `KeysError` for what is not TOML, a name that is not there, or keys that are not text.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise KeysError(f'{path}: {error}; write lines such as: acknowledge = "f5"') from None
    from detention_monitor.yamlfile import suggestion  # with a library that few boards need

    known = names()
    for name, keys in raw.items():
        if name not in known:
            raise KeysError(f"{path}: no key is called {name}{suggestion(name, known)}")
        if not isinstance(keys, str) or not keys.strip():
            raise KeysError(f'{path}: {name}: write the key as text, such as "f5" or "a,ctrl+a"')
    return {name: str(keys) for name, keys in raw.items()}
