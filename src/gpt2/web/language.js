// The texts of a page in English and Chinese: a page passes in its table, and `t` looks up a text by name.

// Texts that both pages share; a setting's name is followed by its one-line explanation.
const SHARED = {
  token: ['token', '词元'],
  tokens: ['Text, token by token', '逐词元显示的文字'],
  settings: ['Settings', '设置'],
  temperature: ['Temperature', '温度', 'Below 1, the text keeps to probable tokens; above 1, it is more varied; 0 always takes the most probable token.', '小于 1 时偏向高概率词元，大于 1 时文字更多样，0 表示总取概率最高的词元。'],
  top_k: ['Top-k', 'Top-k', 'Samples only from the k most probable tokens; 0 means no limit.', '只从概率最高的 k 个词元中抽样；0 表示不限。'],
  top_p: ['Top-p', 'Top-p', 'Samples only from the smallest set of most probable tokens whose total probability reaches this value.', '只从累计概率达到此值的最小词元集合中抽样。'],
  theme: ['Theme', '主题'],
  language: ['中文', 'English'],
  stop: ['Stop', '停止'],
  proof: ['Copy proof link', '复制证明链接'],
  copied: ['Copied', '已复制'],
  unreachable: ['The server cannot be reached.', '无法连接到服务器。'],
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
