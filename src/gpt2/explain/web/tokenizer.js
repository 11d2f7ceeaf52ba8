// GPT-2's byte-level BPE, from merges.txt: 256 bytes, one token per merge, and <|endoftext|> last.
import {isLetter, isNumber} from './signs.js';

export const END_OF_TEXT = '<|endoftext|>';
const CONTRACTION = /'(?:[sdmt]|ll|ve|re)/y;
const SPACE = /\p{White_Space}/u;

/** Splits a text into words, which are encoded separately; joined they give the text. */
export function split(text) {
  const words = [], signs = Array.from(text);
  const kinds = signs.map((sign) => SPACE.test(sign) ? 'space' : isLetter(sign) ? 'letter' : isNumber(sign) ? 'number' : 'other');
  const run = (at) => {
    let end = at + 1;
    while (end < signs.length && kinds[end] === kinds[at]) end++;
    return end;
  };
  for (let at = 0, end = 0; at < signs.length; at = end) {
    const contraction = signs[at] === "'" && contracted(signs, at);
    const first = signs[at] === ' ' && at + 1 < signs.length && kinds[at + 1] !== 'space' ? at + 1 : at;
    if (contraction) end = at + contraction;
    else if (kinds[first] !== 'space') end = run(first);
    else end = space(at, run(at), signs.length);
    words.push(signs.slice(at, end).join(''));
  }
  return words;
}

// The last white-space character belongs to the next word.
function space(at, end, size) { return end === size || end - at === 1 ? end : end - 1; }

function contracted(signs, at) {
  CONTRACTION.lastIndex = 0;
  return CONTRACTION.exec(signs.slice(at, at + 3).join(''))?.[0].length ?? 0;
}

/** The character that represents each byte in GPT-2's files, in the order of the first 256 ids. */
function byteSigns() {
  const prints = (byte) => (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
  const bytes = Array.from({length: 256}, (_, byte) => byte);
  const others = bytes.filter((byte) => !prints(byte));
  return new Map([
    ...bytes.filter(prints).map((byte) => [byte, String.fromCharCode(byte)]),
    ...others.map((byte, i) => [byte, String.fromCharCode(256 + i)]),
  ]);
}

export class Tokenizer {
  /** @param {string} merges the text of merges.txt */
  constructor(merges) {
    const signs = byteSigns();
    const bytes = new Map([...signs].map(([byte, sign]) => [sign, byte]));
    const lines = merges.split('\n').filter((line, i) => line && !(i === 0 && line.startsWith('#version')));
    this.signs = Array.from({length: 256}, (_, byte) => signs.get(byte));
    this.ranks = new Map(lines.map((line, rank) => [line, rank]));
    this.tokens = [...signs.values(), ...lines.map((line) => line.replace(' ', '')), END_OF_TEXT];
    this.end = this.tokens.length - 1;
    this.ids = new Map(this.tokens.map((token, id) => [token, id]));
    this.bytes = this.tokens.map((token, id) =>
      id === this.end ? new TextEncoder().encode(token) : Uint8Array.from(token, (sign) => bytes.get(sign)));
    this.known = new Map();
  }

  /** The ids of a text, in which <|endoftext|> is one token. */
  encode(text) {
    return wellFormed(text).split(END_OF_TEXT).flatMap((part, i) =>
      [...(i ? [this.end] : []), ...split(part).flatMap((word) => this.word(word))]);
  }

  word(word) {
    const known = this.known.get(word);
    if (known) return known;
    let parts = Array.from(new TextEncoder().encode(word), (byte) => this.signs[byte]);
    for (let at = this.best(parts); at >= 0; at = this.best(parts)) {
      parts.splice(at, 2, parts[at] + parts[at + 1]);
    }
    const ids = parts.map((part) => this.ids.get(part));
    if (this.known.size < 50000) this.known.set(word, ids);
    return ids;
  }

  // The start of the pair with the lowest rank, the leftmost if several are equal; -1 if none merges.
  best(parts) {
    let best = Infinity, at = -1;
    for (let i = 0; i + 1 < parts.length; i++) {
      const rank = this.ranks.get(`${parts[i]} ${parts[i + 1]}`) ?? Infinity;
      if (rank < best) [best, at] = [rank, i];
    }
    return at;
  }

  /** The text of ids; an incomplete character becomes U+FFFD. */
  decode(ids) {
    return new TextDecoder('utf-8', {ignoreBOM: true}).decode(Uint8Array.from(ids.flatMap((id) => [...this.bytes[id]])));
  }
}

// A lone surrogate becomes U+FFFD, as in Python.
function wellFormed(text) {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
}
