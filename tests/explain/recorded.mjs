// What a recording shows, in node: node recorded.mjs FILE < {facts, asked: [[name, asked], ...]}.
import {readFileSync} from 'node:fs';
import {Recorded} from '../../src/gpt2/explain/web/recorded.js';

const {facts, asked} = JSON.parse(readFileSync(0, 'utf8'));
const recorded = new Recorded(facts, new Uint8Array(readFileSync(process.argv[2])));
const plain = (key, value) => (ArrayBuffer.isView(value) ? Array.from(value, (x) => (Number.isNaN(x) ? null : x)) : value);
const answers = [];
for (const [name, question] of asked) answers.push(await recorded.ask(name, question));
process.stdout.write(JSON.stringify(answers, plain));
