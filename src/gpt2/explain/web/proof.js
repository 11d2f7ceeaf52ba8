// Proof links (the same format as in src/gpt2/proof.py): everything that made a text, in a link's fragment.
import {inLink, ofLink} from './base64.js';

export const FORM = 'gpt2-proof-1', MARK = '#proof=';
const KINDS = {name: 'string', model: 'string', text: 'string', dtype: 'object', prompt: 'object', settings: 'object'};

/** The fragment of a proof {name, model, dtype, prompt, settings, text}. */
export function fragment({name, model, dtype, prompt, settings, text}) {
  const content = JSON.stringify({form: FORM, name, model, dtype, prompt, settings, text});
  return MARK + inLink(new TextEncoder().encode(content));
}

/** Parses a link; null if it is not a proof or is damaged. */
export function readProof(link) {
  try {
    const proof = JSON.parse(new TextDecoder().decode(ofLink(link.slice(link.indexOf(MARK) + MARK.length).trim())));
    const whole = proof.form === FORM && Object.entries(KINDS).every(([name, kind]) => typeof proof[name] === kind && proof[name]);
    return link.includes(MARK) && whole && proof.prompt.length && proof.prompt.every(Number.isInteger) ? proof : null;
  } catch {
    return null;
  }
}
