// The playground: its state, the actions that change it, and the rendering. Text is continued by token
// ids, so a branch continues exactly what is shown.
import {preferred, setLanguage, setTexts, t} from '../../web/language.js';
import {copyText} from '../../web/copying.js';
import {keep, keepApiKey, kept} from '../../web/kept.js';
import {html, render} from '../../web/lit/lit-html.js';
import * as api from './api.js';
import {alternatives} from './alternatives.js';
import {branches} from './branches.js';
import {settingsForm, readSettings, DEFAULTS} from './settings.js';
import {TEXTS} from './strings.js';
import {stopTask, tasksForm} from './tasks.js';
import {tokenList} from './token_list.js';
import {Tree} from './tree.js';

const LOGPROBS = 20;  // the maximum that the server returns

const state = {
  models: [],
  model: null,
  tree: Tree.restored(),
  settings: {...DEFAULTS, ...kept('settings')},
  language: preferred(kept('language')),
  theme: kept('theme'),
  view: 'write',
  prompt: '',       // the typed text, which is shown again if the request fails
  chosen: null,     // the position of the token whose alternatives are shown
  abort: null,      // stops the generation
  notice: '',
  failed: false,
};

function update(changes = {}) {
  Object.assign(state, changes);
  draw();
}

/** Adds a node to the tree and fills it with the server's output. */
async function write({parent = null, from = 0, prompt, given = []}) {
  state.abort?.abort();
  const abort = new AbortController();
  const settings = readSettings(state.settings), before = state.tree.current;
  const node = state.tree.add({parent, from, model: state.model, settings, entries: given});
  node.given = given.length;
  update({abort, notice: t('running'), failed: false, chosen: null});
  const body = {model: state.model, prompt, ...settings, logprobs: LOGPROBS, echo: parent === null};
  try {
    await api.complete(body, (entries, reason, chunk) => {
      node.entries.push(...entries);
      node.reason = reason ?? node.reason;
      node.seed = chunk.seed ?? node.seed;
      node.prompted ??= chunk.choices[0]?.prompt_token_ids?.length;
      update();
    }, abort.signal);
    ended(node, before, node.reason);
  } catch (error) {
    ended(node, before, abort.signal.aborted ? 'cancelled' : null, error);
  }
}

function ended(node, before, reason, error = null) {
  if (node.entries.length === node.given) state.tree.remove(node, before);
  state.tree.keep();
  const notice = reason ? t(`ended_${reason}`) : error?.message ?? '';
  update({abort: null, notice, failed: !reason && error !== null});
}

const actions = {
  update,
  start() {
    return write({prompt: state.prompt || t('example')});
  },
  goOn() {
    const {tree} = state;
    if (!tree.node) return actions.start();
    const path = tree.path();
    return write({parent: tree.current, from: path.length, prompt: path.map(({id}) => id)});
  },
  /** Chooses another token at a position of the text and continues from there. */
  branch(place, other) {
    const path = state.tree.path();
    const entry = {...other, top: path[place].top};
    const prompt = [...path.slice(0, place).map(({id}) => id), other.id];
    return write({parent: state.tree.current, from: place, prompt, given: [entry]});
  },
  stop() {
    state.abort?.abort();
    stopTask();
  },
  undo() { state.tree.undo(); update({chosen: null}); },
  select(id) { state.tree.current = id; update({chosen: null}); },
  fresh() { state.tree.current = null; update({chosen: null, notice: '', prompt: ''}); },
  clear() { state.tree.clear(); update({chosen: null, notice: '', prompt: ''}); },
  choose(place) { update({chosen: place === state.chosen ? null : place}); },
  set(name, value) {
    state.settings = {...state.settings, [name]: value};
    keep('settings', state.settings);
    update();
  },
  language() {
    const language = state.language === 'zh' ? 'en' : 'zh';
    keep('language', language);
    setLanguage(language);
    update({language, notice: ''});
  },
  theme() {
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    const theme = (state.theme ?? (dark ? 'dark' : 'light')) === 'dark' ? 'light' : 'dark';
    keep('theme', theme);
    update({theme});
  },
  export() {
    const file = new Blob([JSON.stringify(state.tree.nodes, null, 1)], {type: 'application/json'});
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = 'gpt2-playground.json';
    link.click();
    URL.revokeObjectURL(link.href);
  },
  key(value) {
    keepApiKey(value);
    return actions.load();
  },
  async load() {
    try {
      const models = await api.models();
      update({models, model: state.model ?? models[0]?.id ?? null, ...(state.failed ? {notice: '', failed: false} : {})});
    } catch (error) {
      update({notice: error.message, failed: true});
    }
  },
  /** Copies a link with which anyone can verify the text of the current node. */
  async copyProof() {
    try {
      const {link} = await api.proof(state.tree.proofRequest());
      // with API keys it is only a fragment, as no link opens a page of this server
      const whole = link.startsWith('#') ? link : new URL(link, location.href).href;
      update({notice: await copyText(whole) ? t('copied') : whole, failed: false});  // else the user can select it
    } catch (error) {
      update({notice: error.message, failed: true});
    }
  },
};

const header = () => html`
  <header>
    <h1>${t('page_title')}</h1>
    <nav>
      ${['write', 'tasks'].map((view) => html`
        <button aria-pressed=${state.view === view} @click=${() => update({view})}>${t(view)}</button>`)}
    </nav>
    <label>${t('model')}
      <select @change=${(event) => update({model: event.target.value})}>
        ${state.models.map(({id}) => html`<option value=${id} ?selected=${id === state.model}>${id}</option>`)}
      </select>
    </label>
    <button @click=${actions.language} lang=${state.language === 'zh' ? 'en' : 'zh-CN'}>${t('language')}</button>
    <button @click=${actions.theme}>${t('theme')}</button>
  </header>`;

const prompt = () => html`
  <label class="wide">${t('prompt')}
    <textarea id="prompt" rows="4" placeholder=${t('example')} .value=${state.prompt}
      @input=${(event) => update({prompt: event.target.value})}></textarea>
  </label>`;

const controls = () => {
  const {tree, abort} = state;
  return html`
    <div class="row">
      <button class="main" @click=${abort ? actions.stop : actions.goOn}>${t(abort ? 'stop' : 'go')}</button>
      <button ?disabled=${tree.node?.parent == null || abort !== null} @click=${actions.undo}>${t('undo')}</button>
      <button ?disabled=${!tree.node} @click=${actions.fresh}>${t('again')}</button>
      ${tree.node ? html`<button ?disabled=${abort !== null || !tree.proofRequest()} @click=${actions.copyProof}>${t('proof')}</button>` : ''}
    </div>`;
};

const writeView = () => html`
  <main class="write">
    <section class="text">
      ${state.tree.node ? tokenList(state, actions) : prompt()}
      ${controls()}
      <p class=${state.failed ? 'notice failed' : 'notice'} role="status">${state.notice}</p>
      <p class="small">${t('about')} ${t('legend')} ${t('keys')}</p>
    </section>
    ${alternatives(state, actions)}
    ${settingsForm(state, actions)}
    ${branches(state, actions)}
  </main>`;

function draw() {
  if (state.theme) document.documentElement.dataset.theme = state.theme;
  document.title = t('page_title');
  render(html`${header()}${state.view === 'write' ? writeView() : tasksForm(state, actions)}`, document.body);
}

document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') actions.stop();
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && state.view === 'write' && !state.abort) {
    event.preventDefault();
    actions.goOn();
  }
});

setTexts(TEXTS);
setLanguage(state.language);
draw();
actions.load();
