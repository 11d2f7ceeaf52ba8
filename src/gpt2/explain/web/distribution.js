// Applies temperature, top-k and top-p to logits: the probabilities that a token is sampled from.

import {largest} from './pass.js';

/** Probabilities [V] under the settings, in the order of generation: temperature, top-k, top-p. */
export function distribution(logits, settings) {
  const shares = new Float64Array(logits.length);
  if (settings.temperature === 0) {
    shares[largest(logits, 1)[0][0]] = 1;
    return shares;
  }
  // Sorting numbers is much faster than sorting ids. A token's probability depends only on its logit,
  // except for ties with the last one kept, of which the lowest ids are kept.
  const order = Float32Array.from(logits).sort().reverse(), ranked = ofLargest(order, null, settings);
  let count = ranked.length;
  while (ranked[count - 1] === 0) count--;
  const least = order[count - 1];
  let equal = 0;
  while (equal < count && order[count - 1 - equal] === least) equal++;
  const share = new Map();
  for (let i = 0; i < count; i++) share.set(order[i], ranked[i]);
  logits.forEach((logit, id) => { if (logit > least || (logit === least && equal-- > 0)) shares[id] = share.get(logit); });
  return shares;
}

/**
 * The same for only the largest logits, sorted, with the log-sum of all logits at that temperature
 * (null: these are all). If top-p needs more logits than these, shares are too large by less than the
 * last one's.
 */
export function ofLargest(logits, whole, {temperature = 1, top_k = 0, top_p = 1}) {
  const shares = new Float64Array(logits.length);
  if (temperature === 0) {
    shares[0] = 1;
    return shares;
  }
  // ties with the k-th are kept too
  let kept = top_k > 0 && top_k < logits.length ? top_k : logits.length;
  while (kept < logits.length && logits[kept] >= logits[top_k - 1]) kept++;
  const weights = Float64Array.from({length: kept}, (_, i) => Math.exp((logits[i] - logits[0]) / temperature));
  let sum = weights.reduce((total, weight) => total + weight, 0), count = kept;
  if (whole !== null && kept === logits.length) sum = Math.exp(whole - logits[0] / temperature);
  if (top_p < 1) {
    let mass = 0;
    for (count = 0; count < kept && mass < top_p * sum; count++) mass += weights[count];
    sum = mass < top_p * sum ? top_p * sum : mass;
  }
  for (let i = 0; i < count; i++) shares[i] = weights[i] / sum;
  return shares;
}
