// A QR code (ISO/IEC 18004) of bytes: byte mode, error correction level L, the smallest version that
// holds them, and the mask with the lowest penalty.

const MOST = 40;
// By version from 1 on: error correction codewords per block, and the number of blocks.
const CORRECTION = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30];
const BLOCKS = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18, 19, 19, 20, 21, 22, 24, 25];
const LEVEL = 1;  // the format's code for L
const MASKS = [
  (x, y) => (x + y) % 2, (x, y) => y % 2, (x) => x % 3, (x, y) => (x + y) % 3,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2, (x, y) => x * y % 2 + x * y % 3,
  (x, y) => (x * y % 2 + x * y % 3) % 2, (x, y) => ((x + y) % 2 + x * y % 3) % 2,
];

/** Rows of 0 and 1 (dark), without the margin of 4; null for too many bytes (over 2,953). */
export function qr(bytes) {
  const version = Array.from({length: MOST}, (_, i) => i + 1).find((v) => bytes.length + (v < 10 ? 2 : 3) <= room(v));
  if (!version) return null;
  const stream = interleaved(codewords(bytes, version), version), plain = frame(version);
  const tried = MASKS.map((_, mask) => finished(plain, stream, version, mask));
  const penalties = tried.map(penalty);
  return tried[penalties.indexOf(Math.min(...penalties))];
}

// The number of codewords of a version, and of those that are data.
function total(version) {
  let modules = (16 * version + 128) * version + 64;
  if (version >= 2) {
    const n = Math.floor(version / 7) + 2;
    modules -= (25 * n - 10) * n - 55;
    if (version >= 7) modules -= 36;
  }
  return modules >> 3;
}

const room = (version) => total(version) - CORRECTION[version - 1] * BLOCKS[version - 1];

function codewords(bytes, version) {
  const bits = [], put = (value, n) => { for (let i = n - 1; i >= 0; i--) bits.push((value >> i) & 1); }, size = 8 * room(version);
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  for (const byte of bytes) put(byte, 8);
  put(0, Math.min(4, size - bits.length));
  put(0, (8 - bits.length % 8) % 8);
  for (let i = 0; bits.length < size; i++) put(i % 2 ? 0x11 : 0xEC, 8);
  return Uint8Array.from({length: size / 8}, (_, i) => bits.slice(8 * i, 8 * i + 8).reduce((value, bit) => 2 * value + bit, 0));
}

// Reed-Solomon arithmetic: GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1.
function times(a, b) {
  let product = 0;
  for (let i = 7; i >= 0; i--) product = (product << 1) ^ ((product >> 7) * 0x11D) ^ (((b >> i) & 1) * a);
  return product;
}

function remainder(data, degree) {
  const divisor = new Uint8Array(degree), out = new Uint8Array(degree);
  divisor[degree - 1] = 1;
  for (let i = 0, root = 1; i < degree; i++, root = times(root, 2)) {
    for (let j = 0; j < degree; j++) divisor[j] = times(divisor[j], root) ^ (divisor[j + 1] ?? 0);
  }
  for (const byte of data) {
    const factor = byte ^ out[0];
    out.copyWithin(0, 1);
    out[degree - 1] = 0;
    divisor.forEach((x, i) => { out[i] ^= times(x, factor); });
  }
  return out;
}

// Interleaves the blocks byte by byte, data and then correction; the last blocks are one byte longer.
function interleaved(data, version) {
  const count = BLOCKS[version - 1], degree = CORRECTION[version - 1], whole = total(version);
  const shorter = count - whole % count, size = Math.floor(whole / count) - degree, blocks = [];
  for (let i = 0, at = 0; i < count; i++) {
    const block = data.subarray(at, at += size + Number(i >= shorter));
    blocks.push({block, more: remainder(block, degree)});
  }
  const out = [];
  for (let i = 0; i <= size; i++) for (const {block} of blocks) if (i < block.length) out.push(block[i]);
  for (let i = 0; i < degree; i++) for (const {more} of blocks) out.push(more[i]);
  return out;
}

