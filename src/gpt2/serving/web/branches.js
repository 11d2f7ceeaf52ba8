// The tree of branches: each shows its text and its settings; one is current.
import {html} from '../../web/lit/lit-html.js';
import {t} from '../../web/language.js';
import {textsOf} from '../../web/tokens.js';

const LONGEST = 40;

export function branches(state, actions) {
  const {tree} = state;
  return html`
    <section class="branches">
      <h2>${t('branches')}</h2>
      ${level(tree.children(null), state, actions)}
      ${tree.isStored ? '' : html`<p class="small">${t('notStored')}</p>`}
      <div class="row">
        <button ?disabled=${!tree.nodes.length} @click=${actions.export}>${t('export')}</button>
        <button ?disabled=${!tree.nodes.length || state.abort !== null} @click=${actions.clear}>${t('clear')}</button>
      </div>
    </section>`;
}

const level = (nodes, state, actions) => (nodes.length ? html`
  <ul>${nodes.map((node) => html`
    <li>
      <button aria-current=${node.id === state.tree.current} ?disabled=${state.abort !== null}
        title=${about(node)} @click=${() => actions.select(node.id)}>${label(node)}</button>
      ${level(state.tree.children(node.id), state, actions)}
    </li>`)}</ul>` : '');

function label({entries}) {
  const text = textsOf(entries.slice(0, LONGEST), () => '').join('').replace(/\s+/g, ' ').trim();
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text || '…';
}

const about = ({model, settings, seed}) =>
  `${model}, ${t('temperature')} ${settings.temperature}, top-k ${settings.top_k}, top-p ${settings.top_p}, ${t('seed')} ${seed ?? settings.seed ?? '–'}`;
