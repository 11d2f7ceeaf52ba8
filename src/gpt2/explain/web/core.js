// GPT-2's C++ core (csrc/gpt2.h), compiled to WebAssembly, for JavaScript: an Engine turns token
// ids into logits and keeps keys and values in a Cache. Results are bit-identical to the native core.
//
//   const core = await Core.load(bytes), engine = new Engine(core, config, files)
//   cache = engine.cache()             keys and values; cache.truncate(n), cache.free()
//   engine.extend(cache, ids)          logits after the last token; {all: true}: after each
//   engine.top, logprobs, draws        the largest logits; surprise; seeded draws
//   engine.head(hidden)                only ln_f and the head: the lens, for rows of any point
//   engine.judge(hidden, targets)      entropies and logits of targets, for rows as for head
//   engine.rows(name, first, n, width)  the values of a tensor, as used in matmuls
//   engine.watch(look, work)           every named point (gpt2/points.py) of the passes in work()
//   engine.omit({heads, mlps, ...})    switches parts off from now on
//   engine.begin(layer, hidden, work)  watched passes of work() start at a layer
//   engine.intervalsOf, intervalsAt    for arithmetic coding (compress.js)

const TYPES = {F32: 0, F16: 1, BF16: 2};  // number formats in a safetensors file, as gpt2_dtype
export const DTYPES = {fp32: 0, fp16: 1, bf16: 2, int8: 3, int4: 4};
const ACTIVATIONS = {
  gelu_new: 0, gelu_pytorch_tanh: 0, gelu_fast: 0, gelu: 1, relu: 2, silu: 3, swish: 3, tanh: 4,
};
const NONE = 0, LAST = 1, ALL = 2;  // gpt2_logits
const HEADER = 8;  // bytes before a safetensors file's JSON

/** The tensors of a safetensors file: name -> {dtype, shape, begin, end}, in bytes of the file. */
export function tensorsOf(bytes) {
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const {__metadata__, ...entries} = JSON.parse(new TextDecoder().decode(bytes.subarray(HEADER, HEADER + size)));
  return Object.entries(entries).map(([name, {dtype, shape, data_offsets: [begin, end]}]) =>
    ({name, dtype, shape, begin: HEADER + size + begin, end: HEADER + size + end}));
}

/** The compiled core and its memory. */
export class Core {
  /** @param {BufferSource|WebAssembly.Module} code the output of tools/wasm.py */
  static async load(code) {
    const core = new Core();
    const nothing = () => 8;  // WASI's "bad file descriptor": there are no files
    const made = await WebAssembly.instantiate(code, {
      wasi_snapshot_preview1: {fd_close: nothing, fd_seek: nothing, fd_write: nothing},
      page: {tap: (context, point) => core.tap(point)},
    });
    core.exports = (made.instance ?? made).exports;
    core.exports._initialize();
    return core;
  }

  // Growing the memory detaches existing views, so each view is made when it is needed.
  get bytes() { return new Uint8Array(this.exports.memory.buffer); }
  get view() { return new DataView(this.exports.memory.buffer); }
  ints(at, n) { return new Int32Array(this.exports.memory.buffer, at, n); }
  floats(at, n) { return new Float32Array(this.exports.memory.buffer, at, n); }
  doubles(at, n) { return new Float64Array(this.exports.memory.buffer, at, n); }

  text(at) {
    const {bytes} = this;
    return new TextDecoder().decode(bytes.subarray(at, bytes.indexOf(0, at)));
  }

  allocate(size) {
    const at = this.exports.malloc(size) >>> 0;
    if (at === 0) throw new Error(`no memory for ${size} bytes`);
    return at;
  }

  /** Calls work(place); place(size) allocates memory, aligned to 8 bytes, that is freed at the end. */
  scratch(work) {
    const taken = [];
    try {
      return work((size) => {
        taken.push(this.allocate(Math.max(size, 1)));
        return taken.at(-1);
      });
    } finally {
      taken.forEach((at) => this.exports.free(at));
    }
  }

  /** Writes a text, terminated by 0, into memory from `place`. */
  place(text, place) {
    const encoded = new TextEncoder().encode(`${text}\0`);
    const at = place(encoded.length);
    this.bytes.set(encoded, at);
    return at;
  }

