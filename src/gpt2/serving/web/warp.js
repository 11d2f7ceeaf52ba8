// Applies temperature, top-k and top-p to a distribution of which only the top tokens are known.

/**
 * The probabilities of `top` (most probable first) under the settings, and whether they are exact:
 * they are if the settings keep no token beyond the list, or keep all tokens and change nothing.
 */
export function warped(top, {temperature, top_k, top_p}) {
  if (temperature === 0) return {shares: top.map((_, i) => Number(i === 0)), exact: true};
  const before = top.map(({logprob}) => Math.exp(logprob));
  const weights = top.map(({logprob}) => Math.exp((logprob - top[0].logprob) / temperature));
  const kept = top_k > 0 ? Math.min(top_k, top.length) : top.length;
  const closed = top_k > 0 && top_k <= top.length;
  const rest = closed ? 0 : temperature === 1
    ? Math.max(0, 1 - sum(before)) / before[0] : 0;  // unknown at other temperatures
  const whole = sum(weights.slice(0, kept)) + rest;
  const shares = weights.map((weight, i) => (i < kept ? weight / whole : 0));
  const cut = top_p < 1 ? nucleus(shares, top_p) : kept;
  const inside = cut < kept || closed;
  const mass = cut < kept ? sum(shares.slice(0, cut)) : 1;
  return {
    shares: shares.map((share, i) => (i < cut ? share / mass : 0)),
    exact: closed || (temperature === 1 && (inside || top_p >= 1)),
  };
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

// The smallest set of most probable tokens whose total probability reaches top_p.
function nucleus(shares, top_p) {
  let mass = 0;
  for (let i = 0; i < shares.length; i++) {
    mass += shares[i];
    if (mass >= top_p) return i + 1;
  }
  return shares.length;
}
