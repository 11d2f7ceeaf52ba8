// The page: its state, the actions that change it, and the rendering.
import {copyText} from '../../web/copying.js';
import {preferred, setLanguage, setTexts, t, told} from '../../web/language.js';
import {html, render} from '../../web/lit/lit-html.js';
import {apiKey, keep, keepApiKey, kept} from '../../web/kept.js';
import {readFragment, viewFragment} from './link.js';
import {Looking} from './looking.js';
import {textOfAll} from './names.js';
import {filesPanel} from './panels/files.js';
import {headsPanel} from './panels/gallery.js';
import {lensPanel} from './panels/lens.js';
import {nextPanel} from './panels/next.js';
import {numberCard} from './panels/number.js';
import {pairPanel} from './panels/pair.js';
import {proofPanel} from './panels/proof.js';
import {sourcesPanel} from './panels/sources.js';
import {switchesPanel} from './panels/switches.js';
import {textPanel} from './panels/text.js';
import {stepsOf, tourPanel} from './panels/tour.js';
import {copyPicture} from './picture.js';
import {dtypesOf, fragment, isProvable, MARK, otherIn, readProof} from './proof.js';
import {TEXTS} from './texts.js';

const WRITTEN = 30, PACKED = '.g2c';
const WIDE = [['next', 'lens'], ['heads', 'pair'], ['sources', 'switches', 'proof_panel', 'files']];
const NARROW = [['next', 'lens', 'sources'], ['heads', 'pair', 'switches', 'proof_panel', 'files']];  // of about equal height
const wide = matchMedia('(min-width: 1100px)');
let facts = null, recorded = false, panels = {};  // facts of the model

const state = {
  language: preferred(kept('language')),
  theme: kept('theme'),
  text: '', ids: null,      // ids if the text was generated here: they may differ from its encoding
  found: null, names: null,
  t: 0, follow: true,       // the token whose next word is explained; the last one while typing
  layer: 0, head: 0, view: 'matrix', pair: null, taken: null, weights: null,
  settings: {temperature: 1, top_k: 0, top_p: 1, seed: 1},
  next: null, target: null, shownTarget: null, other: null, lens: null, sources: null,
  off: {heads: [], mlps: [], positions: []},
  otherTextTyped: '', where: 'stream', patches: null,
  written: null, proofLink: '', checked: null, filed: null,
  number: null, panel: 'next', tour: null, tourPanel: null,
  busy: false, notice: '', failed: false,
};
let live = null, looking = null;

/** Stores the facts of the model. */
function prepare(known) {
  facts = known;
  recorded = facts.kind === 'recorded';
  const provable = !recorded && isProvable(facts), [layer, head] = facts.heads?.[0] ?? [0, 0];
  panels = {
    next: nextPanel, heads: headsPanel, sources: sourcesPanel, lens: lensPanel, pair: pairPanel,
    ...(recorded ? {} : {switches: switchesPanel}), ...(provable ? {proof_panel: proofPanel} : {}),
    ...(facts.identity ? {files: filesPanel} : {}),
  };
  Object.assign(state, {facts, recorded, layer, head});
}

function update(changes = {}) {
  Object.assign(state, changes);
  draw();
}

/** Changes the view, sends new requests and renders; the worker starts before the page is drawn. */
function look(changes, read = false) {
  Object.assign(state, changes);
  const asked = looking?.look({read});
  draw();
  return asked;
}

async function ask(name, asked) {
  update({busy: true, notice: t('writing'), failed: false});
  try {
    const result = await live.ask(name, asked);
    update({busy: false, notice: ''});
    return result;
  } catch (error) {
    update({busy: false, notice: error.message, failed: true});
    return null;
  }
}

const idsNow = () => state.ids ?? state.found.ids;

