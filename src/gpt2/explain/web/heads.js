// Classifies heads by where they attend.

const LENGTH = 24;  // tokens of the sequence that is repeated for the induction score

/** Mean weight on the previous and on the first token, over the tokens from the third on. [L * H] */
export function looks({ids, layers}, H) {
  const T = ids.length, of = (pick) => Float32Array.from({length: layers.length * H}, (_, i) => {
    const {pattern} = layers[Math.floor(i / H)], h = i % H;
    let sum = 0;
    for (let t = 2; t < T; t++) sum += pattern[(h * T + t) * T + pick(t)];
    return T > 2 ? sum / (T - 2) : NaN;
  });
  return {previous: of((t) => t - 1), first: of(() => 0)};
}

/** Mean weight, in a repeated sequence, on the token after the first occurrence of the current token. */
export function induction({ids, layers}, H) {
  const T = ids.length, n = T / 2;
  return Float32Array.from({length: layers.length * H}, (_, i) => {
    const {pattern} = layers[Math.floor(i / H)], h = i % H;
    let sum = 0;
    for (let t = n; t < T - 1; t++) sum += pattern[(h * T + t) * T + t - n + 1];
    return sum / (n - 1);
  });
}

/** A fixed sequence of distinct tokens, repeated once. */
export function twice({vocab_size: vocabulary, n_positions: positions}) {
  const n = Math.min(LENGTH, vocabulary >> 1, positions >> 1), step = Math.floor(vocabulary / n);
  const once = Array.from({length: n}, (_, i) => (i * 7 % n) * step + (step >> 1));
  return [...once, ...once];
}

/** Maps of at most `most` x `most` for every head, [L * H, n, n]: the largest weight in each square. */
export function thumbnails({ids, layers}, H, most) {
  const T = ids.length, n = Math.min(T, most), to = new Float32Array(layers.length * H * n * n);
  layers.forEach(({pattern}, l) => {
    for (let t = 0; t < T; t++) {
      const row = Math.floor(t * n / T);
      for (let h = 0; h < H; h++) {
        const base = ((l * H + h) * n + row) * n, from = (h * T + t) * T;
        for (let s = 0; s <= t; s++) {
          const at = base + Math.floor(s * n / T);
          if (pattern[from + s] > to[at]) to[at] = pattern[from + s];
        }
      }
    }
  });
  return {n, values: to};
}
