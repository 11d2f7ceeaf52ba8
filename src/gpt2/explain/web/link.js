// What is looked at, in the fragment of the page's address, so that a link opens the same view.

const NUMBERS = ['layer', 'head', 'token', 'target'];

/** {text, ids, layer, head, token, target} of a fragment; what is not in it is absent. */
export function readFragment(fragment) {
  const found = new URLSearchParams(fragment.replace(/^#/, '')), view = {};
  if (found.has('text')) view.text = found.get('text');
  if (/^\d{1,6}(,\d{1,6})*$/.test(found.get('ids') ?? '')) view.ids = found.get('ids').split(',').map(Number);
  for (const name of NUMBERS) {
    if (/^\d{1,6}$/.test(found.get(name) ?? '')) view[name] = Number(found.get(name));
  }
  return view;
}

/** Of what is shown: a text, or ids that need not be its encoding. */
export const viewFragment = ({text, ids, layer, head, t}) =>
  `#${new URLSearchParams({...(ids ? {ids} : {text}), layer, head, token: t})}`;
