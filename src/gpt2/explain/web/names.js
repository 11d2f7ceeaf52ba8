// The names of tokens on the page.
import {runningTexts, textsOf, visible} from '../../web/tokens.js';

/** Names of tokens: as in running text with line breaks, and as single tokens with visible white space. */
export function namesOf(tokens) {
  const texts = runningTexts(tokens);
  return {
    shown: texts.map((text) => text.replaceAll('\n', '↵')),
    breaks: texts.map((text) => text.includes('\n')),
    visible: textsOf(tokens).map(visible),
  };
}

export const textOfAll = (tokens) => new TextDecoder('utf-8', {ignoreBOM: true}).decode(Uint8Array.from(tokens.flatMap(({bytes}) => bytes)));
