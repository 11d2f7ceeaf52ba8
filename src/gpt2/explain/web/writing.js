// Generates like `gpt2 generate`: the same noise and the same sampling give the same tokens.

import {uniform} from './noise.js';
import {largest} from './pass.js';
import {sha256} from './sha256.js';

/**
 * Generates up to `count` tokens after `ids`, until the end of the text or of the context. Returns
 * {ids, the bytes of each as pieces and of all, of the prompt, sha256 of the bytes, ended}.
 */
export function write({engine, tokenizer}, {ids, count, settings}) {
  const room = Math.min(count, engine.config.n_positions - ids.length + 1);
  const end = engine.config.eos_token_id ?? null, written = [];
  const cache = engine.cache(1, Math.min(ids.length + Math.max(room, 1), engine.config.n_positions));
  try {
    let logits = room > 0 ? engine.extend(cache, ids) : null;
    while (written.length < room) {
      written.push(...drawn(engine, logits, settings, [0], ids.length + written.length));
      if (written.at(-1) === end || written.length === room) break;
      logits = engine.extend(cache, written.slice(-1));
    }
  } finally {
    cache.free();
  }
  const pieces = written.map((id) => [...tokenizer.bytes[id]]), bytes = Uint8Array.from(pieces.flat());
  const prompt = Uint8Array.from(ids.flatMap((id) => [...tokenizer.bytes[id]]));
  return {ids: written, pieces, bytes, prompt, sha256: sha256(bytes), ended: written.at(-1) === end};
}

/** Samples tokens at a position for some rows; temperature 0 takes the most probable one. */
export function drawn(engine, logits, {temperature, seed, ...settings}, rows, position) {
  if (temperature === 0) return Array(Array.from(rows).length).fill(largest(logits, 1)[0][0]);
  return engine.draws(logits, Array.from(rows, (row) => uniform(seed, row, position)), {temperature, ...settings});
}
