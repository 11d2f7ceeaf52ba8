// Encodes and decodes texts with the page's tokenizer, and counts the pairs that it looks up:
// node encode.mjs MERGES < JSON {facts: those of tokenizer_facts, texts}
import {readFileSync} from 'node:fs';
import {Tokenizer} from '../../src/gpt2/explain/web/tokenizer.js';

const {facts, texts} = JSON.parse(readFileSync(0, 'utf8'));
const tokenizer = new Tokenizer(readFileSync(process.argv[2], 'utf8'), facts), {ranks} = tokenizer;
let lookups = 0;
tokenizer.ranks = {get: (pair) => { lookups++; return ranks.get(pair); }};
const ids = texts.map((text) => tokenizer.encode(text));
process.stdout.write(JSON.stringify({ids, texts: ids.map((some) => tokenizer.decode(some)), lookups}));
