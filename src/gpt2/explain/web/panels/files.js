// Compresses a file with the model, or decompresses it.
import {html} from '../../../web/lit/lit-html.js';
import {t, told} from '../../../web/language.js';
import {fixed} from '../numbers.js';
import {panel} from './panel.js';

export function filesPanel(state, actions) {
  const {filed} = state, running = filed?.share !== undefined;
  const take = (file) => { if (file && !running) actions.file(file); };
  const drop = (event) => {
    event.preventDefault();
    take(event.dataTransfer.files[0]);
  };
  return panel('files', state, actions, t('files_about'), html`
    <label class="wide drop" @dragover=${(event) => event.preventDefault()} @drop=${drop}>${t('files_choose')}
      <input type="file" ?disabled=${running} @change=${(event) => take(event.target.files[0])}></label>
    ${filed ? outcome(filed) : ''}`);
}

function outcome({name, share, error, packed, sizes: [before, after] = [], link, to}) {
  if (error) return html`<p class="failed" role="alert">${name}: ${error}</p>`;
  if (share !== undefined) return html`<p role="status">${name}: ${Math.floor(100 * share)} %</p>`;
  const values = {before: before.toLocaleString(), after: after.toLocaleString(), bits: before ? fixed(8 * after / before) : '–'};
  return html`<p role="status">${told(packed ? 'files_unpacked' : 'files_packed', values)}</p>
    <p><a href=${link} download=${to}>${told('files_save', {name: to})}</a></p>`;
}
