// Proof links (the same format as in src/gpt2/proof.py): everything that made a text, in a link's fragment.
import {inLink, ofLink} from './base64.js';

export const FORM = 'gpt2-proof-1', MARK = '#proof=';
const TEXTS = ['name', 'model', 'text'], WHOLE = ['int8', 'int4'];  // the same bits on every processor
const SETTINGS = {count: Number.isInteger, temperature: Number.isFinite, top_k: Number.isInteger, top_p: Number.isFinite, seed: Number.isInteger};

const isText = (value) => typeof value === 'string';
const isId = (value) => Number.isInteger(value) && value >= 0;

/** The precisions of layers, head, and keys and values, as a proof names them. */
export const dtypesOf = ({dtype, headDtype, kvDtype}) => [dtype, headDtype, kvDtype];

/** Whether a model's text can be proved: it has the same bits everywhere, and is the model that is named. */
export const isProvable = (facts) => facts.provable !== false && [facts.dtype, facts.headDtype].every((dtype) => WHOLE.includes(dtype));

/** What a proof is of, if not of this page's model: 'model' or 'dtype', another model or precision; else null. */
export function otherIn(proof, facts) {
  if (proof.model !== facts.model) return 'model';
  return String(proof.dtype) === String(dtypesOf(facts)) ? null : 'dtype';
}

/** The fragment of a proof {name, model, dtype, prompt, settings, text}. */
export function fragment({name, model, dtype, prompt, settings, text}) {
  const content = JSON.stringify({form: FORM, name, model, dtype, prompt, settings, text});
  return MARK + inLink(new TextEncoder().encode(content));
}

/** Parses a link; null if it is not a proof or is damaged. */
export function readProof(link) {
  try {
    const proof = JSON.parse(new TextDecoder().decode(ofLink(link.slice(link.indexOf(MARK) + MARK.length).trim())));
    const {form, dtype, prompt, settings} = proof;
    const whole = form === FORM && TEXTS.every((name) => isText(proof[name])) && dtype.length === 3 && dtype.every(isText)
      && prompt.length && prompt.every(isId) && Object.entries(SETTINGS).every(([name, isRight]) => isRight(settings[name]));
    return link.includes(MARK) && whole ? proof : null;
  } catch {
    return null;
  }
}
