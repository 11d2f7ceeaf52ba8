// The text being typed and its tokens, shaded by surprise; one is chosen.
import {html} from '../../../web/lit/lit-html.js';
import {t, told} from '../../../web/language.js';
import {roving} from '../../../web/roving.js';
import {fixed, number} from '../numbers.js';

export const textPanel = (state, actions) => html`
  <section class="reading" id="panel-text" aria-labelledby="title-text">
    <label class="wide"><span id="title-text" class="title">${t(state.recorded ? 'recorded_text' : 'your_text')}</span>
      <textarea id="text" rows="2" spellcheck="false" ?readonly=${state.recorded} .value=${state.text}
        @input=${(event) => actions.type(event.target.value)}></textarea></label>
    ${state.found ? html`${tokens(state, actions)}${about(state, actions)}` : ''}
    <p class="small">${t('legend')}</p>
  </section>`;

const tokens = ({found, t: at, names, off}, actions) => html`
  <div class="tokens" role="group" aria-label=${t('tokens')} @keydown=${roving('.token')}>${found.tokens.map((token, i) => html`<button
    class=${`token s${shade(found.bits[i])} ${off.positions.includes(i) ? 'off' : ''}`} tabindex=${i === at ? 0 : -1} aria-pressed=${i === at}
    aria-label=${`${names.visible[i]}, ${told('position', {t: i})}`} @click=${() => actions.choose(i)}>${names.shown[i]}</button>${names.breaks[i] ? html`<br>` : ''}`)}</div>`;

// Half a bit for the first step, then one bit per step.
const shade = (bits) => (Number.isFinite(bits) ? Math.min(9, Math.floor(bits + 0.5)) : 0);

function about({found, t: at, names}, actions) {
  const token = found.tokens[at], T = found.tokens.length;
  const bytes = token.bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const of = (name, values) => number(t(name), 'softmax', `[T] = [${T}]`, `[${at}]`, values[at]);
  return html`
    <p class="facts" role="status">
      <strong>${names.visible[at]}</strong> <span>id ${token.id}</span> <span>${told('position', {t: at})}</span>
      ${at === 0 ? html`<span>${t('first_token')}</span>` : html`
        <button class="figure" @click=${() => actions.number(of('number_surprise', found.bits))}>${told('surprise', {bits: fixed(found.bits[at])})}</button>`}
      <button class="figure" @click=${() => actions.number(of('number_entropy', found.entropy))}>${told('entropy', {bits: fixed(found.entropy[at])})}</button>
      <span>${told('bytes', {bytes})}</span>
    </p>
    ${found.left ? html`<p class="small failed">${told('left_out', {shown: T, left: found.left})}</p>` : ''}
    ${found.empty ? html`<p class="small">${t('empty')}</p>` : ''}`;
}
