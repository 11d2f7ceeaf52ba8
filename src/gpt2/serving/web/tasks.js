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

const typed = {}, results = {};  // by field, by task: they remain when the view or the task is switched
let name = 'summarize', running = null, abort = null;  // the task that runs

export const tasksForm = (state, actions) => html`
  <main class="tasks">
    <div class="row" role="group" aria-label=${t('tasks')}>
      ${Object.entries(TASKS).map(([other, {label}]) => html`
        <button aria-pressed=${name === other} @click=${() => choose(other, actions)}>${t(label)}</button>`)}
    </div>
    <form @submit=${(event) => run(event, state, actions)}>
      ${TASKS[name].fields.map((key) => field(key, actions))}
      <button class="main" type=${running ? 'button' : 'submit'} @click=${running ? stopTask : null}>${t(running ? 'stop' : 'run')}</button>
    </form>
    <section aria-live="polite">
      <h2>${t('result')}</h2>
      ${outcome()}
    </section>
    <p class="small">${t('about')}</p>
  </main>`;

function outcome() {
  const {text = '', failed = false} = results[name] ?? {};
  return html`<p class=${failed ? 'failed' : 'result'}>${running === name ? t('running') : text}</p>`;
}

function field(key, actions) {
  const type = (event) => {
    typed[key] = event.target.value;
    actions.update();
  };
  if (CHOICES[key]) {
    return html`<label>${t(key)} <select name=${key} @change=${type}>
      ${CHOICES[key].map((choice) => html`<option value=${choice} .selected=${choice === (typed[key] ?? CHOICES[key][0])}>${t(`choice_${choice}`)}</option>`)}</select></label>`;
  }
  return html`<label class="wide">${t(key)}
    ${LONG.has(key) ? html`<textarea name=${key} rows="8" ?required=${!OPTIONAL.has(key)} .value=${typed[key] ?? ''} @input=${type}></textarea>`
    : html`<input name=${key} required .value=${typed[key] ?? ''} @input=${type}>`}
  </label>`;
}

function choose(other, actions) {
  name = other;
  actions.update();
}

/** Stops the task that runs. */
export function stopTask() { abort?.abort(); }

async function run(event, state, actions) {
  event.preventDefault();
  if (running) return;
  const task = name, form = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value !== ''));
  [running, abort] = [task, new AbortController()];
  actions.update();
  try {
    const answer = await api.task(task, {model: state.model, ...form}, abort.signal);
    results[task] = {text: answer[TASKS[task].result] || t('nothing')};
  } catch (error) {
    results[task] = abort.signal.aborted ? {text: t('ended_cancelled')} : {text: error.message, failed: true};
  }
  running = null;
  actions.update();
}
