// One pass over a text with everything that the page shows, as arrays of documented shapes:
// T tokens, L layers, H heads, d = D / H, V the vocabulary.

import {look} from './inside.js';

// The values kept for a layer: their names here and their points (gpt2/points.py).
const KEPT = {
  q: 'h.*.attn.q', k: 'h.*.attn.k', v: 'h.*.attn.v', pattern: 'h.*.attn.pattern',
  heads: 'h.*.attn.heads', attn: 'h.*.attn', mlp: 'h.*.mlp', stream: 'h.*',
};

/** The name of a point of a layer: ('attn', 3) is h.3.attn. */
export const pointOf = (part, layer) => KEPT[part].replace('*', layer);

/** The first layer that `off` changes; the layers below it are the same as with nothing off. */
export function firstOff({heads = [], mlps = [], positions = []}, layers) {
  return positions.length ? 0 : Math.min(layers - 1, ...heads.map(([layer]) => layer), ...mlps);
}

/**
 * Reads ids in one pass; `off` and `changes` are those of `look`. Returns {ids, points, embed [T, D],
 * layers: for each layer {q, k, v, heads [H, T, d], pattern [H, T, T], attn, mlp, stream [T, D]}} and
 * the fields that `shade` fills in.
 */
export function pass(engine, ids, {off = null, changes} = {}) {
  return named(engine, ids, look(engine, ids, {points: POINTS, none: true, off, changes}).points);
}

const POINTS = ['embed', ...Object.values(KEPT)];

/**
 * Passes over texts that share a prefix with the previous one, as when typing: only the rest is read,
 * into a row of a cache. With parts off, as in `look`, unaffected values are taken from `base`, the
 * pass over the same ids with nothing off in row 0: the layers below the first part, or the tokens
 * before the first hidden one.
 */
export class Reader {
  constructor(engine, cache, row = 0, off = null) {
    Object.assign(this, {engine, cache, row, off, found: null});
    this.first = off ? firstOff(off, engine.config.n_layer) : 0;
    this.same = off && !off.heads.length && !off.mlps.length ? Math.min(...off.positions) + 1 : 0;
  }

  read(ids, base = null) {
    const {engine, off, cache, row, first} = this, {n_embd: D} = engine.config;
    let n = 0, before = this.found;
    while (before && n < ids.length - 1 && ids[n] === before.ids[n]) n++;
    this.found = null;
    const same = Math.min(this.same, ids.length - 1);
    if (same > n) {
      [n, before] = [same, base];
      cache.copy(0, row, n);
    }
    cache.truncate(n, row);
    const from = first > 0 ? {layer: first, hidden: base.layers[first - 1].stream.subarray(n * D)} : null;
    const {points} = look(engine, ids.slice(n), {points: POINTS, none: true, off, from, cache, row});
    if (n > 0) for (const [name, more] of points) points.set(name, grown(before.points.get(name), more, n, name.endsWith('pattern')));
    if (from) for (const [name, point] of base.points) if (!points.has(name)) points.set(name, point);
    this.found = named(engine, ids, points);
    if (n > 0) known(this.found, before, n - 1);
    return this.found;
  }
}

// Extends a point of n old tokens by new ones; a row of weights is as long as the text.
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

function named(engine, ids, points) {
  const layers = Array.from({length: engine.config.n_layer}, (_, layer) =>
    Object.fromEntries(Object.keys(KEPT).map((part) => [part, points.get(pointOf(part, layer)).values])));
  const T = ids.length, sums = new Float64Array(T);
  return {
    ids, points, layers, embed: points.get('embed').values, logits: new Map(),
    shaded: 0, sums, bits: new Float32Array(T).fill(NaN), entropy: new Float32Array(T).fill(NaN),
  };
}

// Reuses the scores of the first n tokens of another text.
function known(found, before, n) {
  found.shaded = Math.min(n, before.shaded);
  found.sums.set(before.sums.subarray(0, found.shaded));
  found.entropy.set(before.entropy.subarray(0, found.shaded));
  found.bits.set(before.bits.subarray(0, found.shaded + 1));
}

/** Logits [V] after one token. */
export function logitsAt(engine, found, t) {
  const {n_embd: D} = engine.config;
  if (!found.logits.has(t)) found.logits.set(t, engine.head(found.layers.at(-1).stream.subarray(t * D, (t + 1) * D)));
  return found.logits.get(t);
}

/** The log-sum-exp. */
export function logSum(logits) {
  let most = -Infinity, sum = 0;
  for (let i = 0; i < logits.length; i++) if (logits[i] > most) most = logits[i];
  for (let i = 0; i < logits.length; i++) sum += Math.exp(logits[i] - most);
  return most + Math.log(sum);
}

/** Surprise of each token (NaN for the first) and entropy after it, in bits, [T], for up to `most` more tokens. */
export function shade(engine, found, most = Infinity) {
  const {n_embd: D} = engine.config, {ids, shaded, sums, entropy, bits} = found, end = Math.min(ids.length, shaded + most);
  if (end > shaded) {
    const stream = found.layers.at(-1).stream.subarray(shaded * D, end * D), next = (t) => ids[t + 1] ?? 0;
    const judged = engine.judge(stream, Array.from({length: end - shaded}, (_, i) => next(shaded + i)));
    for (let t = shaded; t < end; t++) {
      [sums[t], entropy[t]] = [judged.sums[t - shaded], judged.entropies[t - shaded] / Math.LN2];
      if (t + 1 < ids.length) bits[t + 1] = (sums[t] - judged.logits[t - shaded]) / Math.LN2;
    }
    found.shaded = end;
  }
  return found;
}

/** The k largest numbers, as [index, number], largest first; ties go to the lowest index. */
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
