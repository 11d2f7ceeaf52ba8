// Copies a text to the clipboard, which a page may not do without permission or TLS.

/** Whether the text was copied. */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
