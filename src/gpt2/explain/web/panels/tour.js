// The tour: a few sentences beside the panel they are about.
import {html} from '../../../web/lit/lit-html.js';
import {t, told} from '../../../web/language.js';

// A step's text and the panel it is about.
export const STEPS = [
  ['tour_tokens', 'text'], ['tour_next_word', 'next'], ['tour_heads', 'heads'], ['tour_pair', 'pair'],
  ['tour_lens', 'lens'], ['tour_sources', 'sources'], ['tour_switches', 'switches'], ['tour_proof', 'proof_panel'],
];

export function tourPanel({tour}, actions) {
  const step = tour ?? 0;
  return html`<section class="tour" aria-labelledby="title-tour">
    <div class="row head"><h2 id="title-tour">${t('tour')}</h2><span class="small">${told('tour_step', {step: step + 1, steps: STEPS.length})}</span></div>
    <p role="status">${t(STEPS[step][0])}</p>
    <div class="row"><button class="small-button" ?disabled=${step === 0} @click=${() => actions.tour(step - 1)}>${t('tour_back')}</button>
      <button class="small-button main" ?disabled=${step === STEPS.length - 1} @click=${() => actions.tour(step + 1)}>${t('tour_next')}</button></div>
  </section>`;
}
