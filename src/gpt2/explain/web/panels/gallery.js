// All heads as thumbnails; the chosen one as a matrix or as lines.
import {html} from '../../../web/lit/lit-html.js';
import {t, told} from '../../../web/language.js';
import {roving} from '../../../web/roving.js';
import {cellAt, lines, matrix, thumbnail} from '../drawing.js';
import {fixed, number} from '../numbers.js';
import {panel} from './panel.js';

const KINDS = {previous: 'P', first: 'F', induction: 'I'}, SURE = 0.4;

export const headsPanel = (state, actions) => panel('heads', state, actions, t('heads_about'), html`
  ${gallery(state, actions)}
  <p class="small">${t('kinds')}</p>
  ${chosenHead(state, actions)}`);

function gallery({facts, found, layer, head, off}, actions) {
  const {n_layer: L, n_head: H} = facts.config, {n, values} = found.thumbs;
  return html`<div class="gallery" style=${`--heads:${H}`} role="group" aria-label=${t('heads')} @keydown=${roving('button', H)}>
    ${Array.from({length: L}, (_, l) => html`<span class="layer" aria-hidden="true">${l}</span>${Array.from({length: H}, (_, h) => {
    const i = l * H + h, chosen = l === layer && h === head;
    return html`<button class=${off.heads.includes(i) ? 'off' : ''} tabindex=${chosen ? 0 : -1} aria-pressed=${chosen}
      aria-label=${`${told('head_name', {layer: l, head: h})} ${kindOf(found.kinds, i).join(' ')}`} @click=${() => actions.head(l, h)}>
      <canvas .paint=${(canvas) => thumbnail(canvas, values, i * n * n, n)}></canvas><b>${kindOf(found.kinds, i).map((kind) => KINDS[kind])}</b></button>`;
  })}`)}</div>`;
}

const kindOf = (kinds, i) => Object.keys(KINDS).filter((kind) => kinds[kind][i] > SURE);

function chosenHead(state, actions) {
  const {facts, found, layer, head, names, weights, view, off} = state, H = facts.config.n_head;
  const i = layer * H + head, name = told('head_name', {layer, head});
  const kind = (key) => number(t(`number_${key}`), 'pattern', `[L, H] = [${facts.config.n_layer}, ${H}]`, `[${layer}, ${head}]`, found.kinds[key][i]);
  const map = {values: weights, rows: names.visible, columns: names.visible, marked: view === 'lines' ? state.t : [state.t], chosen: state.pair};
  return html`
    <div class="row"><h3>${name}</h3>
      ${['matrix', 'lines'].map((other) => html`<button class="small-button" aria-pressed=${view === other} @click=${() => actions.update({view: other})}>${t(other)}</button>`)}
      ${state.recorded ? '' : html`<button class="small-button" aria-pressed=${off.heads.includes(i)} @click=${() => actions.toggle('heads', i)}>${t(off.heads.includes(i) ? 'switch_on' : 'switch_off')}</button>`}</div>
    <p class="facts">${Object.keys(KINDS).map((key) => html`<button class="figure" @click=${() => actions.number(kind(key))}>${told(`kind_${key}`, {value: fixed(found.kinds[key][i])})}</button>`)}</p>
    <div class="map">${view === 'matrix' ? html`
      <canvas tabindex="0" role="application" aria-label=${told('matrix_label', {head: name})} .paint=${(canvas) => matrix(canvas, map)}
        @click=${(event) => actions.cell(cellAt(event, names.visible.length))} @keydown=${(event) => walk(event, state, actions)}></canvas>` : html`
      <canvas role="img" aria-label=${told('lines_label', {head: name})} .paint=${(canvas) => lines(canvas, map)}></canvas>`}</div>`;
}

const STEPS = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};

function walk(event, {pair, t: at, found}, actions) {
  const step = STEPS[event.key], [t, s] = pair ?? [at, at], T = found.tokens.length;
  if (event.key !== 'Enter' && !step) return;
  event.preventDefault();
  const within = (x, most) => Math.min(most, Math.max(0, x));
  const to = step ? within(t + step[0], T - 1) : t;
  actions.cell([to, step ? within(s + step[1], to) : s]);
}
