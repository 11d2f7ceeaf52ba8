// The worker's side: it receives bytes, then requests, and returns each answer under its number.

import {bytesOf} from './base64.js';
import {Session} from './session.js';

const files = [];
let session = null;

const TAKEN = {
  /** A piece of a file; files come one after another, their pieces in order. */
  piece({file, size, at, text}) {
    files[file] ??= new Uint8Array(size);
    files[file].set(bytesOf(text), at);
  },
  async open({facts, core, merges}) {
    session = await Session.open(facts, {core: bytesOf(core), merges: new TextEncoder().encode(merges), files});
    files.length = 0;
    return {kernels: session.engine.kernels, bound: session.bound};
  },
};

/** Answers one message with a result or an error. */
export async function answer({id, name, asked}) {
  try {
    return {id, result: await (TAKEN[name] ? TAKEN[name](asked) : session[name](asked))};
  } catch (error) {
    return {id, error: error.message ?? String(error)};
  }
}

/** Listens in a worker; without workers the page calls `answer` directly. */
export function listen(scope) {
  scope.onmessage = async ({data}) => scope.postMessage(await answer(data));
}
