// Proof links: for text generated on this page, and links opened here.
import {html} from '../../../web/lit/lit-html.js';
import {t, told} from '../../../web/language.js';
import {squared} from '../drawing.js';
import {dtypesOf} from '../proof.js';
import {qr} from '../qr.js';
import {panel} from './panel.js';

export const proofPanel = (state, actions) => panel('proof_panel', state, actions, t('proof_about'), html`
  ${state.written?.proof ? html`<p>${told('proof_written', {count: state.written.ids.length})}</p>
    <button class="small-button" @click=${actions.copyProof}>${t('proof')}</button>
    ${code(actions.proofAddress())}` : html`<p class="small">${t('proof_none')}</p>`}
  <form @submit=${(event) => { event.preventDefault(); actions.openProof(event.target.elements.link.value); }}>
    <label class="wide">${t('proof_paste')}<input name="link" autocomplete="off" required .value=${state.proofLink}></label>
    <button class="small-button" ?disabled=${state.busy}>${t('proof_check')}</button></form>
  ${state.checked ? result(state) : ''}`);

function code(link) {
  const rows = qr(new TextEncoder().encode(link));
  return rows ? html`<canvas class="qr" role="img" aria-label=${t('proof_code')} .paint=${(canvas) => squared(canvas, rows)}></canvas>
    <p class="small">${t('proof_code_about')}</p>` : html`<p class="small">${t('proof_long')}</p>`;
}

function result({checked, facts}) {
  if (checked.damaged) return html`<p class="failed" role="status">${t('proof_damaged')}</p>`;
  const {proof} = checked;
  if (checked.other === 'model') return html`<p class="failed" role="status">${told('proof_model', {name: proof.name, hash: proof.model.slice(0, 12), own: facts.model.slice(0, 12)})}</p>`;
  if (checked.other === 'dtype') return html`<p class="failed" role="status">${told('proof_dtype', {dtype: proof.dtype.join(', '), own: dtypesOf(facts).join(', ')})}</p>`;
  const values = {model: facts.name, count: checked.ids?.length};
  return html`<blockquote class="proved"><span>${checked.promptText}</span><strong>${checked.text}</strong></blockquote>
    <p class="small">${t('proof_settings')}: ${Object.entries(proof.settings).map(([name, value]) => `${name} ${value}`).join(', ')}; SHA-256 ${proof.text.slice(0, 16)}…</p>
    <p class=${checked.same ? 'good' : 'failed'} role="status">${checked.same === null ? t('writing') : told(checked.same ? 'proof_same' : 'proof_other', values)}</p>`;
}
