// The frame of every panel: a heading, a line of description, and "copy as picture".
import {html} from '../../../web/lit/lit-html.js';
import {t} from '../../../web/language.js';

// Two overlapping sheets.
const ICON = html`<svg width="16" height="16" viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.25" aria-hidden="true"><path d="M5.5 5.5h8v8h-8z M10.5 5.5v-3h-8v8h3"/></svg>`;

export const panel = (name, state, actions, about, content) => html`
  <section class=${`panel ${name}`} id=${`panel-${name}`} aria-labelledby=${`title-${name}`} ?data-shown=${state.panel === name}
    ?data-told=${state.tour !== null && state.tourPanel === name}>
    <div class="row head"><h2 id=${`title-${name}`}>${t(name)}</h2>
      <button class="quiet" @click=${() => actions.picture(name)}
        aria-label=${`${t('picture')}: ${t(name)}`} title=${t('picture')}>${ICON}</button></div>
    ${about ? html`<p class="small">${about}</p>` : ''}
    ${content}
  </section>`;
