// The page's side of the model: requests go to a worker, or are answered here without workers.

import {answer} from './worker.js';

export class Live {
  constructor(script) {
    this.waiting = new Map();
    this.count = 0;
    try {
      const address = URL.createObjectURL(new Blob([script], {type: 'text/javascript'}));
      this.worker = new Worker(address);
      this.worker.onmessage = ({data}) => this.settle(data);
      this.worker.onerror = (event) => this.fail(new Error(event.message));
    } catch {
      this.worker = null;
    }
  }

  settle({id, result, error}) {
    const [yes, no] = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) yes(result);
    else no(new Error(error));
  }

  fail(error) {
    for (const [, no] of this.waiting.values()) no(error);
    this.waiting.clear();
  }

  ask(name, asked = {}) {
    const id = this.count++;
    return new Promise((yes, no) => {
      this.waiting.set(id, [yes, no]);
      if (this.worker) this.worker.postMessage({id, name, asked});
      else setTimeout(async () => this.settle(await answer({id, name, asked})));
    });
  }
}

/** Passes the model embedded in the page to the worker, piece by piece; each piece is removed from the page. */
export async function opened(live, facts) {
  const taken = (element) => {
    const {textContent} = element;
    element.remove();
    return textContent;
  };
  for (const element of document.querySelectorAll('script.piece')) {
    const {file, size, at} = element.dataset;
    live.ask('piece', {file: Number(file), size: Number(size), at: Number(at), text: taken(element)});
  }
  const [core, merges] = ['core', 'merges'].map((id) => taken(document.getElementById(id)));
  await live.ask('open', {facts, core, merges: JSON.parse(merges)});
  return live;
}
