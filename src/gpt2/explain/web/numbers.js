// Formats numbers, and describes the number behind a shade.

export const fixed = (x, digits = 2) => (Number.isFinite(x) ? x.toFixed(digits).replace(/^-(0\.?0*)$/, '$1').replace('-', '−') : '–');
export const signed = (x) => (x >= 0 ? '+' : '') + fixed(x);
export const share = (x) => {
  const percent = 100 * x;
  return `${percent >= 10 ? percent.toFixed(0) : percent >= 0.1 ? percent.toFixed(1) : percent > 0 ? percent.toPrecision(1) : '0'} %`;
};

/**
 * The number shown for a tap on a shade: its name in gpt2.points or in words, the shape of the array and the index
 * in it, the value, and the lines of reference.py (`lines` of gpt2/explain/lines.py) that compute it.
 */
export const number = (name, lines, shape, at, value) => ({name, lines, shape, at, value});
