"""A range coder over intervals of [0, 2^30), with numbers below 2^49: exact in JavaScript too."""

from __future__ import annotations

WHOLE = 30  # bits: intervals are subsets of [0, 2^30)
BITS = 48  # of the range
BYTES = BITS // 8
TOP, LEAST = 1 << BITS, 1 << (BITS - 8)  # the range is in (LEAST, TOP] when an interval is coded


class Encoder:
    """Encodes a sequence of intervals as bytes."""

    def __init__(self) -> None:
        self.out = bytearray()
        self.low, self.range = 0, TOP

    def put(self, begin: int, end: int) -> None:
        """Append the interval [begin, end)."""
        unit = self.range >> WHOLE
        self.low += unit * begin
        self.range = unit * (end - begin)
        self._carry()
        while self.range <= LEAST:
            self.out.append(self.low >> (BITS - 8))
            self.low = (self.low & (LEAST - 1)) << 8
            self.range <<= 8

    def finish(self) -> bytes:
        """The bytes, with as few more as identify a number in the range, read with zeros after."""
        for count in range(BYTES + 1):
            unit = 1 << (BITS - 8 * count)
            last = -(-self.low // unit) * unit
            if last < self.low + self.range:
                self.low = last
                self._carry()
                self.out += self.low.to_bytes(BYTES, "big")[:count]
                break
        return bytes(self.out)

    def _carry(self) -> None:
        if self.low < TOP:
            return
        self.low -= TOP
        at = len(self.out) - 1
        while self.out[at] == 255:
            self.out[at] = 0
            at -= 1
        self.out[at] += 1


class Decoder:
    """Decodes bytes to points, each of which identifies an interval."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, BYTES
        self.code = int.from_bytes(data[:BYTES].ljust(BYTES, b"\0"), "big")
        self.range = TOP

    def point(self) -> int:
        """A number in the next interval; 2^30 or more if the bytes are damaged."""
        return self.code // (self.range >> WHOLE)

    @property
    def ended(self) -> bool:
        """Whether more bytes were read than an `Encoder` writes."""
        return self.at > len(self.data) + BYTES

    def take(self, begin: int, end: int) -> None:
        """Advance past the interval [begin, end) that contained the point."""
        unit = self.range >> WHOLE
        self.code -= unit * begin
        self.range = unit * (end - begin)
        while self.range <= LEAST:
            byte = self.data[self.at] if self.at < len(self.data) else 0
            self.code, self.at = (self.code << 8) + byte, self.at + 1
            self.range <<= 8
