// What temperature, top-k and top-p make of all the logits: the probabilities a token is drawn by.

import {largest} from './pass.js';

/** Probabilities [V] after the settings, in the order of generation: temperature, top-k, top-p. */
export function distribution(logits, {temperature = 1, top_k = 0, top_p = 1}) {
  const shares = new Float64Array(logits.length);
  if (temperature === 0) {
    shares[largest(logits, 1)[0][0]] = 1;
    return shares;
  }
  let order = Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a] || a - b);
  const best = logits[order[0]];
  if (top_k > 0 && top_k < order.length) {
    const least = logits[order[top_k - 1]];  // what equals the last of them stays too
    order = order.filter((id) => logits[id] >= least);
  }
  let weights = order.map((id) => Math.exp((logits[id] - best) / temperature));
  let whole = weights.reduce((sum, weight) => sum + weight, 0);
  if (top_p < 1) {
    let mass = 0, kept = 0;
    while (kept < weights.length && mass < top_p * whole) mass += weights[kept++];
    [weights, whole] = [weights.slice(0, kept), mass];
  }
  weights.forEach((weight, i) => { shares[order[i]] = weight / whole; });
  return shares;
}
