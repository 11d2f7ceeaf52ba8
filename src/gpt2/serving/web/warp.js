// Applies temperature, top-k and top-p to a distribution of which only the top tokens are known.

/**
 * The probabilities of `top` (most probable first) under the settings, and whether they are exact; if
 * not, they are upper bounds: the tokens beyond the list are part of what each weight is divided by.
 */
export function warped(top, {temperature, top_k, top_p}) {
  if (temperature === 0) return {shares: top.map((_, i) => Number(i === 0)), exact: true};
  const listed = top_k > 0 ? top.slice(0, top_k) : top, count = listed.length;
  const weights = listed.map(({logprob}) => Math.exp((logprob - top[0].logprob) / temperature));
  const sums = weights.map((_, i) => sum(weights.slice(0, i + 1)));
  const [least, most] = beyond(listed, weights[count - 1], temperature, top_k).map((weight) => sums[count - 1] + weight);
  // the smallest set whose sum reaches top-p of the whole; null if it has tokens beyond the list
  const nucleus = (whole) => 1 + sums.findIndex((mass) => mass >= top_p * whole) || null;
  const fewest = nucleus(least) ?? count, largest = nucleus(most);
  const shares = top.map((_, i) => {
    if (i >= (largest ?? count)) return 0;
    return weights[i] / Math.max(top_p * least, sums[Math.max(i, fewest - 1)]);  // a kept token is kept with all before it
  });
  return {shares, exact: largest === null ? least === most && top_p === 1 : largest === fewest};
}

// The least and the most that all weights beyond the list can sum to. At temperature 1, that is as if
// they were copies of the last one listed; they are less probable, so below 1 it is less, above 1 more.
function beyond(listed, weight, temperature, top_k) {
  const copies = Math.max(0, 1 - sum(listed.map(({logprob}) => Math.exp(logprob)))) / Math.exp(listed.at(-1).logprob);
  const kept = top_k > 0 ? top_k - listed.length : Infinity;
  return [top_k === 0 && temperature >= 1 ? copies * weight : 0, Math.min(temperature <= 1 ? copies : Infinity, kept) * weight];
}

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
