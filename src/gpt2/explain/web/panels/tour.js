// The tour: a few sentences next to the panel they describe.
import {html} from '../../../web/lit/lit-html.js';
import {t, told} from '../../../web/language.js';

// The text of each step and its panel.
const ALL = [
  ['tour_tokens', 'text'], ['tour_next_word', 'next'], ['tour_heads', 'heads'], ['tour_pair', 'pair'],
  ['tour_lens', 'lens'], ['tour_sources', 'sources'], ['tour_switches', 'switches'], ['tour_proof', 'proof_panel'],
];

/** The steps of a live page, or of a recorded one, which omits those that need a live model. */
export const stepsOf = (recorded) => (recorded ? ALL.slice(0, -2) : ALL);

export function tourPanel({tour, recorded}, actions) {
  const step = tour ?? 0, STEPS = stepsOf(recorded);
  return html`<section class="tour" aria-labelledby="title-tour">
    <div class="row head"><h2 id="title-tour">${t('tour')}</h2><span class="small">${told('tour_step', {step: step + 1, steps: STEPS.length})}</span></div>
    <p role="status">${t(STEPS[step][0])}</p>
    <div class="row"><button class="small-button" ?disabled=${step === 0} @click=${() => actions.tour(step - 1)}>${t('tour_back')}</button>
      <button class="small-button main" ?disabled=${step === STEPS.length - 1} @click=${() => actions.tour(step + 1)}>${t('tour_next')}</button></div>
  </section>`;
}
