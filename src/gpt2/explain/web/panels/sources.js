// The parts that contribute to the word's logit, and three sentences about these numbers.
import {html} from '../../../web/lit/lit-html.js';
import {t, told} from '../../../web/language.js';
import {visible} from '../../../web/tokens.js';
import {fixed, number, share, signed} from '../numbers.js';
import {placeName} from './lens.js';
import {panel} from './panel.js';

const SHOWN = 10;

const nameOf = ({part, layer, head}) => told(part === 'mlp' ? 'part_mlp_n' : `part_${part}`, {layer, head});
const LINES = {token: 'embed', position: 'embed', head: 'heads', mlp: 'mlp', rest: 'logits'};

export function sourcesPanel(state, actions) {
  const {sources, names, t: at, targetText, otherText, other} = state, before = names.visible[at], token = visible(targetText);
  const order = [...sources.parts].sort((a, b) => Math.abs(b.value) - Math.abs(a.value));
  const shown = order.slice(0, SHOWN), rest = order.slice(SHOWN), most = Math.abs(order[0].value) || 1;
  const less = rest.reduce((sum, {value}) => sum + value, 0);
  return panel('sources', state, actions, told('sources_of', {token, before}) + (other === null ? '' : ` (${told('against', {token: visible(otherText)})})`), html`
    ${other === null ? html`<p class="why">${sentences(state)}</p><p class="small">${t('direct')}</p>` : ''}
    <ul class="bars both">${shown.map((part) => row(nameOf(part), part.value, most, () => actions.number(numberOf(part, state))))}
      ${row(told('part_others', {count: rest.length}), less, most, null)}</ul>
    <p class="row">${t('sum')} <b>${fixed(sources.logit, 3)}</b></p>
    <div class="row">${other === null
    ? state.second && html`<button class="small-button" @click=${() => actions.compare(state.second.id)}>${told('compare', {token: visible(state.second.text)})}</button>`
    : html`<button class="small-button" @click=${() => actions.compare(null)}>${t('alone')}</button>`}</div>`);
}

function row(name, value, most, tapped) {
  const part = Math.min(50, 50 * Math.abs(value) / most).toFixed(2);
  const bar = html`<span class="track"><i class=${value < 0 ? 'less' : 'more'} style=${`width:${part}%;${value < 0 ? 'right' : 'left'}:50%`}></i></span>`;
  return html`<li>${tapped ? html`<button class="word" @click=${tapped}>${name}</button>` : html`<span class="word">${name}</span>`}${bar}<span class="percent">${signed(value)}</span></li>`;
}

function numberOf(part, {facts, found}) {
  const {n_head: H, n_layer: L} = facts.config, T = found.tokens.length;
  const shape = part.part === 'head' ? `[L, H] = [${L}, ${H}]` : part.part === 'mlp' ? `[L] = [${L}]` : `[] (T = ${T})`;
  const at = part.part === 'head' ? `[${part.layer}, ${part.head}]` : part.part === 'mlp' ? `[${part.layer}]` : '';
  return number(told('number_direct', {part: nameOf(part)}), LINES[part.part], shape, at, part.value);
}

/** Three sentences about a word; every figure in them is in the panels. */
export function sentences({language, sources, lens, names, t: at, target, targetText, next, second}) {
  const parts = sources.parts.filter(({part}) => part !== 'rest').sort((a, b) => b.value - a.value);
  const [first, after] = parts, worst = parts.at(-1), head = parts.find(({part}) => part === 'head');
  const probability = Math.exp(next.bars.find(({id}) => id === target)?.logprob ?? -Infinity);
  let since = lens.length;
  while (since > 0 && lens[since - 1].rank === 1) since--;
  return [
    told('why_1', {before: names.visible[at], token: visible(targetText), share: share(probability), second: second ? visible(second.text) : '–', secondShare: second ? share(second.share) : '–'}),
    told('why_2', {logit: fixed(sources.logit), first: nameOf(first), firstValue: signed(first.value), next: nameOf(after), nextValue: signed(after.value), head: nameOf(head), headValue: signed(head.value), source: names.visible[head.source]}),
    told(since < lens.length ? 'why_3' : 'why_3_never', {worst: nameOf(worst), worstValue: signed(worst.value), since: since < lens.length ? placeName(since) : ''}),
  ].join(language === 'zh' ? '' : ' ');
}
