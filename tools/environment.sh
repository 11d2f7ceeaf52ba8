#!/bin/sh
# Make or refresh one virtual environment: tools/environment.sh NAME EXTRAS SIZE [REQUIREMENTS]
# NAME is the folder below .venv, EXTRAS what pip installs (".", ".[dev]" or nothing of ours),
# SIZE how much is downloaded, in words, REQUIREMENTS a file of further packages. Does nothing when
# what it depends on has not changed.
set -eu
name=$1 extras=$2 size=$3 more=${4:-}
cd "$(dirname "$0")/.."
place=.venv/$name
python=${PYTHON:-python3}

missing() {
    echo "gpt2: $1" >&2
    echo "      On Debian or Ubuntu: apt-get install $2" >&2
    exit 1
}
command -v "$python" >/dev/null 2>&1 || missing "Python is not installed." python3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    missing "Python 3.11 or newer is needed, found $("$python" -V 2>&1). Set PYTHON=..." python3
"$python" -c 'import venv, ensurepip' 2>/dev/null ||
    missing "this Python cannot make virtual environments." python3-venv
has_compiler() {
    [ -n "${CXX:-}" ] || command -v c++ >/dev/null 2>&1 || command -v g++ >/dev/null 2>&1 ||
        command -v clang++ >/dev/null 2>&1
}

stamp=$(cat pyproject.toml constraints.txt CMakeLists.txt tools/build_backend.py csrc/* $more 2>/dev/null | cksum)
if [ "$(cat "$place/stamp" 2>/dev/null)" = "$stamp $extras" ]; then exit 0; fi

echo "gpt2: setting up $place ($size from the package index, once)" >&2
has_compiler || echo "gpt2: no C++ compiler is installed: the ziglang wheel's builds the core" \
    "(about 100 MB more, and a few minutes)" >&2
[ -x "$place/bin/python" ] || "$python" -m venv "$place"
"$place/bin/python" -m pip install --disable-pip-version-check -c constraints.txt \
    ${extras:+-e "$extras"} ${more:+-r "$more"} >&2
echo "$stamp $extras" >"$place/stamp"
