// Runs a WASI program: node wasi.mjs PROGRAM [ARGUMENT...]
import {readFileSync} from 'node:fs';
import {WASI} from 'node:wasi';

const [program, ...rest] = process.argv.slice(2);
const wasi = new WASI({version: 'preview1', args: [program, ...rest]});
const page = {tap: () => { throw new Error('a program has no page'); }};
const {instance} = await WebAssembly.instantiate(readFileSync(program), {...wasi.getImportObject(), page});
process.exitCode = wasi.start(instance);