  check(status) {
    if (status !== 0) throw Object.assign(new Error(this.text(this.exports.gpt2_message())), {status});
  }
}

/** A model: `config` as in config.json, `files` the bytes of its safetensors files, packed or not. */
export class Engine {
  constructor(core, config, files, {dtype = 'int8', headDtype = dtype === 'int4' ? 'int8' : dtype, kvDtype = 'fp16'} = {}) {
    this.core = core;
    this.config = config;
    this.tapped = null;
    core.scratch((place) => {
      const shape = place(44), options = place(24), handle = place(4);
      core.ints(shape, 10).set([
        config.vocab_size, config.n_positions, config.n_embd, config.n_layer, config.n_head,
        config.n_inner ?? 4 * config.n_embd, activation(config), Number(config.scale_attn_weights ?? true),
        Number(config.scale_attn_by_inverse_layer_idx ?? false), Number(config.tie_word_embeddings ?? true),
      ]);
      core.view.setFloat32(shape + 40, config.layer_norm_epsilon ?? 1e-5, true);
      core.ints(options, 6).set([DTYPES[dtype], DTYPES[headDtype], DTYPES[kvDtype], 1, 0, 0]);
      core.check(core.exports.gpt2_engine_new(shape, options, handle));
      this.handle = core.view.getUint32(handle, true);
    });
    for (const file of files) this.set(file);
  }

  // The file stays in memory: packed matrices are read in place, aligned to 64 bytes.
  set(file) {
    const {core} = this;
    const base = (core.allocate(file.length + 64) + 63) & ~63;
    core.bytes.set(file, base);
    for (const {name, dtype, shape, begin, end} of tensorsOf(file)) {
      core.scratch((place) => {
        const called = core.place(name, place);
        if (dtype === 'U8') {
          core.check(core.exports.gpt2_engine_set_packed(this.handle, called, base + begin, end - begin));
          return;
        }
        const sizes = place(8 * shape.length);
        shape.forEach((size, i) => core.view.setBigInt64(sizes + 8 * i, BigInt(size), true));
        core.check(core.exports.gpt2_engine_set(this.handle, called, TYPES[dtype], base + begin, sizes, shape.length));
      });
    }
  }

  /** The kernels that compute: "wasm". */
  get kernels() { return this.core.text(this.core.exports.gpt2_engine_kernels(this.handle)); }

  cache(rows = 1, capacity = this.config.n_positions) { return new Cache(this, rows, capacity); }

  /** Appends ids to a row of the cache; returns the logits after the last one, or after each. */
  extend(cache, ids, {all = false, row = 0} = {}) {
    const {core} = this, size = this.config.vocab_size, lines = all ? ids.length : 1;
    return core.scratch((place) => {
      const logits = place(4 * lines * size);
      core.check(core.exports.gpt2_extend(...this.call(cache, row, ids, place), all ? ALL : LAST, logits));
      return core.floats(logits, lines * size).slice();
    });
  }

  /** Appends ids without logits. */
  fill(cache, ids, {row = 0} = {}) { this.fillAll(cache, [row], [ids]); }

  /** Appends a text to each of some rows, without logits. */
  fillAll(cache, rows, texts) {
    this.core.scratch((place) =>
      this.core.check(this.core.exports.gpt2_extend(...this.calls(cache, rows, texts, place), NONE, 0)));
  }

  /** Appends ids; returns the k largest logits after the last one: [ids, logits], largest first. */
  top(cache, ids, k, {row = 0} = {}) {
    const {core} = this;
    return core.scratch((place) => {
      const top = place(4 * k), logits = place(4 * k);
      core.check(core.exports.gpt2_extend_top(...this.call(cache, row, ids, place), LAST, k, top, logits));
      return [core.ints(top, k).slice(), core.floats(logits, k).slice()];
    });
  }

  /** The natural log-probability of each id given the previous ones; 0 for the first. */
  logprobs(cache, ids, {row = 0} = {}) {
    const {core} = this, n = ids.length;
    return core.scratch((place) => {
      const targets = place(4 * n), logprobs = place(4 * n), greedy = place(n);
      core.ints(targets, n).set([...ids.slice(1), -1]);
      core.check(core.exports.gpt2_extend_logprobs(...this.call(cache, row, ids, place), targets, logprobs, greedy));
      return Float32Array.of(0, ...core.floats(logprobs, n - 1));
    });
  }

