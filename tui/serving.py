"""The board for browsers: textual-serve, kept to this host."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.server import Server

ONLY_HERE = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'"
)
"""The page of textual-serve names a style sheet of another host, and shows nothing until that has
answered or not: without this a closed network waits for minutes, and an open one tells others that
somebody looks (design D13)."""


class LocalServer(Server):
    """Serves pages that load nothing from elsewhere, and only to pages of its own."""

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.on_response_prepare.append(_only_here)
        return app

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Open a board; refuse it to a page of another site that is open in the same browser."""
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != request.host:
            raise web.HTTPForbidden(text="this board answers its own page only")
        return await super().handle_websocket(request)


async def _only_here(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Content-Security-Policy"] = ONLY_HERE
