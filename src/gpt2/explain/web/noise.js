// The noise of seeded sampling (src/gpt2/generation/sampling.py): a function of seed, row and position.

const MASK = (1n << 64n) - 1n;

// SplitMix64.
function mix(z) {
  z = (z + 0x9E3779B97F4A7C15n) & MASK;
  z = ((z ^ (z >> 30n)) * 0xBF58476D1CE4E5B9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94D049BB133111EBn) & MASK;
  return z ^ (z >> 31n);
}

/** The number in [0, 1) that selects the token at a position of a row. */
export function uniform(seed, row, position) {
  const state = mix(mix(mix(BigInt(seed) & MASK) ^ BigInt(row)) ^ BigInt(position));
  return Number(state >> 11n) * 2 ** -53;
}
