// Patching: replaces the state at one position and layer by that of another text, then continues the pass.

import {pass} from './pass.js';

/**
 * How far each patch moves the last word from this text's to the other's: {mine, theirs: ids,
 * from, to: the logit of mine minus that of theirs in each text, differences [L, T]}, or {counts}
 * if the texts have different numbers of tokens.
 */
export function patchEverywhere(session, ids, where) {
  const {engine, base} = session, {n_layer: L} = engine.config, T = base.ids.length;
  if (ids.length !== T) return {counts: [T, ids.length]};
  const other = pass(engine, ids), last = T - 1;
  const best = (found) => session.at(found, last).reduce((top, x, i, all) => (x > all[top] ? i : top), 0);
  const mine = best(base), theirs = best(other);
  const apart = (logits) => logits[mine] - logits[theirs];
  const differences = new Float32Array(L * T);
  for (let l = 0; l < L; l++) {
    for (let t = 0; t < T; t++) differences[l * T + t] = apart(session.patched(other, {layer: l, where, t}));
  }
  return {
    mine: session.token(mine), theirs: session.token(theirs), tokens: ids.map((id) => session.token(id)),
    from: apart(session.at(base, last)), to: apart(session.at(other, last)), differences, L, T,
  };
}
