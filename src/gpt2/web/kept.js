// A visitor's choices, stored in the browser if it allows a page to store anything.

export function kept(name) {
  try {
    return JSON.parse(localStorage.getItem(`gpt2-${name}`));
  } catch {
    return null;
  }
}

export function keep(name, value) {
  try {
    localStorage.setItem(`gpt2-${name}`, JSON.stringify(value));
  } catch { /* it is asked again next time */ }
}