  /** Samples a token from logits for each number in [0, 1); the options are those of generate. */
  draws(logits, noises, {temperature = 1, top_k = 0, top_p = 1, min_p = 0} = {}) {
    const {core} = this;
    return core.scratch((place) => {
      const from = place(4 * logits.length), sampling = place(56), number = place(8), token = place(4);
      core.floats(from, logits.length).set(logits);
      core.bytes.fill(0, sampling, sampling + 56);
      core.floats(sampling, 1)[0] = temperature;
      core.ints(sampling + 4, 1)[0] = top_k;
      core.doubles(sampling + 8, 5).set([top_p, min_p, 1, 0, 0]);
      return Array.from(noises, (noise) => {
        core.doubles(number, 1)[0] = noise;
        core.check(core.exports.gpt2_draw(this.handle, 1, from, sampling, number, token));
        return core.ints(token, 1)[0];
      });
    });
  }

  /**
   * Runs work and calls look(name, values, {heads, width, tokens, tokenStride, headStride}) for every
   * point; look returns true if it changed the values.
   */
  watch(look, work) {
    const {core} = this;
    let failure = null;
    core.tap = (point) => {
      try {
        return look(...pointOf(core, point)) ? 1 : 0;  // GPT2_TAP_CHANGED, GPT2_TAP_SEEN
      } catch (error) {
        failure = error;
        return 2;  // GPT2_TAP_STOP: the cache is unchanged
      }
    };
    core.check(core.exports.gpt2_engine_tap(this.handle, core.exports.page_tap_address(), 0));
    try {
      return work();
    } catch (error) {
      throw failure ?? error;
    } finally {
      core.check(core.exports.gpt2_engine_tap(this.handle, 0, 0));
    }
  }

  /** Switches parts off from now on: arrays of 0 and 1 as in gpt2_omissions; null switches all on. */
  omit(omissions) {
    const {core} = this;
    core.scratch((place) => {
      const flags = (list) => {
        if (!list) return 0;
        const at = place(list.length);
        core.bytes.set(list, at);
        return at;
      };
      const {heads, attention, mlps, hidden, positionEmbeddings = 0} = omissions ?? {};
      const at = place(20);
      core.ints(at, 5).set([flags(heads), flags(attention), flags(mlps), flags(hidden), Number(positionEmbeddings)]);
      core.check(core.exports.gpt2_engine_omit(this.handle, omissions ? at : 0));
    });
  }

  /** Rows of a tensor as numbers, [count, width]; for a matrix, the weights of its outputs. */
  rows(name, first, count, width) {
    const {core} = this;
    return core.scratch((place) => {
      const to = place(4 * count * width);
      core.check(core.exports.gpt2_engine_rows(this.handle, core.place(name, place), first, count, to));
      return core.floats(to, count * width).slice();
    });
  }

  /** Only the last layer norm and the output head, for rows of the residual stream: logits [n, V]. */
  head(hidden) {
    const {core} = this, {n_embd, vocab_size} = this.config, n = hidden.length / n_embd;
    return core.scratch((place) => {
      const from = place(4 * hidden.length), to = place(4 * n * vocab_size);
      core.floats(from, hidden.length).set(hidden);
      core.check(core.exports.gpt2_head(this.handle, n, from, to));
      return core.floats(to, n * vocab_size).slice();
    });
  }

  /**
   * For the distributions of rows of the residual stream, as in `head`: the log-sum-exp of the logits,
   * the entropies in nats, and the logits of one token each, [n].
   */
  judge(hidden, targets) {
    const {core} = this, {n_embd, vocab_size: V} = this.config, n = hidden.length / n_embd;
    return core.scratch((place) => {
      const from = place(4 * hidden.length), logits = place(4 * n * V), sums = place(8 * n), entropies = place(8 * n);
      core.floats(from, hidden.length).set(hidden);
      core.check(core.exports.gpt2_head(this.handle, n, from, logits));
      core.check(core.exports.gpt2_entropy(this.handle, n, logits, sums, entropies));
      const all = core.floats(logits, n * V);
      return {
        sums: core.doubles(sums, n).slice(), entropies: core.doubles(entropies, n).slice(),
        logits: Float32Array.from(targets, (token, i) => all[i * V + token]),
      };
    });
  }

