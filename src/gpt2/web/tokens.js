// What tokens look like as text, and how probable they are.

/** The texts of entries, one each: a character's last token has it, those before it what `part` makes of their bytes. */
export function textsOf(entries, part = hex) {
  const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
  return entries.map(({bytes}) => decoder.decode(Uint8Array.from(bytes), {stream: true}) || part(bytes));
}

/** The same within a running text, where bytes would be read as words. */
export const runningTexts = (entries) => textsOf(entries, () => '‥');

const strict = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

/** A token alone: its text, or its bytes in hexadecimal where they are no text. */
export function textOf(bytes) {
  try {
    return strict.decode(Uint8Array.from(bytes));
  } catch {
    return hex(bytes);
  }
}

const hex = (bytes) => `‹${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}›`;

/** White space that can be seen. */
export const visible = (text) => text.replaceAll('\n', '↵').replaceAll('\t', '⇥').replace(/^ | $/g, '·');

/** Ten steps from certain (0) to a surprise (9): half a bit, then a bit more for each. */
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
