// Decodes base64 by hand: the page's policy forbids fetching anything, even a data: URL.

export function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const signs = atob(text), bytes = new Uint8Array(signs.length);
  for (let i = 0; i < signs.length; i++) bytes[i] = signs.charCodeAt(i);
  return bytes;
}

/** base64url without padding, as used in links. */
export function inLink(bytes) {
  const signs = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(signs).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

export const ofLink = (text) => bytesOf(`${text.replaceAll('-', '+').replaceAll('_', '/')}${'='.repeat((4 - text.length % 4) % 4)}`);
