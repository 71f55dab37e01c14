"""The board in a real browser: what it receives, a key pressed there, and what comes back."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--remote-debugging-port=0", "--window-size=1280,900",
    "--single-process",  # a page in a process of its own crashes on some machines three times of four
)  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def running(command: list[str], **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        start_new_session=True, **more,
    )  # fmt: skip
    try:
        yield started
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGTERM)
        try:
            started.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.communicate()


def until(holds: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class TabCrashedError(Exception):
    """The browser's own process for the page died, which says nothing of the page."""


class Tab:
    """A tab of a browser, over its debugging protocol."""

    def __init__(self, socket_: Any) -> None:
        self._socket, self._last, self.received = socket_, 0, ""

    async def ask(self, method: str, **params: Any) -> None:
        self._last += 1
        await self._socket.send_str(
            json.dumps({"id": self._last, "method": method, "params": params})
        )

    async def _next(self) -> dict[str, Any]:
        """Return what the browser says next; one that is gone says nothing."""
        data = (await self._socket.receive()).data
        if not isinstance(data, str):
            raise TabCrashedError
        return dict(json.loads(data))

    async def until(self, text: str, seconds: float = 60) -> None:
        """Read what the page receives over its own socket until a text has come."""
        async with asyncio.timeout(seconds):
            while text not in self.received:
                event = await self._next()
                if event.get("method") == "Inspector.targetCrashed":
                    raise TabCrashedError
                if event.get("method") == "Network.webSocketFrameReceived":
                    frame = event["params"]["response"]["payloadData"]
                    self.received += _decoded(frame)

    async def answer(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask, and return the result; what else comes meanwhile is passed over."""
        await self.ask(method, **params)
        async with asyncio.timeout(60):
            while True:
                got = await self._next()
                if got.get("method") == "Inspector.targetCrashed":
                    raise TabCrashedError
                if got.get("id") == self._last:
                    assert "error" not in got, got
                    return dict(got["result"])

    async def value(self, expression: str) -> Any:
        """Return what JavaScript has in the page."""
        got = await self.answer("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in got, got
        return got["result"].get("value")


def _decoded(frame: str) -> str:
    import base64
    import binascii

    try:
        return base64.b64decode(frame, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return frame


@contextlib.asynccontextmanager
async def tab(profile: Path, url: str) -> AsyncIterator[Tab]:
    import aiohttp

    known = profile / "DevToolsActivePort"
    with running([str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", "about:blank"]):
        until(lambda: known.exists() and len(known.read_text().splitlines()) == 2, "no browser")
        port = int(known.read_text().splitlines()[0])
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json") as got:
                pages = [each for each in await got.json() if each["type"] == "page"]
            async with session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as ws:
                opened = Tab(ws)
                await opened.ask("Network.enable")
                await opened.ask("Page.enable")
                await opened.ask("Emulation.setFocusEmulationEnabled", enabled=True)
                await opened.ask("Page.navigate", url=url)
                yield opened


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
async def test_the_board_in_a_browser_takes_a_key_and_answers(tmp_path: Path) -> None:
    port = free_port()
    program = [sys.executable, "-m", "detention_monitor", "watch", "--demo", "--browser",
               "--port", str(port)]  # fmt: skip
    with running(program):
        until(lambda: answers(port), "nothing served")
        for attempt in range(12):
            with contextlib.suppress(TabCrashedError):
                await _press_a_key(tmp_path / str(attempt), f"http://127.0.0.1:{port}")
                return
    pytest.skip("the browser of this machine crashed twelve times, whatever the page")


async def _press_a_key(profile: Path, url: str) -> None:
    async with tab(profile, url) as page:
        await page.until("DEMONSTRATION", 60)
        await page.until("Next duty")
        for _ in range(20):  # the page takes keys a moment after it shows its first text
            for kind in ("mousePressed", "mouseReleased"):
                await page.ask("Input.dispatchMouseEvent", type=kind, x=300, y=400,
                               button="left", clickCount=1)  # fmt: skip
            for kind, text in (("keyDown", "h"), ("keyUp", "")):
                await page.ask("Input.dispatchKeyEvent", type=kind, key="h", code="KeyH",
                               windowsVirtualKeyCode=72, text=text)  # fmt: skip
            with contextlib.suppress(TimeoutError):
                await page.until("SHIFT HANDOVER", 3)
                return
        pytest.fail("no key came through the browser")


async def test_the_page_loads_from_here_only_and_answers_its_own_page_only() -> None:
    import aiohttp

    port = free_port()
    program = [sys.executable, "-m", "detention_monitor", "watch", "--demo", "--browser",
               "--port", str(port)]  # fmt: skip
    with running(program):
        until(lambda: answers(port), "nothing served")
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/") as got:
                assert "default-src 'self'" in got.headers["Content-Security-Policy"]
            url = f"ws://127.0.0.1:{port}/ws?width=120&height=40"
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(url, origin="http://elsewhere.example")
            assert refused.value.status == 403
            async with session.ws_connect(url, origin=f"http://127.0.0.1:{port}") as opened:
                assert not opened.closed


def test_without_the_package_the_cure_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "textual_serve").mkdir()
    (tmp_path / "textual_serve" / "__init__.py").write_text("raise ImportError('not here')\n")
    done = subprocess.run(
        [sys.executable, "-m", "detention_monitor", "watch", "--demo", "--browser"],
        capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install 'detention-monitor[browser]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_package_that_serves_is_among_those_for_tests() -> None:
    assert importlib.util.find_spec("textual_serve"), "pip install -e '.[dev]'"
