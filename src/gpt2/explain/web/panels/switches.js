// Parts switched off, and patches from a second text.
import {html} from '../../../web/lit/lit-html.js';
import {t, told} from '../../../web/language.js';
import {textOf, visible} from '../../../web/tokens.js';
import {bothWays, cellAt, matrix} from '../drawing.js';
import {number} from '../numbers.js';
import {panel} from './panel.js';

export const switchesPanel = (state, actions) => panel('switches', state, actions, t('switches_about'), html`
  ${mlps(state, actions)}
  ${position(state, actions)}
  ${listed(state, actions)}
  ${patching(state, actions)}`);

const button = (on, text, tapped) => html`<button class="small-button" aria-pressed=${on} @click=${tapped}>${text}</button>`;

const mlps = ({facts, off}, actions) => html`<div class="row tight" role="group" aria-label=${t('off_mlps')}><span>${t('off_mlps')}</span>
  ${Array.from({length: facts.config.n_layer}, (_, l) => button(off.mlps.includes(l), String(l), () => actions.toggle('mlps', l)))}</div>`;

function position({names, t: at, off}, actions) {
  const hidden = off.positions.includes(at);
  return html`<div class="row tight">${button(hidden, told(hidden ? 'show' : 'hide', {token: names.visible[at]}), () => actions.toggle('positions', at))}</div>`;
}

function listed({facts, off, names}, actions) {
  const H = facts.config.n_head, heads = off.heads.map((i) => ['heads', i, told('part_head', {layer: Math.floor(i / H), head: i % H})]);
  const others = [...off.mlps.map((l) => ['mlps', l, told('part_mlp_n', {layer: l})]), ...off.positions.map((i) => ['positions', i, names.visible[i] ?? String(i)])];
  const all = [...heads, ...others];
  if (!all.length) return html`<p class="small">${t('nothing_off')}</p>`;
  return html`<div class="row tight">${all.map(([kind, i, name]) => button(true, `${name} ×`, () => actions.toggle(kind, i)))}
    <button class="small-button" @click=${actions.allOn}>${t('all_on')}</button></div>`;
}

const patching = (state, actions) => html`
  <label class="wide">${t('patch')}<input id="other" .value=${state.otherTextTyped} @input=${(event) => actions.update({otherTextTyped: event.target.value})}></label>
  <p class="small">${t('patch_about')}</p>
  <div class="row tight"><select aria-label=${t('where')} @change=${(event) => actions.update({where: event.target.value})}>
    ${['stream', 'attn', 'mlp'].map((where) => html`<option value=${where} ?selected=${where === state.where}>${t(`where_${where}`)}</option>`)}</select>
    <button class="small-button" ?disabled=${state.busy || !state.otherTextTyped} @click=${actions.patch}>${t('patch_run')}</button></div>
  ${patched(state, actions)}`;

function patched({patches, names}, actions) {
  if (!patches) return '';
  if (patches.counts) return html`<p class="failed">${told('patch_counts', {one: patches.counts[0], other: patches.counts[1]})}</p>`;
  const {from, to, differences, L, T} = patches, name = (token) => visible(textOf(token.bytes));
  if (from === to || patches.mine.id === patches.theirs.id) return html`<p>${t('patch_same')}</p>`;
  const values = differences.map((x) => (x - from) / (to - from)), rows = Array.from({length: L}, (_, l) => told('layer', {layer: l}));
  const tap = (event) => {
    const cell = cellAt(event, T, L);
    if (cell) actions.number(number(t('number_patched'), 'stream', `[L, T] = [${L}, ${T}]`, `[${cell}]`, values[cell[0] * T + cell[1]]));
  };
  return html`<p class="small">${told('patch_result', {mine: name(patches.mine), theirs: name(patches.theirs)})}</p>
    <div class="map"><canvas role="img" aria-label=${t('patch')} @click=${tap}
      .paint=${(canvas) => matrix(canvas, {values, rows, columns: names.visible, tone: bothWays})}></canvas></div>`;
}
