"""A Python that has imported what is slow to import, and runs code in forks of itself.

Starting Python and importing takes most of the time of a test that needs a process of its own.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

SECONDS = 60  # that a run may take


class WarmPython:
    """Runs code as ``python -c`` does; modules of ``anew`` are imported again in each run.

    So what these read from the environment when they are imported is that of the run.
    """

    def __init__(self, *modules: str, anew: str = "") -> None:
        code = f"from tests.warm import serve; serve({modules!r}, {anew!r})"
        paths = os.pathsep.join([str(ROOT), str(ROOT / "src")])
        self.process = subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": paths}, cwd=ROOT, text=True,
        )  # fmt: skip

    def run(
        self, code: str, *arguments: str, env: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        assert self.process.stdin
        assert self.process.stdout
        with tempfile.TemporaryDirectory() as folder:
            said = [Path(folder, name) for name in ("out", "err")]
            asked = {"code": code, "arguments": arguments, "env": env, "said": list(map(str, said))}
            print(json.dumps(asked), file=self.process.stdin, flush=True)
            if not select.select([self.process.stdout], [], [], SECONDS)[0]:
                self.close()
                raise TimeoutError(f"no end in {SECONDS} seconds: {code}")
            status = int(self.process.stdout.readline())
            out, err = (path.read_text("utf-8") for path in said)
        return subprocess.CompletedProcess([code, *arguments], status, out, err)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def serve(modules: tuple[str, ...], anew: str) -> None:
    """The process: a line of JSON asks for a run, a line with its exit code answers."""
    for name in modules:
        importlib.import_module(name)
    for name in [name for name in sys.modules if anew and name.split(".")[0] == anew]:
        del sys.modules[name]
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become(json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(asked: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(asked["env"])
    for number, path in enumerate([os.devnull, *asked["said"]]):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), number)
    sys.argv = ["-c", *asked["arguments"]]
    status = 0
    try:
        exec(compile(asked["code"], "<string>", "exec"), {"__name__": "__main__"})
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(error.code is not None)
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
