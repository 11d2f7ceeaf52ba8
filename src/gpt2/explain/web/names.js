// What tokens are called on the page.
import {runningTexts, textsOf, visible} from '../../web/tokens.js';

/** Of tokens: as in the text, where lines break, and alone with visible white space. */
export function namesOf(tokens) {
  const texts = runningTexts(tokens);
  return {
    shown: texts.map((text) => text.replaceAll('\n', '↵')),
    breaks: texts.map((text) => text.includes('\n')),
    visible: textsOf(tokens).map(visible),
  };
}

export const textOfAll = (tokens) => new TextDecoder('utf-8', {ignoreBOM: true}).decode(Uint8Array.from(tokens.flatMap(({bytes}) => bytes)));
