// Generates like `gpt2 generate`: the same noise and the same sampling give the same tokens.

import {uniform} from './noise.js';
import {largest} from './pass.js';
import {sha256} from './sha256.js';

/**
 * Generates up to `count` tokens after `ids`, until the end of the text or of the context. Returns
 * {ids, the bytes of each as pieces and of all, of the prompt, sha256 of the bytes, ended}.
 */
export function write({engine, tokenizer, facts: {ends, penalty}}, {ids, count, settings}) {
  const room = Math.min(count, engine.config.n_positions - ids.length + 1);
  const written = [];
  const cache = engine.cache(1, Math.min(ids.length + Math.max(room, 1), engine.config.n_positions));
  try {
    let logits = room > 0 ? engine.extend(cache, ids) : null;
    while (written.length < room) {
      const before = [...ids, ...written];
      written.push(...drawn(engine, penalized(logits, before, penalty), settings, [0], before.length));
      if (ends.includes(written.at(-1)) || written.length === room) break;
      logits = engine.extend(cache, written.slice(-1));
    }
  } finally {
    cache.free();
  }
  const pieces = written.map((id) => [...tokenizer.bytes[id]]), bytes = Uint8Array.from(pieces.flat());
  const prompt = Uint8Array.from(ids.flatMap((id) => [...tokenizer.bytes[id]]));
  return {ids: written, pieces, bytes, prompt, sha256: sha256(bytes), ended: ends.includes(written.at(-1))};
}

/** Logits under the model's own repetition penalty on the ids before: the same 32-bit numbers as in generate. */
export function penalized(logits, ids, penalty) {
  if (penalty === 1) return logits;
  const scores = logits.slice(), factor = Math.fround(penalty);
  for (const id of ids) scores[id] = logits[id] < 0 ? logits[id] * factor : logits[id] / factor;
  return scores;
}

/** Samples tokens at a position for some rows; temperature 0 takes the most probable one. */
export function drawn(engine, logits, {temperature, seed, ...settings}, rows, position) {
  if (temperature === 0) return Array(Array.from(rows).length).fill(largest(logits, 1)[0][0]);
  return engine.draws(logits, Array.from(rows, (row) => uniform(seed, row, position)), {temperature, ...settings});
}
