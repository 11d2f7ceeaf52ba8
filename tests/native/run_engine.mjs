// The bundled model in WebAssembly: node run_engine.mjs WASM FOLDER < JSON list of prompts (ids).
// Prints for each prompt the SHA-256 of its last logits, and twenty seeded draws.
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {Core, Engine} from '../../src/gpt2/explain/web/core.js';
import {uniform} from '../../src/gpt2/explain/web/noise.js';

const [code, folder] = process.argv.slice(2);
const json = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
const shards = new Set(Object.values(json('model.safetensors.index.json').weight_map));
const files = [...shards].map((name) => readFileSync(`${folder}/${name}`));
const engine = new Engine(await Core.load(readFileSync(code)), json('config.json'), files);
const results = JSON.parse(readFileSync(0, 'utf8')).map((ids) => {
  const cache = engine.cache(1, ids.length + 20);
  let logits = engine.extend(cache, ids);
  const hash = createHash('sha256').update(logits).digest('hex');
  const drawn = [];
  for (let i = 0; i < 20; i++) {
    drawn.push(...engine.draws(logits, [uniform(7, 0, ids.length + i)], {temperature: 0.7, top_k: 40}));
    if (i < 19) logits = engine.extend(cache, drawn.slice(-1));
  }
  cache.free();
  return {hash, drawn};
});
let message = '';
try {
  engine.extend(engine.cache(1, 4), [1e6]);
} catch (error) {
  ({message} = error);  // a C++ exception on its way to JavaScript
}
process.stdout.write(JSON.stringify({kernels: engine.kernels, results, message}));
