// Canvases: thumbnails, one attention map with token labels, and lines between tokens.

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const strength = (weight) => Math.min(1, weight ** 0.6);

/** The colours of the theme; looking one up is slower than drawing with it. */
const palette = () => Object.fromEntries(['--heat', '--cool', '--main', '--front', '--line'].map((name) => [name, style(name)]));

/** The shade for a weight: the name of a colour and its strength. */
const heat = (weight) => ['--heat', strength(weight)];

/** The shade for a signed value: warm above 0, cool below. */
export const bothWays = (value) => (value >= 0 ? heat(value) : ['--cool', strength(-value)]);

const drawn = new WeakMap();

/** Whether a canvas is up to date: it is while all of `inputs` are unchanged. */
function shows(canvas, ...inputs) {
  const before = drawn.get(canvas);
  drawn.set(canvas, inputs);
  return before?.length === inputs.length && inputs.every((x, i) => x === before[i]);
}

/** Clears a canvas and sizes it as displayed, in CSS pixels. */
function fresh(canvas, width, height) {
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  context.scale(ratio, ratio);
  context.font = `12px ${getComputedStyle(document.body).fontFamily}`;
  context.textBaseline = 'middle';
  return context;
}

/** A head's map, [n, n] from `at` on, with one pixel per cell; CSS scales it. */
export function thumbnail(canvas, values, at, n) {
  const colours = palette();
  if (shows(canvas, values, at, colours['--heat'])) return;
  canvas.width = canvas.height = n;
  pixels(canvas.getContext('2d'), values.subarray(at, at + n * n), n, n, heat, colours);
}

function pixels(context, values, width, height, tone, colours) {
  const image = context.createImageData(width, height), {data} = image, numbers = {};
  for (const name of ['--heat', '--cool']) numbers[name] = colours[name].split(' ').map(Number);
  for (let i = 0, at = 0; i < width * height; i++, at += 4) {
    if (!values[i]) continue;
    const [name, alpha] = tone(values[i]), colour = numbers[name];
    [data[at], data[at + 1], data[at + 2], data[at + 3]] = [colour[0], colour[1], colour[2], 255 * alpha];
  }
  context.putImageData(image, 0, 0);
}

const LABELS = 40;  // maximum number of tokens whose names fit next to the map

/** The position of a map of T tokens within a width: {left, top, cell}. */
export function layout(width, T) {
  const labels = T <= LABELS ? Math.min(92, Math.max(56, width * 0.2)) : 0;
  const cell = Math.min(30, (width - labels - 1) / T);
  return {left: labels, top: labels, cell, size: labels + cell * T + 1};
}

/** The weights [T, T] of one head, or [rows, T] of another map, with labels. */
export function matrix(canvas, {values, rows, columns, chosen = null, marked = null, top = true, tone = heat}) {
  const width = canvas.parentElement.clientWidth, T = columns.length;
  const place = layout(width, T), {left, cell} = place, head = top ? place.top : 0, colours = palette();
  if (shows(canvas, values, rows, columns, String(marked), String(chosen), width, Object.values(colours).join())) return;
  const context = fresh(canvas, Math.min(width, place.size), head + cell * rows.length + 1);
  context.fillStyle = colours['--front'];
  if (left) {
    rows.forEach((text, i) => label(context, text, left - 6, head + (i + 0.5) * cell, left - 8, 0));
    if (top) columns.forEach((text, i) => label(context, text, left + (i + 0.5) * cell, head - 6, head - 8, 1));
  }
  if (cell > 3) squares(context, values, rows.length, T, {left, head, cell, tone, colours});
  else small(context, values, rows.length, T, {left, head, cell, tone, colours});
  context.strokeStyle = colours['--line'];
  context.lineWidth = 0.5;
  context.strokeRect(left - 0.5, head - 0.5, cell * T + 0.5, cell * rows.length + 0.5);
  outline(context, marked && [0, marked[0], T, 1], {left, head, cell}, 1);
  outline(context, chosen && [chosen[1], chosen[0], 1, 1], {left, head, cell}, 2);
}

