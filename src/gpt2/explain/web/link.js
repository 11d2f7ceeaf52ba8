// Stores the view in the fragment of the page's URL, so that a link opens the same view.

const NUMBERS = ['layer', 'head', 'token', 'target'];

/** {text, ids, layer, head, token, target} from a fragment; missing fields are absent. */
export function readFragment(fragment) {
  const found = new URLSearchParams(fragment.replace(/^#/, '')), view = {};
  if (found.has('text')) view.text = found.get('text');
  if (/^\d{1,6}(,\d{1,6})*$/.test(found.get('ids') ?? '')) view.ids = found.get('ids').split(',').map(Number);
  for (const name of NUMBERS) {
    if (/^\d{1,6}$/.test(found.get(name) ?? '')) view[name] = Number(found.get(name));
  }
  return view;
}

/** The fragment of the view: a text, or ids, which may differ from its encoding. */
export const viewFragment = ({text, ids, layer, head, t}) =>
  `#${new URLSearchParams({...(ids ? {ids} : {text}), layer, head, token: t})}`;
