// What the page computes, in node: node ask.mjs WASM FOLDER < {facts, asked: [[name, asked], ...]}.
// Answers each question of Session in turn; arrays become lists.
import {readFileSync} from 'node:fs';
import {Session} from '../../src/gpt2/explain/web/session.js';

const [code, weights, merges] = process.argv.slice(2);
const {facts, asked} = JSON.parse(readFileSync(0, 'utf8'));
const session = await Session.open(facts, {
  core: readFileSync(code), merges: readFileSync(merges), files: [readFileSync(weights)],
});
const plain = (key, value) => {
  if (ArrayBuffer.isView(value)) return Array.from(value, (x) => (Number.isNaN(x) ? null : x));
  return value;
};
const answers = asked.map(([name, question]) => session[name](question));
process.stdout.write(JSON.stringify(answers, plain));
