"""Pages that stand alone: one HTML file with its style and its charts in it, fit to be printed.

Templates lie in `templates/`; each extends `base.html`. Text of records is escaped, and the page
itself forbids a browser to load or run anything, but for a script of ours that it names by its
digest. Needs the extra `reports`.
"""

from __future__ import annotations

from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from typing import Any

from detention_monitor.errors import DetentionMonitorError
from detention_monitor.paths import PACKAGE
from detention_monitor.text import on_a_page

_TEMPLATES = PACKAGE / "templates"
_NEEDS_MORE = "pages with charts need more: python -m pip install 'detention-monitor[reports]'"


def page(template: str, /, **values: Any) -> str:
    """Return a page as text; `values` are what its template speaks of.

    Raises `DetentionMonitorError` where the extra is not installed.
    """
    return str(_environment().get_template(template).render(**values))


def drawing(chart: Any, told: str) -> Any:
    """Return an Altair chart as SVG to put into a page; `told` says in a sentence what it shows.

    The sentence is for those who do not see the chart. Raises `DetentionMonitorError` where the
    extra is not installed.
    """
    try:
        import vl_convert  # lazy: an optional extra
        from markupsafe import Markup, escape
    except ImportError as error:
        raise DetentionMonitorError(_NEEDS_MORE) from error
    svg = vl_convert.vegalite_to_svg(_drawable(chart.to_dict()))
    named = f'<svg role="img" aria-label="{escape(told)}"'
    return Markup(svg.replace("<svg", named, 1))  # noqa: S704 - drawn here; text in it is escaped


def _drawable(value: Any) -> Any:
    """Return a chart, or a part of one, with what cannot stand in an SVG replaced by a mark.

    The library that draws aborts of such a character, and the process with it.
    """
    match value:
        case str():
            return on_a_page(value)
        case dict():
            return {_drawable(key): _drawable(each) for key, each in value.items()}
        case list() | tuple():
            return [_drawable(each) for each in value]
    return value


def script(name: str) -> tuple[Any, str]:
    """Return a script of `templates/` to put into a page, and how the page's policy names it.

    A browser runs that script and no other: the policy holds its SHA-256 (Content Security Policy
    level 2, section 4.2.5).
    """
    try:
        from markupsafe import Markup  # lazy: an optional extra
    except ImportError as error:
        raise DetentionMonitorError(_NEEDS_MORE) from error
    text = (_TEMPLATES / name).read_text(encoding="utf-8")
    digest = b64encode(sha256(text.encode()).digest()).decode()
    return Markup(text), f"sha256-{digest}"  # noqa: S704 - a file of the program


def altair() -> Any:
    """Return the charting library; raise `DetentionMonitorError` where it is not installed."""
    try:
        import altair as alt  # lazy: an optional extra
    except ImportError as error:
        raise DetentionMonitorError(_NEEDS_MORE) from error
    return alt


@lru_cache(maxsize=1)
def _environment() -> Any:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # lazy: an optional extra
    except ImportError as error:
        raise DetentionMonitorError(_NEEDS_MORE) from error
    loader = PackageLoader("detention_monitor", "templates")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_finally,
    )  # fmt: skip


def _finally(value: Any) -> Any:
    """Return what goes into a page: texts of records hold what they hold."""
    return type(value)(on_a_page(value)) if isinstance(value, str) else value
