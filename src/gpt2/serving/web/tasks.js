// Forms for the four tasks, the same as `gpt2 summarize`, `translate`, `answer` and `write`.
import {html} from '../../web/lit/lit-html.js';
import * as api from './api.js';
import {t} from '../../web/language.js';

// Path of the task -> its label, the fields of its form and the field of the answer.
const TASKS = {
  summarize: {label: 'summarize', fields: ['text'], result: 'summary'},
  translate: {label: 'translate', fields: ['text', 'source', 'to'], result: 'translation'},
  answer: {label: 'answer', fields: ['context', 'question'], result: 'answer'},
  write: {label: 'compose', fields: ['title', 'kind'], result: 'text'},
};
const LONG = new Set(['text', 'context']), OPTIONAL = new Set(['context']);
const CHOICES = {
  source: ['en', 'zh', 'fr', 'de'],
  to: ['zh', 'en', 'fr', 'de'],
  kind: ['article', 'email', 'story', 'free'],
};

let name = 'summarize', result = '', failed = false, abort = null;

export const tasksForm = (state, actions) => html`
  <main class="tasks">
    <div class="row" role="group" aria-label=${t('tasks')}>
      ${Object.entries(TASKS).map(([other, {label}]) => html`
        <button aria-pressed=${name === other} @click=${() => choose(other, actions)}>${t(label)}</button>`)}
    </div>
    <form @submit=${(event) => run(event, state, actions)}>
      ${TASKS[name].fields.map(field)}
      <button class="main" ?disabled=${abort !== null}>${t('run')}</button>
    </form>
    <section aria-live="polite">
      <h2>${t('result')}</h2>
      <p class=${failed ? 'failed' : 'result'}>${abort ? t('running') : result}</p>
    </section>
    <p class="small">${t('about')}</p>
  </main>`;

function field(key) {
  if (CHOICES[key]) {
    return html`<label>${t(key)} <select name=${key}>
      ${CHOICES[key].map((choice) => html`<option value=${choice}>${t(`choice_${choice}`)}</option>`)}</select></label>`;
  }
  return html`<label class="wide">${t(key)}
    ${LONG.has(key) ? html`<textarea name=${key} rows="8" ?required=${!OPTIONAL.has(key)}></textarea>`
    : html`<input name=${key} required>`}
  </label>`;
}

function choose(other, actions) {
  [name, result, failed] = [other, '', false];
  actions.update();
}

async function run(event, state, actions) {
  event.preventDefault();
  const form = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value !== ''));
  abort = new AbortController();
  actions.update();
  try {
    const answer = await api.task(name, {model: state.model, ...form}, abort.signal);
    [result, failed] = [answer[TASKS[name].result] || t('nothing'), false];
  } catch (error) {
    [result, failed] = [error.message, true];
  }
  abort = null;
  actions.update();
}
