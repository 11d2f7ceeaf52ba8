"""The native engine: GPT-2 on a CPU at the speed of memory bandwidth, without torch.

The core is C++ (``csrc/``) behind a plain C interface; this package contains its Python bindings.
"""

from gpt2.native.cache import NativeCache
from gpt2.native.engine import NativeEngine

__all__ = ["NativeCache", "NativeEngine"]