// The fixed patterns of a version: rows of 0, 1, or null for data.
function frame(version) {
  const size = 17 + 4 * version, rows = Array.from({length: size}, () => new Array(size).fill(null));
  const put = (x, y, dark) => { if (rows[y]?.[x] !== undefined) rows[y][x] = Number(dark); };
  for (let i = 0; i < size; i++) [rows[6][i], rows[i][6]] = [Number(i % 2 === 0), Number(i % 2 === 0)];
  const square = (x, y, radius, light) => {
    for (let dy = -radius; dy <= radius; dy++) {
      for (let dx = -radius; dx <= radius; dx++) put(x + dx, y + dy, !light.includes(Math.max(Math.abs(dx), Math.abs(dy))));
    }
  };
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) square(x, y, 4, [2, 4]);
  const places = aligned(version), last = places.length - 1;
  places.forEach((x, i) => places.forEach((y, j) => {
    if (!((i === 0 && (j === 0 || j === last)) || (i === last && j === 0))) square(x, y, 2, [1]);
  }));
  told(rows, 0);
  if (version >= 7) {
    let rest = version;
    for (let i = 0; i < 12; i++) rest = (rest << 1) ^ ((rest >> 11) * 0x1F25);
    for (let i = 0, bits = (version << 12) | rest; i < 18; i++) {
      const a = size - 11 + i % 3, b = Math.floor(i / 3);
      rows[b][a] = rows[a][b] = (bits >> i) & 1;
    }
  }
  return rows;
}

function aligned(version) {
  if (version === 1) return [];
  const n = Math.floor(version / 7) + 2, step = version === 32 ? 26 : Math.ceil((version * 4 + 4) / (n * 2 - 2)) * 2;
  return [6, ...Array.from({length: n - 1}, (_, i) => 10 + 4 * version - step * (n - 2 - i))];
}

// The format information: level and mask, twice.
function told(rows, mask) {
  const size = rows.length, data = (LEVEL << 3) | mask;
  let rest = data;
  for (let i = 0; i < 10; i++) rest = (rest << 1) ^ ((rest >> 9) * 0x537);
  const bits = ((data << 10) | rest) ^ 0x5412, bit = (i) => (bits >> i) & 1;
  for (let i = 0; i < 15; i++) {
    rows[i < 6 ? i : i < 8 ? i + 1 : size - 15 + i][8] = bit(i);
    rows[8][i < 8 ? size - 1 - i : i === 8 ? 7 : 14 - i] = bit(i);
  }
  rows[size - 8][8] = 1;
}

function finished(plain, stream, version, mask) {
  const rows = plain.map((row) => [...row]), size = rows.length;
  let at = 0;
  for (let right = size - 1; right >= 1; right -= 2) {
    if (right === 6) right = 5;
    for (let i = 0; i < size; i++) {
      const y = ((right + 1) & 2) === 0 ? size - 1 - i : i;
      for (const x of [right, right - 1]) {
        if (plain[y][x] !== null) continue;
        const bit = at < 8 * stream.length ? (stream[at >> 3] >> (7 - at % 8)) & 1 : 0;
        rows[y][x] = bit ^ Number(MASKS[mask](x, y) === 0);
        at++;
      }
    }
  }
  told(rows, mask);
  return rows;
}

// Long runs, 2 x 2 squares, finder-like patterns, and an imbalance of dark and light.
function penalty(rows) {
  const size = rows.length, columns = rows.map((_, x) => rows.map((row) => row[x]));
  let sum = 0, dark = 0;
  for (const line of [...rows, ...columns]) {
    const text = line.join('');
    for (const run of text.match(/0{5,}|1{5,}/g) ?? []) sum += run.length - 2;
    for (const corner of [/(?=10111010000)/g, /(?=00001011101)/g]) sum += 40 * (text.match(corner)?.length ?? 0);
  }
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      dark += rows[y][x];
      if (x && y && rows[y][x] === rows[y - 1][x] && rows[y][x] === rows[y][x - 1] && rows[y][x] === rows[y - 1][x - 1]) sum += 3;
    }
  }
  return sum + 10 * Math.floor(Math.abs(20 * dark - 10 * size * size) / (size * size));
}
