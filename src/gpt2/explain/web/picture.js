// A panel as a picture: its elements in an SVG image, canvases as images, with the page's own styles.

const SCALE = 2;

function copyOf(element) {
  const copy = element.cloneNode(true), drawn = element.querySelectorAll('canvas');
  copy.querySelectorAll('canvas').forEach((canvas, i) => {
    const image = document.createElement('img');
    image.src = drawn[i].toDataURL();
    image.style.cssText = `width:${drawn[i].clientWidth}px;height:${drawn[i].clientHeight}px;display:block;image-rendering:${getComputedStyle(drawn[i]).imageRendering}`;
    canvas.replaceWith(image);
  });
  return copy;
}

/** A PNG of an element as displayed. */
export async function pictureOf(element) {
  const {width, height} = element.getBoundingClientRect(), root = document.documentElement;
  const body = document.createElement('div');
  body.setAttribute('xmlns', 'http://www.w3.org/1999/xhtml');
  body.append(document.querySelector('style').cloneNode(true), copyOf(element));
  const names = ['--back', '--front', '--soft', '--line', '--panel', '--main', '--on-main', '--bad', '--heat', '--cool'];
  const style = getComputedStyle(root), values = names.map((name) => `${name}:${style.getPropertyValue(name)}`).join(';');
  body.style.cssText = `${values};width:${width}px;color:${style.getPropertyValue('--front')};font:${getComputedStyle(document.body).font};line-height:1.5`;
  // As wide as the window, so that the same width-dependent styles apply; the part right of the element is cropped.
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${innerWidth}" height="${height}"><foreignObject width="100%" height="100%">${new XMLSerializer().serializeToString(body)}</foreignObject></svg>`;
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width * SCALE, height * SCALE];
  const context = canvas.getContext('2d');
  context.scale(SCALE, SCALE);
  context.drawImage(image, 0, 0);
  return new Promise((done) => { canvas.toBlob(done); });
}

/** Copies a picture to the clipboard, or saves it to a file if there is none; true if it was copied. */
export async function copyPicture(element, name) {
  const picture = await pictureOf(element);
  try {
    await navigator.clipboard.write([new ClipboardItem({'image/png': picture})]);
    return true;
  } catch {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(picture);
    link.download = `${name}.png`;
    link.click();
    URL.revokeObjectURL(link.href);
    return false;
  }
}
