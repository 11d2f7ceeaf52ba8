// The model and its requests, in a worker, or in the page without workers. Every answer consists of
// plain numbers and arrays.

import {compressing, decompressing, isPacked} from './compress.js';
import {Core, Engine} from './core.js';
import {distribution} from './distribution.js';
import {induction, looks, thumbnails, twice} from './heads.js';
import {look, patches, without} from './inside.js';
import {largest, logitsAt, logSum, pass, pointOf, Reader, shade} from './pass.js';
import {patchEverywhere} from './patching.js';
import {sha256} from './sha256.js';
import {Directions, dot, sources} from './sources.js';
import {Tokenizer} from './tokenizer.js';
import {drawn, penalized, write} from './writing.js';

const SHOWN = 12, LENS = 3, THUMB = 24, DRAWS = 100, SLICE = 128, WHILE = 100;
const MOST_WEIGHTS = 32e6;  // maximum attention weights kept per pass

export class Session {
  /** @param facts {config, dtype, headDtype, kvDtype}, @param parts {core, merges, files}: bytes */
  static async open(facts, {core, merges, files}) {
    const session = new Session();
    const {config, dtype, headDtype, kvDtype} = facts;
    session.facts = facts;
    session.engine = new Engine(await Core.load(core), config, files, {dtype, headDtype, kvDtype});
    session.tokenizer = new Tokenizer(new TextDecoder().decode(merges), facts.tokenizer);
    session.cache = session.engine.cache(2);
    session.reader = new Reader(session.engine, session.cache);
    session.without = null;  // {reader, key}: for texts with parts off
    session.directions = new Directions(session.engine);
    session.bound = Math.min(config.n_positions, Math.floor(Math.sqrt(MOST_WEIGHTS / (config.n_layer * config.n_head))));
    return session;
  }

  token(id) { return {id, bytes: [...(this.tokenizer.bytes[id] ?? [])]}; }

  encode(text) { return this.tokenizer.encode(text); }

  /**
   * Reads a text (or ids) with all parts on and with parts off; later requests are about it. `shades`
   * computes the shades of all tokens and heads after the first requests.
   */
  read({text, ids = this.encode(text), off = null}) {
    const all = ids.length, full = all ? ids : [this.facts.ends[0] ?? 0];
    ids = full.slice(0, this.bound);
    const same = this.base && String(this.base.ids) === String(ids);
    if (!same) this.base = this.reader.read(ids);
    this.now = off ? this.readWithout(ids, off) : this.base;
    return {ids: full, tokens: ids.map((id) => this.token(id)), left: full.length - ids.length, empty: all === 0};
  }

  readWithout(ids, off) {
    const key = JSON.stringify(off);
    if (this.without?.key !== key) this.without = {key, reader: new Reader(this.engine, this.cache, 1, this.parts(off))};
    const {reader} = this.without, same = reader.found && String(reader.found.ids) === String(ids);
    return same ? reader.found : reader.read(ids, this.base);
  }

  /** The surprise of some more tokens, and finally the maps and kinds of the heads: then it is `done`. */
  shades() {
    const {config} = this.engine, {bits, entropy, shaded, ids} = shade(this.engine, this.now, SLICE), H = config.n_head;
    if (shaded < ids.length) return {bits, entropy, done: false};
    this.induction ??= induction(pass(this.engine, twice(config)), H);
    const kinds = {...looks(this.now, H), induction: this.induction};
    return {bits, entropy, thumbs: thumbnails(this.now, H, THUMB), kinds, done: true};
  }

  /** Converts the page's parts off, where a head is layer * n_head + head, to those of `look`. */
  parts(off) {
    const {n_head: H} = this.engine.config;
    return off && {...off, heads: off.heads.map((i) => [Math.floor(i / H), i % H])};
  }

  /** The SHA-256 of all logits of the text: the same on every processor. */
  digest() { return sha256(new Uint8Array(this.engine.head(this.now.layers.at(-1).stream).buffer)); }

  at(found, t) { return logitsAt(this.engine, found, t); }

