// A model on a server answers like a live Session. Each request names its text and the parts that are
// off, so readers do not affect each other (src/gpt2/serving/explaining.py).
import {apiKey} from '../../web/kept.js';
import {t} from '../../web/language.js';
import {bytesOf} from './base64.js';

// Arrays arrive as base64 of float32 values.
const revived = (key, value) => (value?.f4 === undefined ? value : new Float32Array(bytesOf(value.f4).slice().buffer));

export class Remote {
  constructor({name}) { Object.assign(this, {model: name, ids: [], off: null}); }

  /** Takes the same requests as a worker; `read` sets the text of the next requests. */
  async ask(name, asked = {}) {
    const answer = await this.post({ask: name, ...(name === 'read' || name === 'facts' ? {} : {ids: this.ids, off: this.off}), ...asked});
    if (name === 'read') [this.ids, this.off] = [answer.tokens.map(({id}) => id), asked.off ?? null];
    return answer;
  }

  async post(body) {
    const headers = {'Content-Type': 'application/json'}, key = apiKey();
    if (key) headers.Authorization = `Bearer ${key}`;
    const response = await fetch('v1/explain', {method: 'POST', headers, body: JSON.stringify({model: this.model, ...body})})
      .catch(() => { throw new Error(t('unreachable')); });
    const text = await response.text();
    if (response.ok) return JSON.parse(text, revived);
    let told = null;
    try { told = JSON.parse(text).error.message; } catch { /* no answer of ours: a proxy's */ }
    throw Object.assign(new Error(told ?? `${response.status} ${response.statusText}`), {status: response.status});
  }
}
