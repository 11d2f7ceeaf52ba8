// A model on a server answers what a live Session would: each question names its text and what is
// off in it, so that nobody's switches are another's (src/gpt2/serving/explaining.py).
import {bytesOf} from './base64.js';

// Arrays come as base64 of their float32 numbers.
const revived = (key, value) => (value?.f4 === undefined ? value : new Float32Array(bytesOf(value.f4).slice().buffer));

export class Remote {
  constructor({name}) { Object.assign(this, {model: name, ids: [], off: null}); }

  /** Asks as a worker is asked; `read` says of what the next questions are. */
  async ask(name, asked = {}) {
    const answer = await this.post({ask: name, ...(name === 'read' || name === 'facts' ? {} : {ids: this.ids, off: this.off}), ...asked});
    if (name === 'read') [this.ids, this.off] = [answer.tokens.map(({id}) => id), asked.off ?? null];
    return answer;
  }

  async post(body) {
    const headers = {'Content-Type': 'application/json'}, key = sessionStorage.getItem('key');
    if (key) headers.Authorization = `Bearer ${key}`;
    const response = await fetch('v1/explain', {method: 'POST', headers, body: JSON.stringify({model: this.model, ...body})});
    const text = await response.text();
    if (response.ok) return JSON.parse(text, revived);
    let told = null;
    try { told = JSON.parse(text).error.message; } catch { /* no answer of ours: a proxy's */ }
    throw Object.assign(new Error(told ?? `${response.status} ${response.statusText}`), {status: response.status});
  }
}
