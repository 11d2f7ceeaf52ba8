"""The server process: loading models, listening, signals, and a graceful shutdown."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from gpt2.errors import OptionError, show
from gpt2.serving.app import make_app
from gpt2.serving.edge import Lines, Objects
from gpt2.serving.keys import read_keys
from gpt2.serving.load import Loader
from gpt2.serving.metrics import Metrics
from gpt2.serving.models import Models
from gpt2.serving.settings import ServeOptions
from gpt2.serving.state import State, log

# The stepping thread waits at most this long for the sending one; Python's default is ten times.
SWITCH_S = 0.0005


def serve(loader: Loader, options: ServeOptions, say: Callable[[str], None]) -> None:
    """Serve until a signal ends the server.

    Args:
        loader: loads the models.
        options: the options of the server.
        say: called with messages for the user: the URL, the models.

    Raises:
        OptionError: the server cannot listen on the address.
        GPT2Error: a model cannot be loaded, or the file of keys cannot be read.
    """
    server, listening = open_server(loader, options, say)
    sys.setswitchinterval(SWITCH_S)
    with _log_to_stderr(options):
        server.run(sockets=[listening])
    if server.error is not None:
        raise server.error


def open_server(
    loader: Loader, options: ServeOptions, say: Callable[[str], None]
) -> tuple[Server, socket.socket]:
    """Make a server that has bound its port but does not run yet."""
    models = Models()
    state = State(options, models, read_keys(options), Metrics(models), loading=True)
    server, listening = Server(state, loader, say), _listen(options)
    host, port = listening.getsockname()[:2]
    host = f"[{host}]" if ":" in host else host
    say(f"listening on http://{host}:{port}{options.root_path or ''}")
    return server, listening


def _listen(options: ServeOptions) -> socket.socket:
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family, backlog=2048)
    except (OSError, UnicodeError) as error:  # host names are encoded as IDNA
        reason = getattr(error, "strerror", None) or str(error)
        raise OptionError(
            f"cannot listen on {show(options.host)}, port {options.port}: {reason}."
        ) from None


@contextlib.contextmanager
def _log_to_stderr(options: ServeOptions) -> Iterator[None]:
    """Log requests and errors to standard error, as lines or JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Objects() if options.log == "json" else Lines())
    log.addHandler(handler)
    log.setLevel(logging.ERROR if options.log == "none" else logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)


class Server(uvicorn.Server):
    """uvicorn with a two-step shutdown: the first signal lets streams finish, the second does not.

    Attributes:
        error: the error that ended the server, if any.
    """

    def __init__(self, state: State, loader: Loader, say: Callable[[str], None]) -> None:
        o = state.options
        super().__init__(uvicorn.Config(
            make_app(state), lifespan="off", log_config=None, access_log=False, ws="none",
            timeout_keep_alive=o.keep_alive, root_path=o.root_path or "", server_header=False,
            timeout_graceful_shutdown=5,
        ))  # fmt: skip
        self.state, self.loader, self.say = state, loader, say
        self.error: Exception | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install our signal handlers instead of uvicorn's."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        signals = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._signal) for number in signals}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening and load the models meanwhile; /ready returns 200 once all are loaded."""
        await super().startup(sockets)
        self._loop = asyncio.get_running_loop()
        self._loading = asyncio.ensure_future(asyncio.to_thread(self._load))
        self._loading.add_done_callback(self._end_loading)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close connections, then the stepping threads."""
        await super().shutdown(sockets)
        self.state.workers.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._close, drain=False)

    def _load(self) -> None:
        for one in self.loader:
            self.state.models.add(one)
            self.say(self.loader.about(one))

    def _end_loading(self, loading: asyncio.Future[None]) -> None:
        if not loading.cancelled() and (error := loading.exception()) is not None:
            self.error = error if isinstance(error, Exception) else None
            self.should_exit = True
        self.state.loading = False

    def _close(self, *, drain: bool) -> None:
        for one in self.state.models.all:
            if one.scheduler is not None:
                one.scheduler.close(drain=drain)

    def _signal(self, number: int, frame: Any) -> None:
        if self.state.draining:
            self.say("stopping now")
            self._abort()
        self.state.draining = True
        self.say("stopping once all streams have finished; a second signal stops at once")
        self._loop.call_soon_threadsafe(self._drain)

    def _abort(self) -> None:
        sys.stderr.flush()
        os._exit(1)

    def _drain(self) -> None:
        self._waiting = asyncio.ensure_future(self._when_idle())

    async def _when_idle(self) -> None:
        """Wait until no request is in progress, or until the drain time is over."""
        end = asyncio.get_running_loop().time() + self.state.options.drain
        while self.state.active and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.05)
        self.should_exit = True
