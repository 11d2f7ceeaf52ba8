// What the page asks of the model for what it shows: only the newest question counts.
import {textOf} from '../../web/tokens.js';
import {namesOf, textOfAll} from './names.js';

/**
 * Asks as `state` says and hands what changes to `update`; calls in between are taken together.
 * `busy(on)` hears when it begins and ends.
 */
export class Looking {
  constructor(live, state, update, busy) {
    Object.assign(this, {live, state, update, busy, answered: new Map(), running: false, wanted: false, read: false});
  }

  async look({read = false} = {}) {
    this.read ||= read;
    this.wanted = true;
    if (this.running) return;
    this.running = true;
    this.busy(true);
    try {
      while (this.wanted) {
        this.wanted = false;
        const found = await this.found();
        if (!this.wanted) this.update(found);
      }
    } catch (error) {
      this.update({notice: error.message, failed: true});
    } finally {
      this.running = false;
      this.busy(false);
    }
  }

  /** An answer; of the same question about the same text the one that is there. */
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
      changes.found = await live.ask('read', {...(state.ids ? {ids: state.ids} : {text: state.text}), off});
      changes.names = namesOf(changes.found.tokens);
      if (state.ids) changes.text = textOfAll(changes.found.tokens);
    }
    const {tokens} = changes.found ?? state.found, {layer, head, settings} = state;
    const t = Math.min(state.follow ? tokens.length - 1 : state.t, tokens.length - 1);
    const pair = state.pair && state.pair[0] < tokens.length ? state.pair : null;
    const chosen = state.follow || state.t === t ? state.target : null;  // of a place that is shown
    const next = await this.ask('next', {t, settings, extra: [chosen, state.other].filter((id) => id !== null)});
    const target = chosen ?? next.bars[0].id, bar = next.bars.find(({id}) => id === target);
    const second = next.bars.find(({id}) => id !== target);
    const [weights, taken, lens, sources] = await Promise.all([
      this.ask('head', {layer, head}),
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
