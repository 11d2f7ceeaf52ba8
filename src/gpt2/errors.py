"""All errors that this package raises on purpose.

    GPT2Error
    ├── ConfigError              an impossible model configuration (ValueError)
    ├── OptionError              an unknown option, or a value out of bounds (ValueError)
    │   └── UnknownOptionError   a keyword that does not exist (TypeError)
    ├── InputError               a text, prompt or tensor that cannot be used (ValueError)
    │   └── ContextLengthError   more tokens than the model has positions for
    ├── TokenizerError           an id or a vocabulary that does not fit (ValueError)
    ├── ModelFileError           a model's files (OSError)
    │   ├── MissingFileError     not there (FileNotFoundError)
    │   ├── CorruptFileError     truncated, damaged, or not what its name says
    │   ├── WeightError          wrong names, wrong shapes, NaN (ValueError)
    │   └── WriteError           could not be written: disk full, no permission
    ├── HubError                 the model hub (OSError)
    │   ├── HubNotFoundError     it has no such model, file or revision
    │   └── HubOfflineError      it cannot be reached, or offline mode is set
    ├── TrainingError            training that cannot continue: a loss that is not finite
    ├── MissingDependencyError   an optional package is not installed (ImportError)
    └── UnsupportedError         GPT-2 has it, this package does not (NotImplementedError)
        └── ElsewhereError       a name that only transformers has (ImportError)

Each also inherits the built-in named in brackets, so code written for transformers, which raises
plain OSError and ValueError, catches them too. A message says what was found and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

REASON = 200  # characters of another library's message
SHOWN = 60  # characters of a value in a message


class GPT2Error(Exception):
    """The base class: ``except GPT2Error`` catches all errors raised on purpose."""


class ConfigError(GPT2Error, ValueError):
    """A model configuration that cannot be built."""


class OptionError(GPT2Error, ValueError):
    """An unknown option, or a value of the wrong type or out of bounds."""


class UnknownOptionError(OptionError, TypeError):
    """A keyword that a function does not have."""


class InputError(GPT2Error, ValueError):
    """A text, prompt or array that cannot be used."""


class ContextLengthError(InputError):
    """More tokens than the model has positions for."""


class TokenizerError(GPT2Error, ValueError):
    """An invalid token, id or vocabulary."""


class ModelFileError(GPT2Error, OSError):
    """A file of a model could not be read or written."""


class MissingFileError(ModelFileError, FileNotFoundError):
    """A file or folder that does not exist."""


class CorruptFileError(ModelFileError):
    """A file that is truncated, damaged, or not in the format its name implies."""


class WeightError(ModelFileError, ValueError):
    """Weights with wrong names or shapes, or that are not finite."""


class WriteError(ModelFileError):
    """A file that could not be written; an existing one is unchanged."""


class HubError(GPT2Error, OSError):
    """The model hub answered with an error."""


class HubNotFoundError(HubError):
    """The hub has no such model, file or revision."""


class HubOfflineError(HubError):
    """The hub cannot be reached, or offline mode is set and the file is not in the cache."""


class TrainingError(GPT2Error):
    """Training that cannot continue; the last checkpoint is unchanged."""


class MissingDependencyError(GPT2Error, ImportError):
    """An optional package is not installed; the message includes the command to install it."""


class UnsupportedError(GPT2Error, NotImplementedError):
    """A feature that other GPT-2 implementations have and this package does not."""


class ElsewhereError(UnsupportedError, ImportError):
    """An imported name that transformers has and this package does not."""


class GPT2Warning(UserWarning):
    """A warning of this package; the tests turn unexpected ones into errors."""


def show(value: Any) -> str:
    """A value's repr for a message, truncated: a value from a file may have megabytes."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def first_line(error: BaseException) -> str:
    """The first line of another library's message, or the name of an error without a message."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def reason(error: Exception) -> str:
    """Another library's message on one line, truncated: it may quote a complete file."""
    text = " ".join(str(error).split()).rstrip(".")
    return text if len(text) <= REASON else f"{text[:REASON]}..."


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name closest to a wrong one, or None."""
    import difflib  # imported only for error messages

    near = difflib.get_close_matches(name, list(known), 1, cutoff)
    return near[0] if near else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """ " Did you mean NAME?" if a known name is close to a wrong one, otherwise an empty string."""
    near = nearest(name, known)
    return f" Did you mean {near}?" if near else ""
