// The text as tokens: one is in the tab order, arrows move the focus, Enter or a click opens a token.
import {html} from '../../web/lit/lit-html.js';
import {t} from '../../web/language.js';
import {roving} from '../../web/roving.js';
import {percent, runningTexts, shade, textsOf, visible} from '../../web/tokens.js';

export function tokenList(state, actions) {
  const path = state.tree.path(), texts = runningTexts(path), names = textsOf(path);
  const inTabOrder = state.chosen ?? path.length - 1;
  return html`
    <h2 id="tokens">${t('tokens')}</h2>
    <div class="tokens" role="group" aria-labelledby="tokens" @keydown=${roving('.token')}>${path.map((entry, place) => html`<button
        class=${`token s${shade(entry.logprob)}`} data-place=${place}
        tabindex=${place === inTabOrder ? 0 : -1} aria-pressed=${place === state.chosen}
        aria-label=${`${visible(names[place])}, ${percent(entry.logprob)}`}
        title=${`${texts[place] === names[place] ? '' : `${names[place]} `}${percent(entry.logprob)}`}
        @click=${() => actions.choose(place)}>${shown(texts[place])}</button>${breaks(texts[place])}`)}</div>`;
}

// A line break is shown as a symbol, and then breaks the line.
const shown = (text) => text.replaceAll('\n', '↵');
const breaks = (text) => (text.includes('\n') ? html`<br>` : '');
