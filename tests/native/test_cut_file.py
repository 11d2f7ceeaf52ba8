"""A packed model's file that is cut short while the model is in use."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from gpt2.hub import resolve
from tests.conftest import ROOT

CODE = """
import os, sys
import gpt2
model = gpt2.load(sys.argv[1])
model.generate([[1, 2, 3]], max_new_tokens=2)
os.truncate(sys.argv[2], 4096)
try:
    model.generate([[1, 2, 3]], max_new_tokens=2)
except gpt2.GPT2Error as error:
    print(type(error).__name__, error)
"""


def test_the_next_text_is_an_error_and_no_signal(tmp_path: Path) -> None:
    folder = shutil.copytree(resolve("gpt2-mini"), tmp_path / "model")
    file = max(folder.glob("*.safetensors"), key=lambda path: path.stat().st_size)
    command = [sys.executable, "-c", CODE, str(folder), str(file)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, (result.returncode, result.stderr)
    assert result.stdout.startswith("CorruptFileError a file of this model was truncated")
