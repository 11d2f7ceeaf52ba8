// GPT-2's byte-level BPE, from merges.txt: 256 bytes and one token per merge, then added tokens.
import {Heap} from './heap.js';
import {isLetter, isNumber} from './signs.js';

const BYTES = 256, LONGEST = 2 ** 32;  // more than the bytes of any word
const CONTRACTION = /'(?:[sdmt]|ll|ve|re)/y;
const SPACE = /\p{White_Space}/u;
const IN_WORD = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;

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

/** A pattern for any of some added tokens, the longest first; null without tokens. */
function anyOf(tokens) {
  const contents = tokens.map(({content}) => content).filter(Boolean).sort((a, b) => b.length - a.length);
  return contents.length ? new RegExp(contents.map((content) => content.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'), 'g') : null;
}

function insideWord(text, left, right) {
  const before = Array.from(text.slice(Math.max(0, left - 2), left)).at(-1), [after] = text.slice(right, right + 2);
  return [before, after].some((sign) => sign && IN_WORD.test(sign));
}

export class Tokenizer {
  /** @param {string} merges the text of merges.txt, @param facts those of `tokenizer_facts` in gpt2/explain/contents.py */
  constructor(merges, {added, bytes: others, space, first}) {
    const signs = byteSigns();
    const bytes = new Map([...signs].map(([byte, sign]) => [sign, byte]));
    const lines = merges.split('\n').filter((line, i) => line && !(i === 0 && line.startsWith('#version')));
    const tokens = [...signs.values(), ...lines.map((line) => line.replace(' ', ''))];
    const ids = new Map(tokens.map((token, id) => [token, id]));
    this.size = tokens.length;
    this.bytes = tokens.map((token) => Uint8Array.from(token, (sign) => bytes.get(sign)));
    for (const [id, some] of Object.entries(others)) this.bytes[id] = Uint8Array.from(some);
    this.added = new Map(added.map((token) => [token.content, token]));
    this.stages = [false, true].map((normalized) => anyOf(added.filter((token) => token.normalized === normalized))).filter(Boolean);
    Object.assign(this, {space, first});
    this.idOfByte = Array.from({length: BYTES}, (_, byte) => ids.get(signs.get(byte)));
    this.ranks = new Map(lines.map((line, rank) => [this.pair(...line.split(' ').map((part) => ids.get(part))), rank]));
    this.known = new Map();
  }

  /** A pair of ids as one number. */
  pair(left, right) { return left * this.size + right; }

  /** The ids of a text to be continued, in which added tokens are matched; none for an empty text. */
  encode(text) {
    const whole = wellFormed(text), spaced = (part) => (this.space && !part.startsWith(' ') ? ` ${part}` : part);
    const ids = this.parts(whole).flatMap(([part, id]) => (id === null ? this.encodePlain(spaced(part)) : [id]));
    return ids.length ? [...this.first, ...ids] : ids;
  }

  /** The ids of a text in which no added token is matched: their bytes are the text's. */
  encodePlain(text) { return split(text).flatMap((word) => this.word(word)); }

  /** The parts [text, id] of a text as in gpt2/tokenizer/added.py; the id is null if it is no added token. */
  parts(text) {
    let parts = [[text, null]];
    for (const pattern of this.stages) parts = parts.flatMap((part) => (part[1] === null ? [...this.find(pattern, part[0])] : [part]));
    return parts.filter(([part]) => part);
  }

  * find(pattern, text) {
    let at = 0;
    for (const {0: content, index} of text.matchAll(pattern)) {
      const {id, lstrip, rstrip, single_word: single} = this.added.get(content);
      let left = index, right = index + content.length;
      if (left < at || (single && insideWord(text, left, right))) continue;
      while (lstrip && left > at && SPACE.test(text[left - 1])) left--;
      while (rstrip && right < text.length && SPACE.test(text[right])) right++;
      yield [text.slice(at, left), null];
      yield [text.slice(left, right), id];
      at = right;
    }
    yield [text.slice(at), null];
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