  /** Candidates after token t: the most probable, samples, and the values with nothing off. */
  next({t, settings, extra = []}) {
    const logits = this.at(this.now, t), before = this.at(this.base, t);
    const whole = logSum(logits), wholeBefore = logSum(before);
    const scores = penalized(logits, this.now.ids.slice(0, t + 1), this.facts.penalty), shares = distribution(scores, settings);
    const ids = largest(logits, SHOWN).map(([id]) => id);
    if (this.now !== this.base) ids.push(...largest(before, 3).map(([id]) => id));
    ids.push(...extra);
    const draws = new Map();
    for (const id of drawn(this.engine, scores, settings, Array(DRAWS).keys(), t + 1)) draws.set(id, (draws.get(id) ?? 0) + 1);
    return {
      changed: this.now !== this.base,
      others: DRAWS - ids.reduce((sum, id, i) => sum + (ids.indexOf(id) === i ? draws.get(id) ?? 0 : 0), 0),
      bars: [...new Set(ids)].map((id) => ({
        ...this.token(id), logit: logits[id], logprob: logits[id] - whole,
        before: before[id] - wholeBefore, share: shares[id], drawn: draws.get(id) ?? 0,
      })),
    };
  }

  /** The attention weights of one head, [T, T]. */
  head({layer, head}) {
    const {ids, layers} = this.now, size = ids.length ** 2;
    return layers[layer].pattern.slice(head * size, (head + 1) * size);
  }

  /** The query of token t and the key of token s in one head, component by component. */
  pair({layer, head, t, s}) {
    const {n_embd: D, n_head: H, scale_attn_weights: scaled = true, scale_attn_by_inverse_layer_idx: byLayer} = this.engine.config;
    const d = D / H, {q, k, pattern} = this.now.layers[layer], T = this.now.ids.length;
    const query = q.slice((head * T + t) * d, (head * T + t + 1) * d);
    const key = k.slice((head * T + s) * d, (head * T + s + 1) * d);
    const scale = (scaled ? 1 / Math.sqrt(d) : 1) / (byLayer ? layer + 1 : 1);
    const scores = Float32Array.from({length: t + 1}, (_, i) => dot(query, 0, k, d, (head * T + i) * d) * scale);
    const at = (head * T + t) * T;
    return {query, key, products: query.map((x, i) => x * key[i]), scale, scores, weights: pattern.slice(at, at + t + 1)};
  }

  /** The logit lens after each part of each layer, and the rank of one token. */
  lens({t, token}) {
    const {n_embd: D, n_layer: L, vocab_size: V} = this.engine.config, {embed, layers} = this.now;
    const rows = new Float32Array((2 * L + 1) * D);
    rows.set(embed.subarray(t * D, (t + 1) * D));
    layers.forEach(({attn, stream}, l) => {
      const before = rows.subarray(2 * l * D, (2 * l + 1) * D);
      rows.set(before.map((x, i) => x + attn[t * D + i]), (2 * l + 1) * D);
      rows.set(stream.subarray(t * D, (t + 1) * D), (2 * l + 2) * D);
    });
    const all = this.engine.head(rows);
    return Array.from({length: 2 * L + 1}, (_, i) => {
      const logits = all.subarray(i * V, (i + 1) * V), whole = logSum(logits);
      let rank = 1;
      for (let id = 0; id < V; id++) if (logits[id] > logits[token]) rank++;
      return {
        top: largest(logits, LENS).map(([id, logit]) => ({...this.token(id), logprob: logit - whole})),
        rank, logprob: logits[token] - whole,
        norm: Math.sqrt(dot(rows, i * D, rows, D, i * D)),
      };
    });
  }

  /** The contributions to a token's logit after token t. */
  sources({t, token, other = null}) { return sources(this.directions, this.now, this.at(this.now, t), t, token, other); }

  /** The last logits with the state at one position replaced by that of another pass. */
  patched(other, {layer, where, t}) {
    const changes = patches(other.points, [pointOf(where, layer)], {positions: [t]});
    const from = layer > 0 ? {layer, hidden: this.base.layers[layer - 1].stream} : null;
    return look(this.engine, this.base.ids, {changes, from}).logits;
  }

  /** The effect of patching each state of another text on this text's next word. */
  patches({text, where}) {
    return patchEverywhere(this, this.encode(text), where);
  }

  /** Starts to compress a file, or to decompress one; `fileMore` continues until the bytes are ready. */
  file({bytes}) {
    const model = {engine: this.engine, tokenizer: this.tokenizer, identity: this.facts.identity};
    this.filing = isPacked(bytes) ? decompressing(model, bytes) : compressing(model, bytes);
    return this.fileMore();
  }

  fileMore() {
    for (const end = performance.now() + WHILE; ;) {
      const {done, value} = this.filing.next();
      if (done) return {bytes: value};
      if (performance.now() > end) return {done: value[0], of: value[1]};
    }
  }

  /** Generates tokens after ids under the settings, optionally with parts off: see writing.js. */
  write({off = null, ...asked}) { return without(this.engine, this.parts(off), () => write(this, asked)); }
}
