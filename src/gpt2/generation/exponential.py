"""exp and log that give the same bits on every machine.

Those of numpy and the C library differ in the last bit between processors and versions, and one bit
can change which token is drawn. Here every operation is one rounded addition or multiplication of
IEEE numbers, which is the same on all machines; ``csrc/select_impl.h`` has the same functions.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]
UNIT_BITS = 30  # a weight of 1 is 2^30
OUT = -22.5  # its exp is below half a unit
LOWEST, HIGHEST = -87.0, 88.0  # beyond these: 0 and infinity

_F = np.float32
_LOG2_E = _F(1.44269504)
_LN2_HIGH, _LN2_LOW = _F(0.693359375), _F(-2.12194440e-4)
# exp(r) for |r| <= ln(2) / 2: Cephes' expf, Moshier 1989
_POLYNOMIAL = [_F(c) for c in (1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2,
                               1.6666665459e-1, 5.0000001201e-1)]  # fmt: skip


def exp(x: Floats) -> npt.NDArray[np.float32]:
    """e to the power of x in float32, accurate to 2 units in the last place."""
    x = np.asarray(x, np.float32)
    inside = np.fmin(np.fmax(x, _F(LOWEST)), _F(HIGHEST))
    y = _power(inside, 0)
    y = np.where(x < LOWEST, _F(0), np.where(x > HIGHEST, _F(np.inf), y))
    return np.where(np.isnan(x), x, y)


def weights(d: Any) -> Any:
    """exp(d) for d <= 0 in units of 2^-30, rounded to the nearest, half to even: int64.

    Takes numpy or torch; -inf and NaN give 0.
    """
    if isinstance(d, np.ndarray):
        return np.rint(_power(np.fmax(d.astype(np.float32), _F(OUT)), UNIT_BITS)).astype(np.int64)
    d = d.float().nan_to_num(OUT, OUT, OUT).clamp(min=OUT)
    return _power_of_tensor(d, UNIT_BITS).round().long()


def log(x: Any) -> npt.NDArray[np.float64]:
    """The natural logarithm of positive float64 numbers, to a few units in the last place."""
    fraction, exponent = np.frexp(np.asarray(x, np.float64))
    low = fraction < 0.7071067811865476
    fraction, exponent = np.where(low, 2 * fraction, fraction), exponent - low
    s = (fraction - 1) / (fraction + 1)  # log((1 + s) / (1 - s)) = 2 (s + s^3 / 3 + ...)
    square, series = s * s, np.zeros_like(s)
    for n in range(25, 0, -2):
        series = series * square + 1 / n
    return exponent * 0.6931471805599453 + 2 * s * series


def _power(x: npt.NDArray[np.float32], bits: int) -> npt.NDArray[np.float32]:
    n = np.rint(x * _LOG2_E)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    p = r * _POLYNOMIAL[0] + _POLYNOMIAL[1]
    for c in _POLYNOMIAL[2:]:
        p = p * r + c
    p = p * r * r + r + _F(1)
    scale = ((n.astype(np.int32) + (127 + bits)) << 23).view(np.float32)
    return p * scale


def _power_of_tensor(x: Any, bits: int) -> Any:
    """`_power` for tensors; constants are Python floats, which torch rounds to float32."""
    n = (x * float(_LOG2_E)).round()
    r = (x - n * float(_LN2_HIGH)) - n * float(_LN2_LOW)
    p = r * float(_POLYNOMIAL[0]) + float(_POLYNOMIAL[1])
    for c in _POLYNOMIAL[2:]:
        p = p * r + float(c)
    p = p * r * r + r + 1
    scale = ((n.int() + (127 + bits)) << 23).view(p.dtype)
    return p * scale
