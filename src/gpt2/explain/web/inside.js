// Inspects one pass over a text: records points as arrays, switches parts off, patches in activations
// of another text. Names and shapes are those of gpt2/points.py for a single row: [B, H, T, d] there
// is [heads, tokens, width] here, and [B, T, D] is [tokens, width].
import {Cache} from './core.js';

/**
 * The logits of a text after its last token, or after each ({all: true}), and points of its pass.
 *
 *   look(engine, ids, {points: ['h.*.attn.pattern', 'h.3']})
 *     -> {logits, points: Map {'h.0.attn.pattern' => {shape, values: Float32Array}, ...}}
 *
 * `off` is {heads: [[layer, head], ...], attention: [layer, ...], mlps: [layer, ...],
 * positions: [...], positionEmbeddings: true}; `changes` maps a point's name to a function of
 * {shape, values} that changes the values in place. With a `cache` the ids continue the text in its
 * `row`. {none: true} computes no logits; `from` is {layer, hidden}: the layer at which the pass
 * starts, and the residual stream there.
 */
export function look(engine, ids, {points = [], all = false, none = false, off = null, changes = new Map(), from = null, cache: own = null, row = 0} = {}) {
  const wanted = new Set(points), found = new Map();
  const cache = own ?? new Cache(engine, 1, ids.length);
  const see = (name, values, layout) => {
    const change = changes.get(name);
    if (change) {
      const x = together(values, layout);
      change(x);
      apart(x, values, layout);
    }
    if (wanted.has(name) || wanted.has(general(name))) found.set(name, together(values, layout));
    return Boolean(change);
  };
  const pass = () => (none ? engine.fill(cache, ids, {row}) : engine.extend(cache, ids, {all, row}));
  const watched = () => (wanted.size || changes.size ? engine.watch(see, pass) : pass());
  try {
    const logits = without(engine, off, () => (from ? engine.begin(from.layer, from.hidden, watched) : watched()));
    return {logits, points: found};
  } finally {
    if (!own) cache.free();
  }
}

/** Runs work() with parts switched off; `off` as above. */
export function without(engine, off, work) {
  engine.omit(off && flags(engine.config, off));
  try {
    return work();
  } finally {
    engine.omit(null);
  }
}

/** `h.3.attn.q` as `h.*.attn.q`. */
export function general(name) { return name.replace(/^h\.\d+/, 'h.*'); }

/**
 * Changes for `look` that replace values by those of another pass (its `points`), at some positions
 * (null: all) and, if a point has heads, in some heads (null: all).
 */
export function patches(points, names, {positions = null, heads = null} = {}) {
  return new Map(names.map((name) => [name, ({shape, values}) => {
    const from = points.get(name);
    if (from.shape.join() !== shape.join()) throw new Error(`${name} has the shape ${shape}, the patch ${from.shape}`);
    const [tokens, width] = shape.slice(-2), count = shape.length === 3 ? shape[0] : 1;
    for (const head of shape.length === 3 && heads ? heads : Array(count).keys()) {
      for (const token of positions ?? Array(tokens).keys()) {
        const at = (head * tokens + token) * width;
        values.set(from.values.subarray(at, at + width), at);
      }
    }
  }]));
}

// Arrays of 0 and 1, as the core expects.
function flags({n_layer: layers, n_head: heads, n_positions: positions}, off) {
  const set = (size, list) => {
    if (!list?.length) return null;
    const array = new Uint8Array(size);
    for (const index of list) {
      if (!(Number.isInteger(index) && index >= 0 && index < size)) throw new Error(`there is no number ${index}`);
      array[index] = 1;
    }
    return array;
  };
  return {
    heads: set(layers * heads, off.heads?.map(([layer, head]) => head < heads ? layer * heads + head : -1)),
    attention: set(layers, off.attention),
    mlps: set(layers, off.mlps),
    hidden: set(positions, off.positions),
    positionEmbeddings: Boolean(off.positionEmbeddings),
  };
}

// Copies the core's values to a new array, [tokens, width] or [heads, tokens, width].
function together(values, layout) {
  const {tokens, heads, width, tokenStride} = layout, shape = heads ? [heads, tokens, width] : [tokens, width];
  if (!heads && tokenStride === width) return {shape, values: values.slice()};
  const out = new Float32Array(tokens * Math.max(heads, 1) * width);
  moved(layout, out, values, true);
  return {shape, values: out};
}

function apart(x, values, layout) { moved(layout, values, x.values, false); }

// One number at a time: for thousands of short rows, subarray and set are slower.
function moved({tokens, heads, width, tokenStride, headStride}, to, from, toDense) {
  for (let head = 0, dense = 0; head < Math.max(heads, 1); head++) {
    for (let token = 0; token < tokens; token++) {
      const spread = token * tokenStride + head * headStride;
      if (toDense) for (let i = 0; i < width; i++) to[dense + i] = from[spread + i];
      else for (let i = 0; i < width; i++) to[spread + i] = from[dense + i];
      dense += width;
    }
  }
}
