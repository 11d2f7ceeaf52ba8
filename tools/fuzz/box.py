"""Isolates one case at a time, next to files that nothing may touch.

BOX/case      the damaged folder that is read
BOX/outside   files that names and links in damaged files point to
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

CANARIES = ("victim.txt", "victim-00000.bin", "victim-00000.ends", "victim.safetensors",
            "victim.distcp", "victim.json")  # fmt: skip
WRITES = {"os.remove", "os.rename", "os.truncate", "os.rmdir", "os.mkdir", "os.link", "os.symlink",
          "shutil.rmtree", "os.chmod"}  # fmt: skip
Whole = dict[str, Any]


class Template:
    """A valid folder in memory, which is written again for each case."""

    def __init__(self, folder: Path) -> None:
        self._folders: list[str] = []
        self._files: dict[str, bytes] = {}
        self._links: dict[str, Path] = {}
        for path in sorted(folder.rglob("*")):
            name = str(path.relative_to(folder))
            if path.is_symlink():
                self._links[name] = path.readlink()
            elif path.is_dir():
                self._folders.append(name)
            else:
                self._files[name] = path.read_bytes()

    def write(self, folder: Path) -> None:
        """Write it to a folder that does not exist yet."""
        for name in ("", *self._folders):
            (folder / name).mkdir()
        for name, content in self._files.items():
            (folder / name).write_bytes(content)
        for name, target in self._links.items():
            (folder / name).symlink_to(target)


class Box:
    """``case`` is recreated for each case; `touched` reports what was done outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.case, self.outside = self.folder / "case", self.folder / "outside"
        self.outside.mkdir(parents=True)
        for name in CANARIES:
            (self.outside / name).write_bytes(b'{"mine": 1}' * 40)
        self._whole = self._look()
        self._events: list[str] = []
        self._watching = False
        sys.addaudithook(self._hear)

    def fill(self, template: Template) -> Path:
        """A fresh copy of a valid folder."""
        empty(self.case)
        template.write(self.case)
        return self.case

    def touched(self) -> list[str]:
        """The accesses outside since the last call."""
        found, self._events = self._events, []
        now = self._look()
        return found + [f"changed {n}" for n in {*now, *self._whole}
                        if now.get(n) != self._whole.get(n)]  # fmt: skip

    def __enter__(self) -> Box:
        self._watching = True
        return self

    def __exit__(self, *_: object) -> None:
        self._watching = False

    def _hear(self, event: str, args: tuple[Any, ...]) -> None:
        """Record files outside opened by name; links are not followed, as they may be read."""
        if not self._watching or not (event == "open" or event in WRITES):
            return
        for name in args[:2]:
            if isinstance(name, (str, os.PathLike)) and "outside" in str(name):
                path = os.path.abspath(name)  # noqa: PTH100  links are not followed
                if path.startswith(f"{self.outside}{os.sep}"):
                    self._events.append(f"{event} {path}")

    def _look(self) -> Whole:
        """The files outside the case, by name. Any change of a file changes its ctime."""
        found: Whole = {}
        for path in (*self.folder.iterdir(), *self.outside.iterdir()):
            facts = path.lstat()
            if path == self.outside:
                found[path.name] = (facts.st_ino, facts.st_mode)
            elif path != self.case:
                found[path.name] = (facts.st_ino, facts.st_mode, facts.st_size, facts.st_ctime_ns)
        return found


def empty(path: Path) -> None:
    """Remove a file, link, pipe or folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def keep(case: Path, target: Path) -> None:
    """Copy a case for later inspection; pipes and links stay pipes and links."""
    empty(target)
    for path in [case, *sorted(case.rglob("*"))]:
        place, mode = target / path.relative_to(case), path.lstat().st_mode
        if stat.S_ISDIR(mode):
            place.mkdir(parents=True, exist_ok=True)
        elif stat.S_ISLNK(mode):
            place.symlink_to(path.readlink())
        elif stat.S_ISREG(mode):
            shutil.copyfile(path, place)
        elif stat.S_ISFIFO(mode):
            os.mkfifo(place)