const actions = {
  update,
  type(text) { look({text, ids: null, follow: true, target: null, other: null, patches: null, written: null}, true); },
  choose(place) { look({t: place, follow: false, target: null, other: null}); },
  head(layer, head) { look({layer, head}); },
  cell(pair) { if (pair && pair[1] <= pair[0]) look({pair, panel: state.panel}); },
  explain(id, number) { look({target: recorded ? null : id, number}); },
  compare(id) { look({other: id, target: state.shownTarget}); },
  number(number) { update({number}); },
  set(name, value) { look({settings: {...state.settings, [name]: value}}); },
  toggle(kind, i) {
    const list = state.off[kind];
    look({off: {...state.off, [kind]: list.includes(i) ? list.filter((x) => x !== i) : [...list, i]}}, true);
  },
  allOn() { look({off: {heads: [], mlps: [], positions: []}}, true); },
  async append(id) {
    const token = state.next.bars.find((bar) => bar.id === id);
    await looking.pending;  // the text may be newer than what is shown
    if (!looking.read) await actions.go([...idsNow(), id], [token], {written: null});
  },
  /** Continues the text; one with more tokens than are shown is continued as text. */
  go(ids, tokens, more) {
    const {found, text} = state, whole = found.left ? text + textOfAll(tokens) : textOfAll([...found.tokens, ...tokens]);
    return look({ids, text: whole, follow: true, target: null, other: null, patches: null, ...more}, true);
  },
  async write() {
    await looking.pending;
    if (looking.read) return;  // it could not be read
    const {text} = state, ids = idsNow(), {n_positions: size} = facts.config, count = Math.min(WRITTEN, size - ids.length + 1);
    if (count < 1) {
      update({notice: told('context_full', {size}), failed: true});
      return;
    }
    const settings = {count, ...state.settings}, off = state.off, some = Object.values(off).some((list) => list.length);
    const result = await ask('write', {ids, count, settings: state.settings, off: some ? off : null});
    if (!result || state.text !== text) return;  // edited meanwhile
    const proof = some ? null : {  // a proof is for the unmodified model
      name: facts.name, model: facts.model, dtype: dtypesOf(facts), prompt: ids, settings, text: result.sha256,
    };
    const more = result.ids.map((id, i) => ({id, bytes: result.pieces[i]}));
    await actions.go([...ids, ...result.ids], more, {written: {...result, proof}});
  },
  async patch() {
    await looking.pending;
    const {found} = state, patches = await ask('patches', {text: state.otherTextTyped, where: state.where});
    if (state.found.ids === found.ids) update({patches});
  },
  async file(file) {
    const {name} = file, packed = name.endsWith(PACKED), to = packed ? name.slice(0, -PACKED.length) : name + PACKED;
    if (state.filed?.link) URL.revokeObjectURL(state.filed.link);
    update({filed: {name, share: 0}});
    try {
      const bytes = new Uint8Array(await file.arrayBuffer());
      let found = await live.ask('file', {bytes});
      while (!found.bytes) {
        update({filed: {name, share: found.done / found.of}});
        found = await live.ask('fileMore');
      }
      update({filed: {name, packed, to, sizes: [bytes.length, found.bytes.length], link: URL.createObjectURL(new Blob([found.bytes]))}});
    } catch (error) {
      update({filed: {name, error: error.message}});
    }
  },
  async copy(text) { update({notice: await copyText(text) ? t('copied') : text, failed: false}); },  // else the user can select it
  copyLink() {
    history.replaceState(null, '', viewFragment(state));
    return actions.copy(location.href);
  },
  /** The link that proves the generated text; without the path of a local file, which others cannot open. */
  proofAddress() {
    const here = location.protocol === 'file:' ? 'gpt2.html' : location.href.replace(/#.*/, '');
    return (facts.inBrowser ? new URL(facts.inBrowser, location.href).href : here) + fragment(state.written.proof);
  },
  copyProof() { return actions.copy(actions.proofAddress()); },
  async openProof(link) {
    if (!panels.proof_panel) return update({notice: t('proof_unsupported'), failed: true});
    const proof = readProof(link);
    if (!proof) return update({proofLink: link, checked: {damaged: true}, panel: 'proof_panel'});
    const other = otherIn(proof, facts);
    if (other) return update({proofLink: link, checked: {proof, other}, panel: 'proof_panel'});
    const {count, ...settings} = proof.settings;
    const result = await ask('write', {ids: proof.prompt, count, settings, off: null});
    if (!result) return undefined;
    const same = result.sha256 === proof.text, decode = (bytes) => new TextDecoder().decode(bytes);
    return update({proofLink: link, panel: 'proof_panel', checked: {proof, same, ids: result.ids, text: decode(result.bytes), promptText: decode(result.prompt)}});
  },
  async picture(name) {
    try {
      const copied = await copyPicture(document.getElementById(`panel-${name}`), `gpt2-${name}`);
      update({notice: t(copied ? 'copied' : 'saved'), failed: false});
    } catch (error) {
      update({notice: error.message, failed: true});
    }
  },
  tour(step) {
    const tourPanel = stepsOf(recorded)[step][1];
    update({tour: step, tourPanel, panel: tourPanel in panels ? tourPanel : state.panel});
    document.getElementById(`panel-${tourPanel}`)?.scrollIntoView({block: 'nearest'});
  },
  language() {
    const language = state.language === 'zh' ? 'en' : 'zh', example = !recorded && state.text === exampleText();
    keep('language', language);
    setLanguage(language);
    if (example) look({language, number: null, text: exampleText(), ids: null, follow: true, target: null}, true);
    else update({language, number: null});
  },
  theme() {
    const dark = matchMedia('(prefers-color-scheme: dark)').matches;
    const theme = (state.theme ?? (dark ? 'dark' : 'light')) === 'dark' ? 'light' : 'dark';
    keep('theme', theme);
    update({theme});
  },
};

const exampleText = () => facts.text ?? t('example');

const header = () => html`
  <header><h1>${t('page_title')}</h1>
    <button class="small-button" @click=${actions.copyLink}>${t('link')}</button>
    <button class="small-button" @click=${actions.language} lang=${state.language === 'zh' ? 'en' : 'zh-CN'}>${t('language')}</button>
    <button class="small-button" @click=${actions.theme}>${t('theme')}</button></header>`;

const modelLine = () => html`<p class="small">${told(`model_${facts.kind}`, {
  name: facts.name, parameters: facts.parameters.toLocaleString(), layers: facts.config.n_layer, heads: facts.config.n_head, dtype: facts.dtype,
})}${recorded ? ` ${told('recorded_lacks', {heads: facts.heads.map((one) => one.join('.')).join(', ')})}` : ''}
  ${facts.ignored ? told('options_ignored', {names: facts.ignored.join(', ')}) : ''}
  ${facts.inBrowser ? html`<a href=${facts.inBrowser}>${told('in_browser', {size: (facts.parameters / 1e6).toFixed(0)})}</a>` : ''}</p>`;

const tabs = () => html`<nav class="tabs" aria-label=${t('page_title')}>${Object.keys(panels).map((name) => html`
  <button aria-pressed=${state.panel === name} @click=${() => update({panel: name})}>${t(`tab_${name}`)}</button>`)}</nav>`;

let swipe = null;
function touched(event) {
  const {clientX: x, clientY: y} = event.changedTouches[0];
  if (event.touches.length > 1) swipe = null;  // two fingers zoom
  else if (event.type === 'touchstart') swipe = event.target.closest('canvas, input, table, .gallery') ? null : [x, y];
  if (event.type === 'touchstart') return;
  if (!swipe || Math.abs(x - swipe[0]) < 60 || Math.abs(y - swipe[1]) > 40) return;
  const names = Object.keys(panels), to = names[names.indexOf(state.panel) + (x < swipe[0] ? 1 : -1)];
  if (to) update({panel: to});
}

const body = () => html`
  ${header()}
  <main>
    ${modelLine()}
    <div class="top">${textPanel(state, actions)}${tourPanel(state, actions)}</div>
    <p class=${state.failed ? 'notice failed' : 'notice'} role="status">${state.notice}</p>
    ${state.sources ? html`<div class="panels" @touchstart=${touched} @touchend=${touched}>
      ${(wide.matches ? WIDE : NARROW).map((names) => html`<div class="column">${names.filter((name) => name in panels).map((name) =>
    panels[name]({...state, target: state.shownTarget}, actions))}</div>`)}</div>` : ''}
  </main>
  ${state.sources ? tabs() : ''}
  ${numberCard(state, actions)}`;

function draw() {
  if (state.theme) document.documentElement.dataset.theme = state.theme;
  document.title = `${t('page_title')}: ${facts.name}`;
  render(body(), place);
  for (const canvas of document.querySelectorAll('canvas')) if (canvas.offsetParent) canvas.paint?.(canvas);
}

async function begin(open) {
  try {
    live = await open(facts);
  } catch (error) {
    update({notice: facts.kind === 'live' ? `${t('too_old')} (${error.message})` : error.message, failed: true});
    return;
  }
  looking = new Looking(live, state, update, (what) => {
    place.setAttribute('aria-busy', Boolean(what));
    place.dataset.waiting = what;
  });
  await look({}, true);
  if (location.hash.includes(MARK)) await actions.openProof(location.hash);
}

function address() {
  if (location.hash.includes(MARK)) return live && actions.openProof(location.hash);
  const {text, ids, layer, head, token, target} = readFragment(location.hash), {n_layer, n_head, vocab_size} = facts.config;
  const known = ids?.every((id) => id < vocab_size) ? ids : null;
  const within = (x, size) => Math.min(x, size - 1);
  return look({
    text: known ? '' : (recorded ? null : text) ?? (state.text || exampleText()), ids: known, layer: within(layer ?? state.layer, n_layer), head: within(head ?? state.head, n_head),
    t: token ?? 0, follow: token === undefined, target: target < vocab_size ? target : null,
  }, true);
}

const place = document.createElement('div');

const factsHere = async () => JSON.parse(document.getElementById('facts').textContent);

/**
 * Shows the page; learn() returns the facts of its model, open(facts) the object that answers its
 * requests: ask(name, asked).
 */
export async function start(open, learn = factsHere) {
  document.body.prepend(place);
  setTexts(TEXTS);
  setLanguage(state.language);
  await enter(open, learn);
}

async function enter(open, learn) {
  try {
    prepare(await learn());
  } catch (error) {
    const alert = html`<p class="notice failed" role="alert">${error.message}</p>`;
    render(error.status === 401 ? keyForm(alert, () => enter(open, learn)) : html`<main>${alert}</main>`, place);
    return;
  }
  state.notice = t('loading');
  state.text = exampleText();
  address();
  addEventListener('hashchange', address);
  addEventListener('resize', () => draw());
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') update({number: null}); });
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => begin(open));
  else begin(open);
}

function keyForm(alert, retry) {
  const use = (event) => {
    event.preventDefault();
    keepApiKey(event.target.elements.key.value);
    retry();
  };
  return html`<main><h1>${t('page_title')}</h1><p>${t('key_needed')}</p>${apiKey() ? alert : ''}
    <form @submit=${use}><label>${t('key')}<input name="key" type="password" autocomplete="off" required></label>
      <button class="small-button">${t('key_use')}</button></form></main>`;
}
