// The sampling settings, each with a one-line explanation.
import {html} from '../../web/lit/lit-html.js';
import {apiKey} from '../../web/kept.js';
import {explained, t} from '../../web/language.js';

export const DEFAULTS = {max_tokens: 60, temperature: 0.7, top_k: 0, top_p: 1, seed: ''};
const FIELDS = [
  {name: 'max_tokens', min: 1, max: 1000, step: 1},
  {name: 'temperature', min: 0, max: 2, step: 0.05},
  {name: 'top_k', min: 0, max: 1000, step: 1},
  {name: 'top_p', min: 0.05, max: 1, step: 0.05},
  {name: 'seed', min: 0, max: 4294967295, step: 1},
];

/** The settings as request fields. */
export function readSettings({seed, ...rest}) {
  return seed === '' ? rest : {...rest, seed: Number(seed)};
}

export const settingsForm = (state, actions) => html`
  <section class="settings">
    <h2>${t('settings')}</h2>
    ${FIELDS.map(({name, ...bounds}) => field(name, bounds, state.settings[name], actions))}
    <form @submit=${(event) => event.preventDefault()}><label>${t('key')}
      <input type="password" autocomplete="off" .value=${apiKey()}
        @change=${(event) => actions.key(event.target.value)}>
    </label></form>
  </section>`;

const field = (name, {min, max, step}, value, actions) => html`
  <label>${t(name)}
    <input type="number" min=${min} max=${max} step=${step} .value=${String(value)}
      aria-describedby=${`about-${name}`} @change=${(event) => change(event.target, name, actions)}>
  </label>
  <p class="small" id=${`about-${name}`}>${explained(name)}</p>`;

function change(input, name, actions) {
  if (input.reportValidity()) actions.set(name, input.value === '' ? DEFAULTS[name] : Number(input.value));
}
