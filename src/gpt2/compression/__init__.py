"""Any bytes in few: arithmetic coding by the probabilities of a model, in integers.

docs/reference/compression.md has the file's form; explain/web/compress.js does the same.
"""

from gpt2.compression.files import (
    SUFFIX,
    compress,
    compressing_model,
    decompress,
    identity_of,
)

__all__ = ["SUFFIX", "compress", "compressing_model", "decompress", "identity_of"]
