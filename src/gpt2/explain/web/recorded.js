// Answers like a live Session from a recording of one text (src/gpt2/explain/recording.py): no other
// text, nothing switched off, no samples, and queries and keys only of the chosen heads.
import {bytesOf} from './base64.js';
import {tensorsOf} from './core.js';
import {ofLargest} from './distribution.js';
import {dot} from './sources.js';

const ARRAYS = {F32: Float32Array, F64: Float64Array, I32: Int32Array, I16: Int16Array, U8: Uint8Array};
const PER_TEMPERATURE = 20;  // log-sums per unit of temperature
const BYTE = 255;  // represents a weight of 1

/** The arrays of a safetensors file by name: {shape, values}. */
export function arraysOf(bytes) {
  const whole = bytes.byteOffset % 8 ? bytes.slice() : bytes;
  return new Map(tensorsOf(whole).map(({name, dtype, shape, begin, end}) =>
    [name, {shape, values: new ARRAYS[dtype](whole.buffer.slice(whole.byteOffset + begin, whole.byteOffset + end))}]));
}

/** The weights [T, T] of one head in a record; weights that it left out are 0. */
export function weightsOf(arrays, layer, head) {
  const whole = arrays.get('attention'), {shape: [, H, T], values} = whole ?? arrays.get('weights');
  const out = new Float32Array(T * T), from = layer * H + head;
  if (whole) return out.map((_, i) => values[from * T * T + i] / BYTE);
  const {shape, values: positions} = arrays.get('positions'), n = shape.at(-1);
  for (let t = 0; t < T; t++) {
    for (let i = 0; i < n; i++) {
      const at = (from * T + t) * n + i;
      if (values[at] > 0) out[t * T + positions[at]] = values[at] / BYTE;
    }
  }
  return out;
}

export class Recorded {
  constructor(facts, file) {
    this.facts = facts;
    this.arrays = arraysOf(file);
    this.T = this.of('ids').length;
  }

  /** Takes the same requests as a worker. */
  async ask(name, asked = {}) { return this[name](asked); }

  of(name) { return this.arrays.get(name).values; }

  row(name, i) {
    const {shape, values} = this.arrays.get(name), size = shape.slice(1).reduce((a, b) => a * b, 1);
    return values.subarray(i * size, (i + 1) * size);
  }

  token(id) { return {id, bytes: this.facts.bytes[id]}; }

  read() {
    const bits = (name) => this.of(name).map((nats) => nats / Math.LN2), {shape, values} = this.arrays.get('thumbs');
    const ids = [...this.of('ids')];
    return {
      ids, tokens: ids.map((id) => this.token(id)), left: 0, empty: false,
      bits: bits('surprise'), entropy: bits('entropy'),
      thumbs: {n: shape.at(-1), values: Float32Array.from(values, (x) => x / BYTE)},
      kinds: {previous: this.of('previous'), first: this.of('first'), induction: this.of('induction')},
    };
  }

  next({t, settings}) {
    const logits = this.row('next.logits', t), sums = this.row('next.sums', t), ids = this.row('next.ids', t);
    const sumAt = (temperature) => sums[Math.round(temperature * PER_TEMPERATURE) - 1];
    const shares = ofLargest(logits, sumAt(settings.temperature), settings);
    const bars = [...ids].map((id, i) => {
      const logprob = logits[i] - sumAt(1);
      return {...this.token(id), logit: logits[i], logprob, before: logprob, share: shares[i], drawn: 0};
    });
    return {changed: false, others: 0, bars};
  }

  head({layer, head}) { return weightsOf(this.arrays, layer, head); }

  /** Like Session's; null for a head whose queries and keys were not recorded. */
  pair({layer, head, t, s}) {
    const {n_head: H, n_embd: D, scale_attn_weights: scaled = true, scale_attn_by_inverse_layer_idx: byLayer} = this.facts.config;
    const at = this.facts.heads.findIndex(([l, h]) => l === layer && h === head), d = D / H;
    if (at < 0) return null;
    const q = this.row('q', at), k = this.row('k', at), query = q.slice(t * d, (t + 1) * d), key = k.slice(s * d, (s + 1) * d);
    const scale = (scaled ? 1 / Math.sqrt(d) : 1) / (byLayer ? layer + 1 : 1);
    const scores = Float32Array.from({length: t + 1}, (_, i) => dot(query, 0, k, d, i * d) * scale);
    const weights = this.head({layer, head}).slice(t * this.T, t * this.T + t + 1);
    return {query, key, products: query.map((x, i) => x * key[i]), scale, scores, weights};
  }

  lens({t}) {
    const {shape: [S, T, k], values: ids} = this.arrays.get('lens.ids'), logprobs = this.of('lens.logprobs'), rank = this.of('lens.rank');
    return Array.from({length: S}, (_, i) => ({
      top: Array.from({length: k}, (_, j) => ({...this.token(ids[(i * T + t) * k + j]), logprob: logprobs[(i * T + t) * k + j]})),
      rank: rank[i * T + t] + 1,
    }));
  }

  /** For the most probable token after t; with `other`, for its difference from the second. */
  sources({t, other = null}) {
    const of = (name) => this.row(`shares.${name}`, t).filter((_, i) => i % 2 === (other === null ? 0 : 1));
    const {n_head: H} = this.facts.config, heads = of('heads'), source = this.of('sources')[t];
    const parts = [{part: 'token', value: of('token')[0]}, {part: 'position', value: of('position')[0]}];
    of('mlps').forEach((value, layer) => {
      for (let head = 0; head < H; head++) parts.push({part: 'head', layer, head, value: heads[layer * H + head], source});
      parts.push({part: 'mlp', layer, value});
    });
    const rest = [...of('attention_bias'), ...of('ln_f_bias'), ...of('rounding')].reduce((sum, x) => sum + x, 0);
    return {logit: of('logits')[0], parts: [...parts, {part: 'rest', value: rest}]};
  }
}

/** Assembles the recording embedded in the page from its pieces. */
export function recordedIn(facts) {
  const elements = [...document.querySelectorAll('script.piece')];
  const file = new Uint8Array(Number(elements[0].dataset.size));
  for (const element of elements) {
    file.set(bytesOf(element.textContent), Number(element.dataset.at));
    element.remove();
  }
  return new Recorded(facts, file);
}
