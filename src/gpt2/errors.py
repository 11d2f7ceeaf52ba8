"""Every error this package raises on purpose.

    GPT2Error
    ├── ConfigError              a model configuration that cannot be (ValueError)
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

REASON = 200  # characters of what another library says
SHOWN = 60  # characters of a value in a message


class GPT2Error(Exception):
    """The root: ``except GPT2Error`` catches everything raised on purpose."""


class ConfigError(GPT2Error, ValueError):
    """A model configuration that cannot be built."""


class OptionError(GPT2Error, ValueError):
    """An unknown option, or a value of the wrong type or out of bounds."""


class UnknownOptionError(OptionError, TypeError):
    """A keyword that a function does not have."""


class InputError(GPT2Error, ValueError):
    """A text, prompt or array that cannot be used as it is."""


class ContextLengthError(InputError):
    """More tokens than the model has positions for."""


class TokenizerError(GPT2Error, ValueError):
    """A token, an id or a vocabulary that does not fit."""


class ModelFileError(GPT2Error, OSError):
    """A file of a model could not be read or written."""


class MissingFileError(ModelFileError, FileNotFoundError):
    """A file or a folder that is not there."""


class CorruptFileError(ModelFileError):
    """A file that is truncated, damaged or not of the format its name says."""


class WeightError(ModelFileError, ValueError):
    """Weights with wrong names or shapes, or that are not finite."""


class WriteError(ModelFileError):
    """A file that could not be written; what was there before is untouched."""


class HubError(GPT2Error, OSError):
    """The model hub answered with an error."""


class HubNotFoundError(HubError):
    """The hub has no such model, file or revision."""


class HubOfflineError(HubError):
    """The hub cannot be reached, or offline mode is set and the file is not in the cache."""


class TrainingError(GPT2Error):
    """Training that cannot continue; the last checkpoint is as it was."""


class MissingDependencyError(GPT2Error, ImportError):
    """An optional package is not installed; the message has the command that installs it."""


class UnsupportedError(GPT2Error, NotImplementedError):
    """Something GPT-2 has elsewhere and this package does not."""


class ElsewhereError(UnsupportedError, ImportError):
    """A name to import that transformers has and this package does not."""


class GPT2Warning(UserWarning):
    """A warning of this package; the tests turn it into an error where none is expected."""


def shown(value: Any) -> str:
    """A value that a message tells of, cut where it is long: one of a file may have megabytes."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def reason(error: Exception) -> str:
    """What another library says, on one line, cut where it is long: it may quote a whole file."""
    text = " ".join(str(error).split()).rstrip(".")
    return text if len(text) <= REASON else f"{text[:REASON]}..."


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known name most like a wrong one, None where none is like it."""
    import difflib  # only on the way to an error

    near = difflib.get_close_matches(name, list(known), 1, cutoff)
    return near[0] if near else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """ " Did you mean NAME?" where one of the known names is close to a wrong one, else nothing."""
    near = nearest(name, known)
    return f" Did you mean {near}?" if near else ""
