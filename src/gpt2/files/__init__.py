"""Files: atomic writing (`writing`), reading with clear errors (`reading`), validation of file
names found in files (`names`), dataclasses from JSON (`records`) and file locks (`locks`)."""

from gpt2.files.names import inside, path_of, plain_name
from gpt2.files.reading import (
    exists,
    is_json,
    is_same,
    json_lines,
    open_regular,
    parse_json,
    parse_json_object,
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
    remove,
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
    "is_json",
    "is_same",
    "json_lines",
    "open_regular",
    "parse_json",
    "parse_json_object",
    "path_of",
    "plain_name",
    "read_bytes",
    "read_error",
    "read_json",
    "read_json_object",
    "read_text",
    "remove",
    "reported",
    "sha256",
    "stand_in",
    "to_json",
    "write_error",
    "write_json",
    "write_text",
]
