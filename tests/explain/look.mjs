// What the page sees of the bundled model: node look.mjs WASM FOLDER < JSON {ids, other}.
import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {Core, Engine} from '../../src/gpt2/explain/web/core.js';
import {look, patches} from '../../src/gpt2/explain/web/inside.js';

const [code, folder] = process.argv.slice(2);
const json = (name) => JSON.parse(readFileSync(`${folder}/${name}`, 'utf8'));
const shards = new Set(Object.values(json('model.safetensors.index.json').weight_map));
const engine = new Engine(await Core.load(readFileSync(code)), json('config.json'), [...shards].map((name) => readFileSync(`${folder}/${name}`)));
const hash = (array) => createHash('sha256').update(array).digest('hex');
const {ids, other} = JSON.parse(readFileSync(0, 'utf8'));
const last = `h.${engine.config.n_layer - 1}`;

const {logits, points} = look(engine, ids, {all: true, points: ['h.*.attn.pattern', 'h.1.attn.heads', last]});
const off = {heads: [[0, 1], [2, 0]], mlps: [1], positions: [3]};
const names = ['embed', 'h.0.attn.heads', 'h.2.mlp'];
const theirs = look(engine, other, {points: names}).points;
let message = '';
try {
  look(engine, ids, {off: {heads: [[0, 99]]}});
} catch (error) {
  ({message} = error);
}
process.stdout.write(JSON.stringify({
  points: [...points].map(([name, {shape, values}]) => [name, shape, hash(values)]),
  logits: hash(logits),
  plain: hash(look(engine, ids, {all: true}).logits),
  head: hash(engine.head(points.get(last).values)),
  off: hash(look(engine, ids, {all: true, off}).logits),
  offSeen: hash(look(engine, ids, {all: true, off, points: ['ln_f']}).logits),
  whole: hash(look(engine, ids, {changes: patches(theirs, ['embed'])}).logits),
  part: hash(look(engine, ids, {changes: patches(theirs, names.slice(1), {positions: [4], heads: [1]})}).logits),
  other: hash(look(engine, other).logits),
  rows: Object.fromEntries(['h.1.attn.c_proj.weight', 'h.0.mlp.c_proj.weight', 'h.0.mlp.c_fc.bias', 'h.0.attn.c_attn.bias', 'wte.weight', 'ln_f.bias']
    .map((name) => [name, hash(engine.rows(`transformer.${name}`, 0, name.includes('weight') ? 5 : 1))])),
  message,
}));
