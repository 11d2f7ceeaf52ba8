// One attention weight, step by step: the products of query and key, their sum, the scale, the softmax.
import {html} from '../../../web/lit/lit-html.js';
import {t, told} from '../../../web/language.js';
import {fixed, number} from '../numbers.js';
import {panel} from './panel.js';

const HIGH = 64;  // height of the bars, in pixels

export function pairPanel(state, actions) {
  const {pair, taken, names, layer, head} = state;
  if (!pair || !taken) return panel('pair', state, actions, t(pair ? 'pair_unrecorded' : 'pair_choose'), '');
  const [from, to] = pair, about = told('pair_about', {from: names.visible[from], to: names.visible[to], head: told('head_name', {layer, head})});
  const d = taken.query.length, sum = taken.products.reduce((a, b) => a + b, 0), last = taken.scores.length;
  const at = (name, lines, shape, index, value) => number(`h.${layer}.attn.${name}`, lines, shape, index, value);
  const {n_head: H} = state.facts.config, T = names.visible.length;
  const score = at('scores', 'scores', `[H, T, T] = [${H}, ${T}, ${T}]`, `[${head}, ${from}, ${to}]`, taken.scores[to]);
  const weight = at('pattern', 'pattern', `[H, T, T] = [${H}, ${T}, ${T}]`, `[${head}, ${from}, ${to}]`, taken.weights[to]);
  const product = (i) => at('q', 'q', `q · k, d = ${d}`, `[${head}, ${from}, ${i}] · [${head}, ${to}, ${i}]`, taken.products[i]);
  return panel('pair', state, actions, html`<span role="status">${about}</span>`, html`
    <p class="small">${told('pair_products', {d})}</p>
    ${columns(taken.products, (i) => actions.number(product(i)), told('pair_products', {d}))}
    <ol class="steps">
      <li>${t('pair_sum')} <b>${fixed(sum, 3)}</b></li>
      <li>${told('pair_scaled', {scale: fixed(taken.scale, 4), d})} <button class="figure" @click=${() => actions.number(score)}><b>${fixed(taken.scores[to], 3)}</b></button></li>
      <li>${told('pair_softmax', {n: last})} <button class="figure" @click=${() => actions.number(weight)}><b>${fixed(taken.weights[to], 4)}</b></button></li>
    </ol>
    ${columns(taken.weights, (i) => actions.cell([from, i]), told('pair_softmax', {n: last}), to)}
    <p class="small">${t('pair_rounding')}</p>`);
}

// Values as vertical bars, which may be negative; each can be tapped as a number.
function columns(values, tapped, label, chosen = null) {
  const most = values.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-9), below = values.some((x) => x < 0);
  const n = values.length, zero = below ? HIGH / 2 : HIGH, unit = (below ? HIGH / 2 : HIGH) / most;
  const tap = (event) => tapped(Math.min(n - 1, Math.floor(event.offsetX / event.currentTarget.clientWidth * n)));
  const paint = (canvas) => upright(canvas, values, {zero, unit, chosen});
  return html`<canvas class="columns" role="img" aria-label=${label} .paint=${paint} @click=${tap}></canvas>`;
}

function upright(canvas, values, {zero, unit, chosen}) {
  const width = canvas.parentElement.clientWidth - 32, ratio = globalThis.devicePixelRatio || 1, root = getComputedStyle(document.documentElement);
  [canvas.width, canvas.height] = [width * ratio, (HIGH + 2) * ratio];
  canvas.style.width = `${width}px`;
  const context = canvas.getContext('2d'), step = width / values.length;
  context.scale(ratio, ratio);
  values.forEach((value, i) => {
    context.fillStyle = i === chosen ? root.getPropertyValue('--main') : `rgb(${root.getPropertyValue(value >= 0 ? '--heat' : '--cool')})`;
    context.fillRect(i * step, zero - Math.max(value, 0) * unit, Math.max(1, step - 1), Math.max(1, Math.abs(value) * unit));
  });
  context.fillStyle = root.getPropertyValue('--line');
  context.fillRect(0, zero, width, 1);
}
