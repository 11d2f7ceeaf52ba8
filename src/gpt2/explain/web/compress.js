// Compression and decompression in the format of gpt2 compress (src/gpt2/compression): arithmetic
// coding with the core's intervals. All numbers stay below 2^49, so they are exact.
import {sha256} from './sha256.js';

const MAGIC = 'GPT2cmp1', SEVERAL = 'GPT2cmp2', HASH = 16, HEADER = 56, WHOLE = 2 ** 30;
const TOP = 2 ** 48, LEAST = 2 ** 40, BYTES = 6;
const STREAMS = 8, SHORTEST = 1024, MOST = 64, PIECE = 64;

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

// Contexts, one cache row each, which restart from their last half when full.
class Reader {
  constructor(engine, rows = 1) {
    const start = startOf(engine.config);
    Object.assign(this, {engine, size: engine.config.n_positions, cache: engine.cache(rows)});
    this.kept = Array.from({length: rows}, () => [start]);
  }

  get room() { return this.size + 1 - this.kept[0].length; }

  /** The intervals of at most `room` ids, which are appended to the first row. */
  intervals(ids) {
    const found = this.engine.intervalsOf(this.cache, [this.kept[0].at(-1), ...ids.slice(0, -1)], ids);
    this.append([0], [ids]);
    return found;
  }

  /** The tokens that points select in some rows; `append` then appends them. */
  at(rows, points) { return this.engine.intervalsAt(this.cache, rows, rows.map((row) => this.kept[row].at(-1)), points); }

  append(rows, texts) {
    rows.forEach((row, i) => this.kept[row].push(...texts[i]));
    const full = rows.filter((row) => this.kept[row].length > this.size);
    for (const row of full) {
      this.kept[row] = this.kept[row].slice(-Math.max(1, this.size >> 1));
      this.cache.truncate(0, row);
    }
    if (full.length && this.kept[full[0]].length > 1) {
      this.engine.fillAll(this.cache, full, full.map((row) => this.kept[row].slice(0, -1)));
    }
  }

  free() { this.cache.free(); }
}

// The range of tokens of each stream; their numbers differ by at most one.
function partsOf(count, streams) {
  const end = (i) => Number(BigInt(count) * BigInt(i) / BigInt(streams));
  return Array.from({length: streams}, (_, i) => [end(i), end(i + 1)]);
}

/** Compresses bytes; `identity` identifies the model by 32 hexadecimal digits. */
export const compress = (model, data) => last(compressing(model, data));

/** Decompresses a file. Throws if it is in another format, for a different model, or damaged. */
export const decompress = (model, packed) => last(decompressing(model, packed));

/** Whether this may be a file of `compress`. */
export const isPacked = (bytes) => [MAGIC, SEVERAL].includes(magicOf(bytes));

function last(steps) {
  for (;;) {
    const {done, value} = steps.next();
    if (done) return value;
  }
}

/** Compresses step by step: yields the number of tokens done and the total. */
export function* compressing({engine, tokenizer, identity}, data) {
  const ids = tokensOf(tokenizer, data), streams = [];
  let all = 0;
  for (const [first, last] of partsOf(ids.length, Math.max(1, Math.min(STREAMS, Math.floor(ids.length / SHORTEST))))) {
    const reader = new Reader(engine), encoder = new Encoder();
    try {
      for (let done = first; done < last;) {
        const piece = ids.slice(done, Math.min(last, done + Math.min(PIECE, reader.room)));
        for (const interval of reader.intervals(piece)) encoder.put(...interval);
        done += piece.length;
        yield [all += piece.length, ids.length];
      }
    } finally {
      reader.free();
    }
    streams.push(encoder.finish());
  }
  const one = streams.length === 1, sizes = one ? [] : [streams.length, ...streams.map((stream) => stream.length)];
  const begin = HEADER + 8 * sizes.length, out = new Uint8Array(begin + streams.reduce((sum, {length}) => sum + length, 0));
  const view = new DataView(out.buffer);
  out.set(new TextEncoder().encode(one ? MAGIC : SEVERAL));
  out.set(unhex(identity), 8);
  out.set(unhex(sha256(data)).subarray(0, HASH), 24);
  [data.length, ids.length, ...sizes].forEach((number, i) => view.setBigUint64(40 + 8 * i, BigInt(number), true));
  streams.reduce((at, stream) => (out.set(stream, at), at + stream.length), begin);
  return out;
}

/** Decompresses step by step in the same way. */
export function* decompressing({engine, tokenizer, identity}, packed) {
  const {named, digest, size, count, streams} = header(packed);
  if (named !== identity) throw new Error('this file was compressed with another model or precision');
  const reader = new Reader(engine, streams.length), decoders = streams.map((stream) => new Decoder(stream));
  const texts = streams.map(() => []), lengths = partsOf(count, streams.length).map(([first, last]) => last - first);
  try {
    for (let done = 0; done < Math.max(...lengths); done++) {
      const rows = [...lengths.keys()].filter((row) => done < lengths[row]), points = rows.map((row) => decoders[row].point());
      const full = texts.reduce((sum, {length}) => sum + length, 0) >= size;
      if (full || points.some((point) => point >= WHOLE) || rows.some((row) => decoders[row].ended)) throw damaged();
      const found = reader.at(rows, points);
      found.forEach(([id, begin, end], i) => {
        decoders[rows[i]].take(begin, end);
        texts[rows[i]].push(...(tokenizer.bytes[id] ?? []));
      });
      reader.append(rows, found.map(([id]) => [id]));
      yield [Math.min(count, (done + 1) * streams.length), count];
    }
  } finally {
    reader.free();
  }
  const bytes = Uint8Array.from(texts.flat());
  if (sha256(bytes).slice(0, 2 * HASH) !== digest) throw damaged(': the hash of its contents differs');
  return bytes;
}

const damaged = (more = '') => new Error(`the compressed file is damaged${more}`);

const magicOf = (packed) => new TextDecoder().decode(packed.subarray(0, 8));

function header(packed) {
  const magic = magicOf(packed);
  if (packed.length < HEADER || ![MAGIC, SEVERAL].includes(magic)) throw new Error('this file was not written by gpt2 compress');
  const view = new DataView(packed.buffer, packed.byteOffset), at = (place) => Number(view.getBigUint64(place, true));
  const [size, count] = [at(40), at(48)], found = {named: hex(packed.subarray(8, 24)), digest: hex(packed.subarray(24, 40)), size, count};
  if (magic === MAGIC) return {...found, streams: [packed.subarray(HEADER)]};
  const streams = packed.length < HEADER + 8 ? 0 : at(HEADER);
  let end = HEADER + 8 * (1 + streams);
  if (!(streams > 1 && streams <= Math.min(MOST, count)) || end > packed.length) throw damaged();
  const parts = Array.from({length: streams}, (_, i) => packed.subarray(end, end += at(HEADER + 8 * (1 + i))));
  if (end !== packed.length) throw damaged();
  return {...found, streams: parts};
}

function startOf({bos_token_id: bos, eos_token_id: eos, vocab_size: size}) {
  return [bos, eos].find((id) => Number.isInteger(id) && id >= 0 && id < size) ?? 0;
}

// Ids whose bytes are the data: words of text, or single bytes where it is not UTF-8.
function tokensOf(tokenizer, data) {
  const single = (bytes) => Array.from(bytes, (byte) => tokenizer.idOfByte[byte]);
  try {
    const text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(data);
    return tokenizer.encodePlain(text);
  } catch {
    return single(data);
  }
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
