// What gpt2 compress writes (src/gpt2/compression), both ways: arithmetic coding by the core's
// intervals. All numbers stay below 2^49, so they are exact.
import {sha256} from './sha256.js';

const MAGIC = 'GPT2cmp1', HASH = 16, HEADER = 56, WHOLE = 2 ** 30;
const TOP = 2 ** 48, LEAST = 2 ** 40, BYTES = 6;

export class Encoder {
  constructor() { Object.assign(this, {out: [], low: 0, range: TOP}); }

  put(begin, end) {
    const unit = Math.floor(this.range / WHOLE);
    this.low += unit * begin;
    this.range = unit * (end - begin);
    this.carry();
    while (this.range <= LEAST) {
      this.out.push(Math.floor(this.low / LEAST));
      this.low = (this.low % LEAST) * 256;
      this.range *= 256;
    }
  }

  finish() {
    for (let count = 0; count <= BYTES; count++) {
      const unit = 2 ** (48 - 8 * count), last = Math.ceil(this.low / unit) * unit;
      if (last >= this.low + this.range) continue;
      this.low = last;
      this.carry();
      for (let i = 0; i < count; i++) this.out.push(Math.floor(this.low / 2 ** (40 - 8 * i)) % 256);
      break;
    }
    return Uint8Array.from(this.out);
  }

  carry() {
    if (this.low < TOP) return;
    this.low -= TOP;
    let at = this.out.length - 1;
    while (this.out[at] === 255) this.out[at--] = 0;
    this.out[at]++;
  }
}

export class Decoder {
  constructor(data) {
    Object.assign(this, {data, at: 0, code: 0, range: TOP});
    for (let i = 0; i < BYTES; i++) this.code = this.code * 256 + this.byte();
  }

  byte() { return this.data[this.at++] ?? 0; }

  get ended() { return this.at > this.data.length + BYTES; }

  point() { return Math.floor(this.code / Math.floor(this.range / WHOLE)); }

  take(begin, end) {
    const unit = Math.floor(this.range / WHOLE);
    this.code -= unit * begin;
    this.range = unit * (end - begin);
    while (this.range <= LEAST) {
      this.code = this.code * 256 + this.byte();
      this.range *= 256;
    }
  }
}

// A context that begins anew with its last half where it is full.
class Reader {
  constructor(engine, start) {
    Object.assign(this, {engine, size: engine.config.n_positions, cache: engine.cache(), kept: [start]});
  }

  next() { return this.engine.extend(this.cache, this.kept.slice(-1)); }

  append(id) {
    this.kept.push(id);
    if (this.kept.length <= this.size) return;
    this.kept = this.kept.slice(-Math.max(1, this.size >> 1));
    this.cache.truncate(0);
    if (this.kept.length > 1) this.engine.fill(this.cache, this.kept.slice(0, -1));
  }
}

/** Any bytes, compressed; `identity` is the model's, 32 hexadecimal digits. */
export function compress({engine, tokenizer, identity}, data, progress = () => {}) {
  const ids = tokensOf(tokenizer, data), reader = new Reader(engine, startOf(engine.config)), encoder = new Encoder();
  ids.forEach((id, i) => {
    encoder.put(...engine.intervalOf(reader.next(), id));
    reader.append(id);
    progress(i + 1, ids.length);
  });
  reader.cache.free();
  const body = encoder.finish(), out = new Uint8Array(HEADER + body.length), view = new DataView(out.buffer);
  out.set(new TextEncoder().encode(MAGIC));
  out.set(unhex(identity), 8);
  out.set(unhex(sha256(data)).subarray(0, HASH), 24);
  view.setBigUint64(40, BigInt(data.length), true);
  view.setBigUint64(48, BigInt(ids.length), true);
  out.set(body, HEADER);
  return out;
}

/** What was compressed. Throws where it is no such file, of another model, or damaged. */
export function decompress({engine, tokenizer, identity}, packed, progress = () => {}) {
  const {named, digest, size, count} = header(packed);
  if (named !== identity) throw new Error('this was compressed with another model or precision');
  const reader = new Reader(engine, startOf(engine.config)), decoder = new Decoder(packed.subarray(HEADER)), data = [];
  for (let i = 0; i < count; i++) {
    const logits = reader.next(), point = decoder.point();
    if (point >= WHOLE || data.length >= size || decoder.ended) throw new Error('the compressed file is damaged');
    const [id, begin, end] = engine.intervalAt(logits, point);
    decoder.take(begin, end);
    data.push(...(tokenizer.bytes[id] ?? []));
    reader.append(id);
    progress(i + 1, count);
  }
  reader.cache.free();
  const bytes = Uint8Array.from(data);
  if (sha256(bytes).slice(0, 2 * HASH) !== digest) throw new Error('the compressed file is damaged: what it holds has another hash');
  return bytes;
}

function header(packed) {
  if (packed.length < HEADER || new TextDecoder().decode(packed.subarray(0, 8)) !== MAGIC) {
    throw new Error('this is no file that gpt2 compress wrote');
  }
  const view = new DataView(packed.buffer, packed.byteOffset);
  const [size, count] = [40, 48].map((at) => Number(view.getBigUint64(at, true)));
  return {named: hex(packed.subarray(8, 24)), digest: hex(packed.subarray(24, 40)), size, count};
}

function startOf({bos_token_id: bos, eos_token_id: eos, vocab_size: size}) {
  return [bos, eos].find((id) => Number.isInteger(id) && id >= 0 && id < size) ?? 0;
}

// Ids whose bytes are the data: words of the text, and byte by byte where it is no UTF-8.
function tokensOf(tokenizer, data) {
  const single = (bytes) => Array.from(bytes, (byte) => tokenizer.ids.get(tokenizer.signs[byte]));
  try {
    const text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(data);
    return tokenizer.encode(text);
  } catch {
    return single(data);
  }
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