function squares(context, values, rows, T, {left, head, cell, tone, colours}) {
  for (let t = 0; t < rows; t++) {
    for (let s = 0; s < T; s++) {
      const value = values[t * T + s];
      if (!value) continue;
      const [name, alpha] = tone(value);
      context.fillStyle = `rgb(${colours[name]} / ${alpha})`;
      context.fillRect(left + s * cell, head + t * cell, cell - 1, cell - 1);
    }
  }
}

// Cells of a few pixels, or less than one.
function small(context, values, rows, T, {left, head, cell, tone, colours}) {
  const map = new OffscreenCanvas(T, rows);
  pixels(map.getContext('2d'), values, T, rows, tone, colours);
  context.imageSmoothingEnabled = cell < 1;
  context.drawImage(map, left, head, cell * T, cell * rows);
}

function outline(context, place, {left, head, cell}, width) {
  if (!place) return;
  const [s, t, wide, high] = place;
  context.strokeStyle = style('--main');
  context.lineWidth = width;
  context.strokeRect(left + s * cell - 1, head + t * cell - 1, wide * cell + 1, high * cell + 1);
}

// A label that ends at a point, shortened to fit; rotated for columns.
function label(context, text, x, y, room, turned) {
  context.save();
  context.translate(x, y);
  if (turned) context.rotate(Math.PI / 2);
  context.textAlign = turned ? 'right' : 'right';
  let shown = text;
  while (shown.length > 1 && context.measureText(shown).width > room) shown = `${shown.slice(0, -2)}…`;
  context.fillText(shown, 0, 0);
  context.restore();
}

/** The cell of a map under a pointer, [t, s], or null. */
export function cellAt(event, T, rows = T, top = true) {
  const canvas = event.currentTarget, {left, top: head, cell} = layout(canvas.parentElement.clientWidth, T);
  const box = canvas.getBoundingClientRect();
  const s = Math.floor((event.clientX - box.left - left) / cell);
  const t = Math.floor((event.clientY - box.top - (top ? head : 0)) / cell);
  return s >= 0 && s < T && t >= 0 && t < rows ? [t, s] : null;
}

const LINE = 22;

/** Lines from every token on the right to the tokens on the left it attends to; the chosen one's are strong. */
export function lines(canvas, {values, columns, marked}) {
  const T = columns.length, width = Math.min(canvas.parentElement.clientWidth, 420), names = width * 0.32;
  const colours = palette(), context = fresh(canvas, width, T * LINE), y = (i) => (i + 0.5) * LINE;
  const shade = (weight) => `rgb(${colours['--heat']} / ${strength(weight)})`;
  for (let t = 0; t < T; t++) {
    for (let s = 0; s <= t; s++) {
      const weight = values[t * T + s];
      if (weight < 0.02) continue;
      context.strokeStyle = shade(t === marked ? weight : weight * 0.08);
      context.lineWidth = t === marked ? 1 + 4 * weight : 1;
      context.beginPath();
      context.moveTo(names, y(s));
      context.bezierCurveTo(width / 2, y(s), width / 2, y(t), width - names, y(t));
      context.stroke();
    }
  }
  columns.forEach((text, i) => {
    context.fillStyle = colours[i === marked ? '--main' : '--front'];
    label(context, text, names - 6, y(i), names - 8, 0);
    context.textAlign = 'left';
    context.fillText(text.length > 12 ? `${text.slice(0, 11)}…` : text, width - names + 6, y(i));
  });
}

const MARGIN = 4, MODULE = 3;

/** A QR code's rows, black on white in every theme. */
export function squared(canvas, rows) {
  const size = rows.length + 2 * MARGIN, context = fresh(canvas, size * MODULE, size * MODULE);
  context.fillStyle = '#fff';
  context.fillRect(0, 0, size * MODULE, size * MODULE);
  context.fillStyle = '#000';
  rows.forEach((row, y) => row.forEach((dark, x) => {
    if (dark) context.fillRect((x + MARGIN) * MODULE, (y + MARGIN) * MODULE, MODULE, MODULE);
  }));
}
