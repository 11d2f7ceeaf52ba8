// One pass over a text with everything that can be seen in it, as arrays of stated shapes:
// T tokens, L layers, H heads, d = D / H, V the vocabulary.

const KEPT = new Set(['attn.q', 'attn.k', 'attn.v', 'attn.heads', 'attn', 'mlp', '']);

/** The layer of a point and its name within it: h.3.attn.q is [3, 'attn.q']; others have layer null. */
export function placeOf(name) {
  const found = /^h\.(\d+)\.?(.*)$/.exec(name);
  return found ? [Number(found[1]), found[2]] : [null, name];
}

// Whatever the strides are, the numbers of [tokens, heads, width] one after another.
function dense(values, {tokens, heads, width, tokenStride, headStride}) {
  const to = new Float32Array(tokens * Math.max(heads, 1) * width);
  for (let t = 0, at = 0; t < tokens; t++) {
    for (let h = 0; h < Math.max(heads, 1); h++, at += width) {
      const from = t * tokenStride + h * headStride;
      to.set(values.subarray(from, from + width), at);
    }
  }
  return to;
}

/**
 * Reads ids in one pass. `change(name, values, shape)` may write into the values of a point and
 * return true; without `kept` only the last logits are given, [V].
 *
 * Gives {ids, logits [T, V], embed [T, D], layers: for each layer
 *   {q, k, v, heads [T, H, d], pattern [T, H, T], attn, mlp, stream [T, D]}}.
 */
export function pass(engine, ids, {off = null, change = null, kept = true} = {}) {
  const layers = Array.from({length: engine.config.n_layer}, () => ({}));
  const found = {ids, layers, embed: null, logits: null};
  const look = (name, values, shape) => {
    const changed = change?.(name, values, shape) ?? false;
    if (!kept) return changed;
    const [layer, point] = placeOf(name);
    if (name === 'embed') found.embed = dense(values, shape);
    else if (point === 'attn.pattern') layers[layer].pattern = dense(values, shape);
    else if (layer !== null && KEPT.has(point)) {
      layers[layer][point === '' ? 'stream' : point.replace('attn.', '')] = dense(values, shape);
    }
    return changed;
  };
  const cache = engine.cache(1, ids.length);
  try {
    engine.omit(off);
    found.logits = engine.watch(look, () => engine.extend(cache, ids, {all: kept}));
  } finally {
    engine.omit(null);
    cache.free();
  }
  return found;
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
