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
  const {logits, points} = look(engine, ids, {points: ['embed', ...Object.values(KEPT)], all: true, off, changes});
  const layers = Array.from({length: engine.config.n_layer}, (_, layer) =>
    Object.fromEntries(Object.keys(KEPT).map((part) => [part, points.get(pointOf(part, layer)).values])));
  return {ids, logits, points, layers, embed: points.get('embed').values};
}

/** Logits after one token, of those of all. */
export const logitsAt = ({logits}, size, t) => logits.subarray(t * size, (t + 1) * size);

/** The logarithm of the sum of exp. */
export function logSum(logits) {
  let most = -Infinity, sum = 0;
  for (const x of logits) if (x > most) most = x;
  for (const x of logits) sum += Math.exp(x - most);
  return most + Math.log(sum);
}

/** Bits of surprise at each token (NaN at the first) and of entropy after it, [T] each. */
export function surprise(found, size) {
  const T = found.ids.length, bits = new Float32Array(T).fill(NaN), entropy = new Float32Array(T);
  for (let t = 0; t < T; t++) {
    const logits = logitsAt(found, size, t), whole = logSum(logits);
    let mean = 0;
    for (const x of logits) mean += Math.exp(x - whole) * x;
    entropy[t] = (whole - mean) / Math.LN2;
    if (t + 1 < T) bits[t + 1] = (whole - logits[found.ids[t + 1]]) / Math.LN2;
  }
  return {bits, entropy};
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
