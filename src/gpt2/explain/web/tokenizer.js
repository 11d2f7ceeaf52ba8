// GPT-2's byte-level BPE, from merges.txt: 256 bytes, one token per merge, and <|endoftext|> last.
import {Heap} from './heap.js';
import {isLetter, isNumber} from './signs.js';

export const END_OF_TEXT = '<|endoftext|>';
const BYTES = 256, LONGEST = 2 ** 32;  // more than the bytes of any word
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
    const tokens = [...signs.values(), ...lines.map((line) => line.replace(' ', '')), END_OF_TEXT];
    const ids = new Map(tokens.map((token, id) => [token, id]));
    this.end = tokens.length - 1;
    this.bytes = tokens.map((token, id) =>
      id === this.end ? new TextEncoder().encode(token) : Uint8Array.from(token, (sign) => bytes.get(sign)));
    this.idOfByte = Array.from({length: BYTES}, (_, byte) => ids.get(signs.get(byte)));
    this.ranks = new Map(lines.map((line, rank) => [this.pair(...line.split(' ').map((part) => ids.get(part))), rank]));
    this.known = new Map();
  }

  /** A pair of ids as one number. */
  pair(left, right) { return left * this.bytes.length + right; }

  /** The ids of a text, in which <|endoftext|> is one token. */
  encode(text) {
    return wellFormed(text).split(END_OF_TEXT).flatMap((part, i) =>
      [...(i ? [this.end] : []), ...split(part).flatMap((word) => this.word(word))]);
  }

  word(word) {
    const known = this.known.get(word);
    if (known) return known;
    const ids = this.merged(Array.from(new TextEncoder().encode(word), (byte) => this.idOfByte[byte]));
    if (this.known.size < 50000) this.known.set(word, ids);
    return ids;
  }

  // Merges the pair with the lowest rank, the leftmost if several are equal, until none merges. A part
  // is at the place where it begins; a pair in the heap is its rank and its place in one number.
  merged(ids) {
    const before = ids.map((_, at) => at - 1), after = ids.map((_, at) => at + 1), pairs = new Heap();
    const rankAt = (at) => this.ranks.get(this.pair(ids[at], ids[after[at]]));
    const add = (at) => {
      const rank = rankAt(at);
      if (rank !== undefined) pairs.push(rank * LONGEST + at);
    };
    ids.forEach((_, at) => add(at));
    while (pairs.size) {
      const pair = pairs.pop(), rank = Math.floor(pair / LONGEST), at = pair % LONGEST, right = after[at];
      if (rankAt(at) !== rank) continue;  // one of its parts has been merged
      ids[at] = BYTES + rank;
      ids[right] = undefined;  // so it is in no pair
      after[at] = after[right];
      before[after[at]] = at;
      add(at);
      add(before[at]);
    }
    return ids.filter((id) => id !== undefined);
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
