// What is looked at, in the fragment of the page's address, so that a link opens the same view.

const NUMBERS = ['layer', 'head', 'token'];

/** {text, layer, head, token, off} of a fragment; what is not in it is absent. */
export function readFragment(fragment) {
  const found = new URLSearchParams(fragment.replace(/^#/, '')), view = {};
  if (found.has('text')) view.text = found.get('text');
  for (const name of NUMBERS) {
    if (/^\d{1,6}$/.test(found.get(name) ?? '')) view[name] = Number(found.get(name));
  }
  return view;
}

export const viewFragment = ({text, layer, head, t}) =>
  `#${new URLSearchParams({text, layer, head, token: t})}`;
