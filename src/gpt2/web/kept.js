// A visitor's choices, and the API key of a tab, stored in the browser if it allows a page to store anything.

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

let key = '';  // without storage it is asked again in the next page

export function apiKey() {
  try {
    return sessionStorage.getItem('key') ?? key;
  } catch {
    return key;
  }
}

export function keepApiKey(value) {
  key = value;
  try {
    sessionStorage.setItem('key', value);
  } catch { /* it is kept by this page alone */ }
}
