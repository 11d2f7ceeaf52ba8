// Alternatives at a position: probabilities before and after the settings, side by side.
import {html} from '../../web/lit/lit-html.js';
import {t} from '../../web/language.js';
import {percent, textOf, visible} from '../../web/tokens.js';
import {warped} from './warp.js';

export function alternatives(state, actions) {
  const entry = state.chosen === null ? null : state.tree.path()[state.chosen];
  return html`
    <section class="alternatives">
      <h2>${t('alternatives')}</h2>
      ${entry && state.chosen > 0 ? html`<p><a href=${whyAddress(state)}>${t('why')}</a></p>` : ''}
      ${entry?.top.length ? table(entry, state, actions) : html`<p class="small">${t('choose')}</p>`}
    </section>`;
}

/** The URL of the model explorer at the token before the chosen one, which predicted it. */
function whyAddress({tree, chosen, model}) {
  const ids = tree.path().map(({id}) => id), view = {ids, token: chosen - 1, target: ids[chosen]};
  return `explain?${new URLSearchParams({model: tree.node.model ?? model})}#${new URLSearchParams(view)}`;
}

function table(entry, state, actions) {
  const {shares, exact} = warped(entry.top, state.settings);
  const prefix = exact ? '' : `${t('atMost')} `;
  return html`
    <table>
      <thead><tr><th scope="col">${t('token')}</th><th scope="col">${t('before')}</th><th scope="col">${t('after')}</th></tr></thead>
      <tbody>${entry.top.map((other, i) => html`
        <tr class=${other.id === entry.id ? 'taken' : ''}>
          <td><button ?disabled=${state.abort !== null} @click=${() => actions.branch(state.chosen, other)}
            title=${`id ${other.id}`}>${visible(textOf(other.bytes))}</button></td>
          <td>${bar(Math.exp(other.logprob))}${percent(other.logprob)}</td>
          <td>${bar(shares[i])}${shares[i] > 0 ? prefix + percent(Math.log(shares[i])) : '0 %'}</td>
        </tr>`)}</tbody>
    </table>`;
}

const bar = (share) => html`<meter min="0" max="1" .value=${share} aria-hidden="true"></meter>`;
