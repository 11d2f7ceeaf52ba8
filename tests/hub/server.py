"""A small server that speaks the hub's protocol: models listed, files in parts, renamed names."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "1a2b3c4d5e" * 4
LARGE = (".safetensors", ".bin")  # what the hub keeps in its large-file store


class Hub(ThreadingHTTPServer):
    """``repos`` maps a name to a folder, ``renamed`` an old name to the new one.

    ``requests`` has the method and path of everything asked; ``cut`` names files whose next
    download breaks off half-way; ``damaged`` files arrive with a byte changed. Of ``slow`` files
    (or ``listing``) the last half comes at twenty bytes a second. ``answer`` (status, content) is
    what everything gets in the hub's place; ``odd`` names are listed beside the files.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.repos: dict[str, Path] = {}
        self.renamed: dict[str, str] = {}
        self.requests: list[tuple[str, str, str | None]] = []
        self.cut: set[str] = set()
        self.damaged: set[str] = set()
        self.slow: set[str] = set()
        self.answer: tuple[int, bytes] | None = None
        self.odd: list[str] = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fetched(self) -> list[str]:
        """The files whose bytes were asked for."""
        return [p.split("/")[-1] for m, p, _ in self.requests if m == "GET" and "/resolve/" in p]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.requests.append((self.command, self.path, self.headers.get("Range")))
        if self.server.answer is not None:
            code, content = self.server.answer
            return self._send(code, content, {"Content-Type": "text/html"})
        path = unquote(urlsplit(self.path).path).strip("/")
        listing = re.fullmatch(r"api/models/(.+?)(?:/(revision|tree)/([^/]+)(?:/.*)?)?", path)
        file = re.fullmatch(r"(.+?)/resolve/([^/]+)/(.+)", path)
        found = listing[1] if listing else file[1] if file else ""
        if found in self.server.renamed:
            return self._redirect(found, self.server.renamed[found])
        folder = self.server.repos.get(found)
        revision = (listing[3] if listing else file[2] if file else None) or "main"
        if folder is None:
            return self._refuse("RepoNotFound", "Repository not found")
        if revision not in ("main", COMMIT):
            return self._refuse("RevisionNotFound", "Invalid rev id")
        if file:
            return self._file(folder / file[3])
        if listing and listing[2] == "tree":
            return self._json([self._entry(p, folder) for p in _files(folder)])
        return self._json({
            "_id": "0", "id": found, "modelId": found, "sha": COMMIT, "private": False,
            "tags": [], "downloads": 0, "likes": 0,
            "siblings": [self._entry(p, folder, "rfilename") for p in _files(folder)]
            + [{"rfilename": name} for name in self.server.odd],
        })  # fmt: skip

    def do_HEAD(self) -> None:
        self.do_GET()

    def _entry(self, path: Path, folder: Path, name: str = "path") -> dict[str, Any]:
        data = path.read_bytes()
        entry = {name: path.relative_to(folder).as_posix(), "type": "file", "size": len(data),
                 "oid": _sha1(data), "blobId": _sha1(data)}  # fmt: skip
        if path.suffix in LARGE:
            key = "sha256" if name == "rfilename" else "oid"
            entry["lfs"] = {key: _sha256(data), "size": len(data), "pointerSize": 130}
        return entry

    def _file(self, path: Path) -> None:
        if not path.is_file():
            self._refuse("EntryNotFound", "Entry not found")
            return
        data = path.read_bytes()
        tag = _sha256(data) if path.suffix in LARGE else _sha1(data)
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if path.suffix in LARGE:
            headers |= {"X-Linked-Etag": f'"{tag}"', "X-Linked-Size": str(len(data))}
        if path.name in self.server.damaged:
            data = data[:-1] + bytes([data[-1] ^ 1])
        begin = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if begin:
            headers["Content-Range"] = f"bytes {begin[1]}-{len(data) - 1}/{len(data)}"
            data = data[int(begin[1]) :]
        self._send(206 if begin else 200, data, headers, path.name)

    def _send(self, code: int, data: bytes, headers: dict[str, str], name: str = "") -> None:
        self.send_response(code)
        for key, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        if name in self.server.cut:
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            self.close_connection = True
            return
        if name in self.server.slow:
            self.wfile.write(data[: len(data) // 2])
            for byte in data[len(data) // 2 :]:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
            return
        self.wfile.write(data)

    def _json(self, value: Any) -> None:
        headers = {"Content-Type": "application/json"}
        self._send(200, json.dumps(value).encode(), headers, "listing")

    def _refuse(self, code: str, text: str) -> None:
        headers = {"X-Error-Code": code, "X-Error-Message": text}
        self._send(404, json.dumps({"error": text}).encode(), headers)

    def _redirect(self, old: str, new: str) -> None:
        self._send(307, b"", {"Location": self.path.replace(f"/{old}", f"/{new}", 1)})

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _sha1(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
