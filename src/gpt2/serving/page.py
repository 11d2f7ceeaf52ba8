"""The page at ``/``, read once at the start, so that no request accesses a file.

Its files have the same paths as in the package, ``/web`` (shared by pages) and ``/serving/web``, so
that their imports work both in the package and on the server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.resources import files
from importlib.resources.abc import Traversable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TYPES = {".css": "text/css", ".html": "text/html", ".js": "text/javascript"}
# Only our own scripts and styles, and connections only to this server.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_routes() -> list[Route]:
    """The routes of ``/`` and the files it loads."""
    routes = {
        path: file
        for folder in ("web", "serving/web")
        for path, file in _files(files("gpt2") / folder, f"/{folder}").items()
    }
    routes["/"] = routes.pop("/serving/web/index.html")
    return [Route(path, _answer(*file)) for path, file in routes.items()]


def _files(folder: Traversable, path: str) -> dict[str, tuple[bytes, str]]:
    """The content and type of every file that a browser may request, by path."""
    contents: dict[str, tuple[bytes, str]] = {}
    for entry in folder.iterdir():
        name = f"{path}/{entry.name}"
        if entry.is_dir():
            contents |= _files(entry, name)
        elif (kind := TYPES.get(f".{entry.name.rpartition('.')[2]}")) is not None:
            contents[name] = entry.read_bytes(), kind
    return contents


def _answer(content: bytes, kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return Response(content, media_type=kind, headers=HEADERS)

    return answer
