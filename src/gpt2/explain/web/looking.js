// The requests for what the page shows: only the newest one counts.
import {textOf} from '../../web/tokens.js';
import {namesOf, textOfAll} from './names.js';

/**
 * Sends requests for `state` and passes changes to `update`: first those about the chosen token, then
 * the shades of all tokens and heads. Calls in between are merged. `busy(what)` receives what is
 * pending: 'answer', 'shades' or ''.
 */
export class Looking {
  constructor(live, state, update, busy) {
    Object.assign(this, {live, state, update, busy, answered: new Map(), running: false, wanted: false, read: false, shaded: true, pending: null, arrived: null});
  }

  async look({read = false} = {}) {
    this.read ||= read;
    this.wanted = true;
    this.pending ??= new Promise((arrived) => { this.arrived = arrived; });  // until what is shown is the newest
    if (this.running) return;
    this.running = true;
    while (this.wanted || !this.shaded) {
      try {
        await (this.wanted ? this.answer() : this.shade());
      } catch (error) {
        [this.read, this.shaded] = [true, true];  // the next request reads the text again
        this.update({notice: error.message, failed: true});
      }
      if (!this.wanted) this.settle();
    }
    this.running = false;
    this.busy('');
  }

  settle() {
    this.pending = null;
    this.arrived();
  }

  async answer() {
    this.wanted = false;
    this.busy('answer');
    const found = await this.found();
    if (this.wanted) {
      this.read ||= Boolean(found.found);  // the text read is not shown yet
      return;
    }
    this.update(found);
    this.busy(this.shaded ? '' : 'shades');
  }

  async shade() {
    const {done, ...shades} = await this.live.ask('shades');
    this.shaded = done;
    this.update({found: {...this.state.found, ...shades}});
  }

  /** An answer, cached for the same request about the same text. */
  async ask(name, asked) {
    const question = JSON.stringify(asked), before = this.answered.get(name);
    if (before?.question === question) return before.answer;
    const answer = await this.live.ask(name, asked);
    this.answered.set(name, {question, answer});
    return answer;
  }

  async found() {
    const {live, state} = this, changes = {};
    if (this.read || !state.found) {
      this.read = false;
      this.answered.clear();
      const off = Object.values(state.off).some((list) => list.length) ? state.off : null;
      const read = await live.ask('read', {...(state.ids ? {ids: state.ids} : {text: state.text}), off});
      this.shaded = 'bits' in read;
      changes.found = {...(this.shaded ? {} : unshaded(state, read.tokens.length)), ...read};
      changes.names = namesOf(changes.found.tokens);
      if (state.ids && !(read.left && state.text)) changes.text = textOfAll(changes.found.tokens);
    }
    const {tokens} = changes.found ?? state.found, {layer, head, settings} = state;
    const t = Math.min(state.follow ? tokens.length - 1 : state.t, tokens.length - 1);
    const pair = state.pair && state.pair[0] < tokens.length ? state.pair : null;
    const chosen = state.follow || state.t === t ? state.target : null;  // of a visible position
    const [next, weights] = await Promise.all([
      this.ask('next', {t, settings, extra: [chosen, state.other].filter((id) => id !== null)}),
      this.ask('head', {layer, head}),
    ]);
    const target = chosen ?? next.bars[0].id, bar = next.bars.find(({id}) => id === target);
    const second = next.bars.find(({id}) => id !== target);
    const [taken, lens, sources] = await Promise.all([
      pair && this.ask('pair', {layer, head, t: pair[0], s: pair[1]}),
      this.ask('lens', {t, token: target}),
      this.ask('sources', {t, token: target, other: state.other}),
    ]);
    return {
      ...changes, t, pair, next, weights, taken, lens, sources, shownTarget: target, targetText: textOf(bar.bytes),
      otherText: textOf(next.bars.find(({id}) => id === state.other)?.bytes ?? []),
      second: second && {id: second.id, text: textOf(second.bytes), share: Math.exp(second.logprob)}, notice: '', failed: false,
    };
  }
}

// The previous shades, until the new ones arrive.
function unshaded({found, facts}, T) {
  const {n_layer: L, n_head: H} = facts.config, nothing = () => new Float32Array(L * H).fill(NaN);
  const fitted = (before = []) => Float32Array.from({length: T}, (_, t) => before[t] ?? NaN);
  return {
    bits: fitted(found?.bits), entropy: fitted(found?.entropy), thumbs: found?.thumbs ?? {n: 1, values: new Float32Array(L * H)},
    kinds: found?.kinds ?? {previous: nothing(), first: nothing(), induction: nothing()},
  };
}
