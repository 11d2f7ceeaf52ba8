// The page's compression of the bundled model, and the growth of its memory: node compress.mjs WASM FOLDER < JSON
// {identity, facts: of the tokenizer, texts: [base64, to compress], packed: [base64, to decompress], bad: [base64],
// intervals: [[[begin, end], ...], ...]}.
import {readFileSync} from 'node:fs';
import {compress, decompress, Encoder} from '../../src/gpt2/explain/web/compress.js';
import {Core, Engine} from '../../src/gpt2/explain/web/core.js';
import {Tokenizer} from '../../src/gpt2/explain/web/tokenizer.js';

const [code, folder] = process.argv.slice(2);
const read = (name) => readFileSync(`${folder}/${name}`, 'utf8'), json = (name) => JSON.parse(read(name));
const shards = new Set(Object.values(json('model.safetensors.index.json').weight_map));
const engine = new Engine(await Core.load(readFileSync(code)), json('config.json'), [...shards].map((name) => readFileSync(`${folder}/${name}`)));
const {identity, facts, texts, packed, bad, intervals} = JSON.parse(readFileSync(0, 'utf8'));
const model = {engine, tokenizer: new Tokenizer(read('merges.txt'), facts), identity};
const bytes = (text) => Uint8Array.from(Buffer.from(text, 'base64')), base64 = (some) => Buffer.from(some).toString('base64');
const encoded = (some) => {
  const encoder = new Encoder();
  some.forEach(([begin, end]) => encoder.put(begin, end));
  return base64(encoder.finish());
};
const message = (text) => {
  try {
    return base64(decompress(model, bytes(text)));
  } catch (error) {
    return error.message;
  }
};
const messages = bad.map(message), before = engine.core.bytes.length;
for (let i = 0; i < 3; i++) bad.map(message);  // what is refused leaves nothing in memory
process.stdout.write(JSON.stringify({
  grown: engine.core.bytes.length - before,
  packed: texts.map((text) => base64(compress(model, bytes(text)))),
  texts: packed.map((text) => base64(decompress(model, bytes(text)))),
  messages,
  encoded: intervals.map(encoded),
}));
