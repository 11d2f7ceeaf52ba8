// Shows tokens as text, with their probabilities.

// No width, or direction alone: joiners, variation selectors, marks of direction; line ends and tabs are told apart.
const HIDDEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** One text per entry: the last token of a character shows it, earlier ones show `part` of their bytes. */
export function textsOf(entries, part = hex) {
  const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
  return entries.map(({bytes}) => decoder.decode(Uint8Array.from(bytes), {stream: true}) || part(bytes));
}

/** The same for running text, in which bytes would look like words and hidden characters have no width. */
export const runningTexts = (entries) => textsOf(entries, () => '‥').map((text) => (text.replace(HIDDEN, '') ? text : '‥'));

const strict = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

/** A single token: its text, or its bytes in hexadecimal if they are not text. */
export function textOf(bytes) {
  try {
    return strict.decode(Uint8Array.from(bytes));
  } catch {
    return hex(bytes);
  }
}

const hex = (bytes) => `‹${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}›`;

/** Makes white space and hidden characters visible; some of the latter would turn the text after them around. */
export const visible = (text) => text.replaceAll('\n', '↵').replaceAll('\t', '⇥').replace(/^ | $/g, '·')
  .replace(HIDDEN, (sign) => `‹U+${sign.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}›`);

/** Ten shades from certain (0) to surprising (9): half a bit for the first, then one bit per step. */
export function shade(logprob) {
  if (logprob === null) return 0;
  const bits = -logprob / Math.LN2;
  return Math.min(9, Math.floor(bits + 0.5));
}

export function percent(logprob) {
  if (logprob === null) return '–';
  const share = 100 * Math.exp(logprob);
  return `${share >= 10 ? share.toFixed(0) : share >= 0.1 ? share.toFixed(1) : share.toPrecision(1)} %`;
}
