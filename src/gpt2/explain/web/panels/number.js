// The number behind a shade: its name, shape, index, value and the lines that compute it.
import {html} from '../../../web/lit/lit-html.js';
import {t, told} from '../../../web/language.js';

export function numberCard({number, facts}, actions) {
  if (!number) return '';
  const {line, text} = facts.reference[number.lines];
  return html`<aside class="number" role="status" aria-label=${t('number')}>
    <div class="row head"><code>${number.name}${number.at}</code><b>${precise(number.value)}</b>
      <button class="quiet" @click=${() => actions.update({number: null})} aria-label=${t('close')}>×</button></div>
    <p class="small">${t('shape')} ${number.shape} · ${told('reference', {line})}</p>
    <pre tabindex="0">${text}</pre></aside>`;
}

const precise = (value) => (Number.isInteger(value) ? String(value) : value.toPrecision(6));
