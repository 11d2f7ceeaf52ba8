// Names of tokens on the page: node names.mjs < JSON list of their bytes
import {readFileSync} from 'node:fs';
import {namesOf} from '../../src/gpt2/explain/web/names.js';

const tokens = JSON.parse(readFileSync(0, 'utf8')).map((bytes) => ({bytes}));
process.stdout.write(JSON.stringify(namesOf(tokens)));
