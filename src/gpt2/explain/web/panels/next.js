// The next word: the model's probabilities, those under the settings, and 100 samples.
import {html} from '../../../web/lit/lit-html.js';
import {explained, t, told} from '../../../web/language.js';
import {textOf, visible} from '../../../web/tokens.js';
import {number, share} from '../numbers.js';
import {panel} from './panel.js';

const SLIDERS = [
  {name: 'temperature', min: 0, max: 2, step: 0.05},
  {name: 'top_k', min: 0, max: 100, step: 1},
  {name: 'top_p', min: 0.05, max: 1, step: 0.05},
];

export const nextPanel = (state, actions) => panel('next', state, actions,
  told(state.recorded ? 'next_recorded' : 'next_about', {token: state.names.visible[state.t]}), html`
    ${state.next.changed ? html`<p class="small">${t('next_changed')}</p>` : ''}
    <ul class="bars">${state.next.bars.map((bar) => row(bar, state, actions))}
      ${state.next.others > 0 ? html`<li class="others"><span>${t('others')}</span><span class="track"></span>
        <span class="drawn" title=${told('drawn', {count: state.next.others})}>${dots(state.next.others)}</span></li>` : ''}</ul>
    <div class="sliders">${SLIDERS.map((slider) => field(slider, state, actions))}
      ${state.recorded ? '' : html`<label title=${explained('seed')}>${t('seed')}<input type="number" min="0" max="4294967295" .value=${String(state.settings.seed)}
        @change=${(event) => event.target.reportValidity() && actions.set('seed', Number(event.target.value))}></label>`}</div>
    ${state.recorded ? '' : html`<div class="row"><button class="main" ?disabled=${state.busy} @click=${actions.write}>${t('write_more')}</button></div>`}`);

const WIDE = 100;
const width = (x) => `width:${(WIDE * x).toFixed(2)}%`;

function row(bar, state, actions) {
  const text = visible(textOf(bar.bytes)), p = Math.exp(bar.logprob), {vocab_size} = state.facts.config;
  const shown = number(t('number_softmax'), 'logits', `[T, V] = [${state.found.tokens.length}, ${vocab_size}]`, `[${state.t}, ${bar.id}]`, p);
  return html`<li class=${bar.id === state.target ? 'target' : ''}>
    <button class="word" @click=${() => actions.explain(bar.id, shown)} aria-pressed=${bar.id === state.target}
      aria-label=${[text, share(p), ...(state.recorded ? [] : [told('drawn', {count: bar.drawn})])].join(', ')}>${text}</button>
    <span class="track">${state.next.changed ? html`<i class="before" style=${width(Math.exp(bar.before))}></i>` : ''}
      <i class="bar" style=${width(p)}></i><i class="mark" style=${`left:${(WIDE * bar.share).toFixed(2)}%`}></i></span>
    <span class="percent">${share(p)}</span>
    ${state.recorded ? html`<span></span>` : html`<button class="plus" title=${`${t('append')} ${text}`} aria-label=${`${t('append')} ${text}`} @click=${() => actions.append(bar.id)}>+</button>`}
    ${state.recorded ? '' : html`<span class="drawn" title=${told('drawn', {count: bar.drawn})}>${dots(bar.drawn)}</span>`}
  </li>`;
}

const dots = (count) => '•'.repeat(Math.min(count, 100));

const field = ({name, ...bounds}, {settings}, actions) => html`
  <label title=${explained(name)}>${t(name)} <output>${settings[name]}</output>
    <input type="range" min=${bounds.min} max=${bounds.max} step=${bounds.step} .value=${String(settings[name])}
      @input=${(event) => actions.set(name, Number(event.target.value))}></label>`;
