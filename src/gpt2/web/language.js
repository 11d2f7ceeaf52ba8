// The texts of a page in English and Chinese: a page passes in its table, and `t` looks up a text by name.

// Texts that both pages share; a setting's name is followed by its one-line explanation.
const SHARED = {
  token: ['token', '词元'],
  tokens: ['Text, token by token', '文字（按词元）'],
  settings: ['Settings', '设置'],
  temperature: ['Temperature', '温度', 'Below 1 bets on the probable, above 1 takes more risks, 0 always takes the most probable.', '小于 1 更稳妥，大于 1 更大胆，0 总取最可能的。'],
  top_k: ['Top-k', 'Top-k', 'Only the k most probable tokens may follow; 0 allows all.', '只从最可能的 k 个词元中选；0 表示不限。'],
  top_p: ['Top-p', 'Top-p', 'Only the fewest tokens that together have this probability may follow.', '只从累计概率达到此值的最少词元中选。'],
  theme: ['Light or dark', '明暗'],
  language: ['中文', 'English'],
  stop: ['Stop', '停止'],
  proof: ['Copy proof link', '复制证明链接'],
  copied: ['Copied', '已复制'],
};

let table = SHARED, column = 0;

export function setTexts(own) { table = {...SHARED, ...own}; }

export function setLanguage(language) {
  column = language === 'zh' ? 1 : 0;
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}

/** The language that the visitor has chosen, or that of the browser. */
export const preferred = (kept) => kept ?? (navigator.language.startsWith('zh') ? 'zh' : 'en');

export const t = (name) => table[name][column];
export const explained = (name) => table[name][2 + column];

/** A text with its {places} filled in. */
export const told = (name, values) => t(name).replace(/\{(\w+)\}/g, (_, key) => values[key]);
