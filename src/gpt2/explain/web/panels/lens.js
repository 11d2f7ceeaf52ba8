// The prediction after each part, and the rank of the final word.
import {html} from '../../../web/lit/lit-html.js';
import {t, told} from '../../../web/language.js';
import {textOf, visible} from '../../../web/tokens.js';
import {fixed, number, share} from '../numbers.js';
import {panel} from './panel.js';

const named = (embed, attn, mlp) => (i) => told(i === 0 ? embed : i % 2 ? attn : mlp, {layer: (i - 1) >> 1});
const partName = named('part_embed', 'part_attn', 'part_mlp');

/** The name of a lens position in a sentence. */
export const placeName = named('since_embed', 'since_attn', 'since_mlp');

export function lensPanel(state, actions) {
  const {lens, target, facts} = state, {vocab_size: V, n_layer: L} = facts.config;
  const at = (i, id, logprob) => actions.number(number(t('number_lens'), 'logits', `[2 L + 1, V] = [${2 * L + 1}, ${V}]`, `[${i}, ${id}]`, Math.exp(logprob)));
  const rank = (i) => actions.number(number(t('number_rank'), 'logits', `[2 L + 1] = [${2 * L + 1}]`, `[${i}]`, lens[i].rank));
  return panel('lens', state, actions, told('lens_about', {token: visible(state.targetText)}), html`
    <table><thead><tr><th scope="col">${t('lens_part')}</th><th scope="col">${t('lens_words')}</th><td></td><td></td><th scope="col" class="end">${t('lens_rank')}</th></tr></thead>
    <tbody>${lens.map(({top, rank: place}, i) => html`<tr><th scope="row">${partName(i)}</th>
      ${top.map(({id, bytes, logprob}) => html`<td><button class=${`cell ${id === target ? 'target' : ''}`} style=${`--share:${fixed(Math.exp(logprob) * 0.45, 3)}`}
        title=${share(Math.exp(logprob))} @click=${() => at(i, id, logprob)}>${visible(textOf(bytes))}</button></td>`)}
      <td class="end"><button class="figure" @click=${() => rank(i)}>${place}</button></td></tr>`)}</tbody></table>`);
}