  /** Watched passes within work() start before a layer, with this residual stream [tokens, width]. */
  begin(layer, hidden, work) {
    const {core} = this, {n_embd} = this.config;
    core.scratch((place) => {
      const from = place(4 * hidden.length);
      core.floats(from, hidden.length).set(hidden);
      core.check(core.exports.gpt2_engine_begin(this.handle, layer, hidden.length / n_embd, from));
    });
    try {
      return work();
    } finally {
      core.check(core.exports.gpt2_engine_begin(this.handle, 0, 0, 0));
    }
  }

  /** Appends ids; returns the intervals [begin, end) of [0, 2^30) of tokens, one after each id. */
  intervalsOf(cache, ids, tokens) {
    const {core} = this, n = ids.length;
    return core.scratch((place) => {
      const logits = place(4 * n * this.config.vocab_size), numbers = place(12 * n);
      core.check(core.exports.gpt2_extend(...this.call(cache, 0, ids, place), ALL, logits));
      core.ints(numbers, n).set(tokens);
      core.check(core.exports.gpt2_interval_of(this.handle, n, logits, numbers, numbers + 4 * n, numbers + 8 * n));
      const [begins, ends] = [core.ints(numbers + 4 * n, n), core.ints(numbers + 8 * n, n)];
      return Array.from(begins, (begin, i) => [begin, ends[i]]);
    });
  }

  /** Appends an id to each of some rows; returns the tokens whose intervals contain a point each: [[token, begin, end], ...]. */
  intervalsAt(cache, rows, ids, points) {
    const {core} = this, size = this.config.vocab_size;
    return core.scratch((place) => {
      const logits = place(4 * rows.length * size), numbers = place(12), calls = this.calls(cache, rows, ids.map((id) => [id]), place);
      core.check(core.exports.gpt2_extend(...calls, LAST, logits));
      return points.map((point, i) => {
        core.check(core.exports.gpt2_interval_at(this.handle, logits + 4 * i * size, point, numbers, numbers + 4, numbers + 8));
        return [...core.ints(numbers, 3)];
      });
    });
  }

  call(cache, row, ids, place) { return this.calls(cache, [row], [ids], place); }

  // The first arguments of a core call that appends a text to each of some rows.
  calls(cache, rows, texts, place) {
    const flat = texts.flat(), n = rows.length, at = place(4 * n), counts = place(4 * n), tokens = place(4 * flat.length);
    this.core.ints(at, n).set(rows);
    this.core.ints(counts, n).set(texts.map((ids) => ids.length));
    this.core.ints(tokens, flat.length).set(flat);
    return [this.handle, cache.handle, n, at, counts, tokens];
  }
}

function activation(config) {
  const name = config.activation_function ?? 'gelu_new';
  if (!(name in ACTIVATIONS)) throw new Error(`the activation ${name} is unknown here`);
  return ACTIVATIONS[name];
}

// gpt2_point in 32 bits: name, values, rows, counts, heads, width, two strides of 64 bits.
function pointOf(core, at) {
  const [name, values, rows, counts, heads, width] = core.ints(at, 6);
  const [tokenStride, headStride] = [24, 32].map((offset) => Number(core.view.getBigInt64(at + offset, true)));
  const tokens = core.ints(counts, rows).reduce((sum, n) => sum + n, 0);
  const last = (tokens - 1) * tokenStride + Math.max(heads - 1, 0) * headStride + width;
  return [core.text(name), core.floats(values, last), {tokens, heads, width, tokenStride, headStride}];
}

/** The keys and values of some rows of tokens. */
export class Cache {
  constructor(engine, rows, capacity) {
    const {core} = engine;
    this.core = core;
    core.scratch((place) => {
      const handle = place(4);
      core.check(core.exports.gpt2_cache_new(engine.handle, rows, capacity, handle));
      this.handle = core.view.getUint32(handle, true);
    });
  }

  length(row = 0) { return this.core.exports.gpt2_cache_length(this.handle, row); }
  truncate(length, row = 0) { this.core.check(this.core.exports.gpt2_cache_truncate(this.handle, row, length)); }
  /** Makes a row a copy of the first tokens of another one. */
  copy(source, target, length) { this.core.check(this.core.exports.gpt2_cache_copy(this.handle, source, target, length)); }
  free() { this.core.exports.gpt2_cache_free(this.handle); }
}
