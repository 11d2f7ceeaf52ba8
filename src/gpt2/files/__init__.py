"""Files: written whole or not at all (`writing`), read with clear errors (`reading`), the names
that a file may give to its neighbours (`names`), dataclasses out of JSON (`records`) and which
process writes (`locks`)."""

from gpt2.files.names import inside, path_of, plain_name
from gpt2.files.reading import (
    exists,
    is_same,
    json_lines,
    open_regular,
    parse_json,
    read_bytes,
    read_error,
    read_json,
    read_json_object,
    read_text,
    sha256,
    stand_in,
)
from gpt2.files.writing import (
    atomic,
    atomic_folder,
    reported,
    to_json,
    write_error,
    write_json,
    write_text,
)

__all__ = [
    "atomic",
    "atomic_folder",
    "exists",
    "inside",
    "is_same",
    "json_lines",
    "open_regular",
    "parse_json",
    "path_of",
    "plain_name",
    "read_bytes",
    "read_error",
    "read_json",
    "read_json_object",
    "read_text",
    "reported",
    "sha256",
    "stand_in",
    "to_json",
    "write_error",
    "write_json",
    "write_text",
]
