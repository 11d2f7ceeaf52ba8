"""Lossless compression of any bytes: integer arithmetic coding with a model's probabilities.

docs/reference/compression.md documents the format; explain/web/compress.js implements it too.
"""

from gpt2.compression.files import (
    SUFFIX,
    compress,
    compressing_model,
    decompress,
    identity_of,
)

__all__ = ["SUFFIX", "compress", "compressing_model", "decompress", "identity_of"]
