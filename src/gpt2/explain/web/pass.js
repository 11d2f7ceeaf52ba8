// One pass over a text with everything that the page shows of it, as arrays of stated shapes:
// T tokens, L layers, H heads, d = D / H, V the vocabulary.

import {look} from './inside.js';

// What is kept of a layer: its name here and its point (gpt2/points.py).
const KEPT = {
  q: 'h.*.attn.q', k: 'h.*.attn.k', v: 'h.*.attn.v', pattern: 'h.*.attn.pattern',
  heads: 'h.*.attn.heads', attn: 'h.*.attn', mlp: 'h.*.mlp', stream: 'h.*',
};

/** The name of a point of a layer: ('attn', 3) is h.3.attn. */
export const pointOf = (part, layer) => KEPT[part].replace('*', layer);

/**
 * Reads ids in one pass; `off` and `changes` are those of `look`. Gives {ids, logits [T, V],
 * points, embed [T, D], layers: for each layer {q, k, v, heads [H, T, d], pattern [H, T, T], attn,
 * mlp, stream [T, D]}}.
 */
export function pass(engine, ids, {off = null, changes} = {}) {
  return named(engine, ids, look(engine, ids, {points: POINTS, all: true, off, changes}));
}

const POINTS = ['embed', ...Object.values(KEPT)];

/** Passes over texts of which each begins as the one before did, as one types: only the rest is read. */
export class Reader {
  constructor(engine) { Object.assign(this, {engine, cache: null, found: null}); }

  read(ids) {
    const {engine, found: before} = this;
    let n = 0;
    while (before && n < ids.length - 1 && ids[n] === before.ids[n]) n++;
    this.found = null;
    this.cache ??= engine.cache();
    this.cache.truncate(n);
    const {logits, points} = look(engine, ids.slice(n), {points: POINTS, all: true, cache: this.cache});
    if (n > 0) for (const [name, more] of points) points.set(name, grown(before.points.get(name), more, n, name.endsWith('pattern')));
    this.found = named(engine, ids, {logits: n ? joined(before.logits, logits, n * engine.config.vocab_size) : logits, points});
    this.found.known = n && {tokens: n, sums: before.sums, entropy: before.entropy};
    return this.found;
  }
}

function joined(first, second, size) {
  const out = new Float32Array(size + second.length);
  out.set(first.subarray(0, size));
  out.set(second, size);
  return out;
}

// A point of n tokens that were there and some that are new; a row of weights is as long as the text.
function grown(before, more, n, square) {
  const heads = more.shape.length === 3 ? more.shape[0] : 1, [count, width] = more.shape.slice(-2), T = n + count;
  const [was, old] = before.shape.slice(-2), out = new Float32Array(heads * T * width);
  for (let head = 0; head < heads; head++) {
    for (let t = 0; square && t < n; t++) {
      const from = (head * was + t) * old;
      out.set(before.values.subarray(from, from + Math.min(n, old)), (head * T + t) * width);
    }
    if (!square) out.set(before.values.subarray(head * was * width, (head * was + n) * width), head * T * width);
    out.set(more.values.subarray(head * count * width, (head + 1) * count * width), (head * T + n) * width);
  }
  return {shape: [...more.shape.slice(0, -2), T, width], values: out};
}

function named(engine, ids, {logits, points}) {
  const layers = Array.from({length: engine.config.n_layer}, (_, layer) =>
    Object.fromEntries(Object.keys(KEPT).map((part) => [part, points.get(pointOf(part, layer)).values])));
  return {ids, logits, points, layers, embed: points.get('embed').values};
}

/** Logits after one token, of those of all. */
export const logitsAt = ({logits}, size, t) => logits.subarray(t * size, (t + 1) * size);

/** The logarithm of the sum of exp, and the mean of the logits by their probabilities. */
function summed(logits) {
  let most = -Infinity, sum = 0, weighted = 0;
  for (let i = 0; i < logits.length; i++) if (logits[i] > most) most = logits[i];
  for (let i = 0; i < logits.length; i++) {
    const share = Math.exp(logits[i] - most);
    sum += share;
    weighted += share * logits[i];
  }
  return {whole: most + Math.log(sum), mean: weighted / sum};
}

/** The logarithm of the sum of exp. */
export const logSum = (logits) => summed(logits).whole;

/** Bits of surprise at each token (NaN at the first) and of entropy after it, [T] each. */
export function surprise(found, size) {
  if (found.bits) return found;
  const T = found.ids.length, bits = new Float32Array(T).fill(NaN), known = found.known || {tokens: 0};
  const entropy = new Float32Array(T), sums = new Float64Array(T);
  for (let t = 0; t < T; t++) {
    const logits = logitsAt(found, size, t);
    if (t < known.tokens) {
      [sums[t], entropy[t]] = [known.sums[t], known.entropy[t]];
    } else {
      const {whole, mean} = summed(logits);
      [sums[t], entropy[t]] = [whole, (whole - mean) / Math.LN2];
    }
    if (t + 1 < T) bits[t + 1] = (sums[t] - logits[found.ids[t + 1]]) / Math.LN2;
  }
  return Object.assign(found, {sums, entropy, bits});
}

/** The k largest of some numbers, as [index, number], the largest first, of equals the lowest index. */
export function largest(numbers, k) {
  const top = [];
  for (let i = 0; i < numbers.length; i++) {
    if (top.length === k && !(numbers[i] > top[k - 1][1])) continue;
    let at = top.length;
    while (at > 0 && numbers[i] > top[at - 1][1]) at--;
    top.splice(at, 0, [i, numbers[i]]);
    if (top.length > k) top.pop();
  }
  return top;
}
