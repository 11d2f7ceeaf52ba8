// The contributions to a logit, which is linear in what every part adds to the residual stream once
// the scale of the last norm is fixed. These are direct effects: the effect of a part through later
// parts counts as theirs.

const EMBEDDING = 'transformer.wte.weight';

/** The direction of the residual stream, [D], whose dot product with a part is its share of a logit. */
export class Directions {
  constructor(engine) {
    const {n_embd: D, tie_word_embeddings: tied = true} = engine.config;
    this.engine = engine;
    this.gain = engine.rows('transformer.ln_f.weight', 0, 1, D);
    this.bias = engine.rows('transformer.ln_f.bias', 0, 1, D);
    this.head = tied ? EMBEDDING : 'lm_head.weight';
    this.outputs = new Map();  // layer -> its attention's c_proj, [D outputs, D inputs]
  }

  /** For a token, or for its difference from another: {direction [D], constant}. */
  of(token, other = null) {
    const {n_embd: D} = this.engine.config;
    const row = this.engine.rows(this.head, token, 1, D);
    if (other !== null) this.engine.rows(this.head, other, 1, D).forEach((x, i) => { row[i] -= x; });
    const direction = row.map((x, i) => x * this.gain[i]);
    const mean = direction.reduce((sum, x) => sum + x, 0) / D;
    return {direction: direction.map((x) => x - mean), constant: dot(this.bias, 0, row, D)};
  }

  /** The direction before a layer's c_proj, [D] = [H, d], for the outputs of the heads. */
  before(layer, direction) {
    const {n_embd: D} = this.engine.config;
    if (!this.outputs.has(layer)) {
      this.outputs.set(layer, this.engine.rows(`transformer.h.${layer}.attn.c_proj.weight`, 0, D, D));
    }
    const rows = this.outputs.get(layer), to = new Float32Array(D);
    for (let o = 0; o < D; o++) for (let i = 0; i < D; i++) to[i] += rows[o * D + i] * direction[o];
    return to;
  }
}

export function dot(a, at, b, n, from = 0) {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += a[at + i] * b[from + i];
  return sum;
}

/**
 * The contributions to a token's logit after position t, or to its difference from another's; they sum to it:
 * [{part: 'token' | 'position' | 'head' | 'mlp' | 'rest', layer, head, value, from, source}], where `from` [T]
 * splits a head's value by attended token and `source` is the token that contributed most. The rest is biases and rounding.
 */
export function sources(directions, found, logits, t, token, other = null) {
  const {engine} = directions, {n_embd: D, n_head: H} = engine.config, d = D / H, T = found.ids.length;
  const {direction, constant} = directions.of(token, other);
  const last = found.layers.at(-1).stream.subarray(t * D, (t + 1) * D);
  const mean = last.reduce((sum, x) => sum + x, 0) / D;
  const variance = last.reduce((sum, x) => sum + (x - mean) ** 2, 0) / D;
  const share = 1 / Math.sqrt(variance + (engine.config.layer_norm_epsilon ?? 1e-5));
  const spot = engine.rows('transformer.wpe.weight', t, 1, D);
  const position = dot(spot, 0, direction, D) * share;
  const parts = [
    {part: 'token', value: dot(found.embed, t * D, direction, D) * share - position},
    {part: 'position', value: position},
  ];
  found.layers.forEach((layer, l) => {
    const inner = directions.before(l, direction);
    for (let h = 0; h < H; h++) {
      const value = dot(layer.heads, (h * T + t) * d, inner, d, h * d) * share;
      const from = Float32Array.from({length: t + 1}, (_, s) =>
        layer.pattern[(h * T + t) * T + s] * dot(layer.v, (h * T + s) * d, inner, d, h * d) * share);
      const source = from.reduce((top, x, s, all) => (x > all[top] ? s : top), 0);
      parts.push({part: 'head', layer: l, head: h, value, from, source});
    }
    parts.push({part: 'mlp', layer: l, value: dot(layer.mlp, t * D, direction, D) * share});
  });
  const logit = logits[token] - (other === null ? 0 : logits[other]);
  const known = parts.reduce((sum, {value}) => sum + value, 0);
  return {logit, parts: [...parts, {part: 'rest', value: logit - known, constant}]};
}
