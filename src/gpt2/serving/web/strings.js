// Every text of the page, in English and in Chinese.

const TABLE = {
  page_title: ['gpt2 playground', 'gpt2 实验台'],
  about: ['A base model continues text; it was not trained to follow instructions.', '基础模型只会续写文字，没有学过听从指令。'],
  write: ['Write', '写作'],
  tasks: ['Tasks', '任务'],
  model: ['Model', '模型'],
  prompt: ['Your text', '你的文字'],
  example: ['Once upon a time', '从前'],
  go: ['Continue', '续写'],
  again: ['New text', '换一段文字'],
  stop: ['Stop', '停止'],
  undo: ['Undo', '撤销'],
  export: ['Export', '导出'],
  clear: ['Clear history', '清空历史'],
  receipt: ['Copy receipt', '复制凭据'],
  copied: ['Copied', '已复制'],
  tokens: ['Text, token by token', '文字（按词元）'],
  branches: ['Branches', '分支'],
  alternatives: ['What else could stand here', '此处的其他可能'],
  choose: ['Choose a token to see what else was probable there.', '点一个词元，看看此处还有哪些可能。'],
  token: ['token', '词元'],
  before: ['model', '模型'],
  after: ['after settings', '按设置'],
  atMost: ['at most', '至多'],
  settings: ['Settings', '设置'],
  max_tokens: ['Tokens', '词元数', 'How many tokens are added.', '续写多少个词元。'],
  temperature: ['Temperature', '温度', 'Below 1 bets on the probable, above 1 takes more risks, 0 always takes the most probable.', '小于 1 更稳妥，大于 1 更大胆，0 总取最可能的。'],
  top_k: ['Top-k', 'Top-k', 'Only the k most probable tokens may follow; 0 allows all.', '只从最可能的 k 个词元中选；0 表示不限。'],
  top_p: ['Top-p', 'Top-p', 'Only the fewest tokens that together have this probability may follow.', '只从累计概率达到此值的最少词元中选。'],
  seed: ['Seed', '种子', 'The same seed writes the same text; empty draws a new one.', '种子相同，文字相同；留空则随机。'],
  key: ['API key', 'API 密钥'],
  legend: ['Shaded and underlined tokens were improbable.', '有底色和下划线的词元不太可能出现。'],
  theme: ['Light or dark', '明暗'],
  language: ['中文', 'English'],
  running: ['Writing…', '正在写…'],
  ended_stop: ['The model ended the text.', '模型结束了文字。'],
  ended_length: ['The limit of tokens was reached.', '达到词元数上限。'],
  ended_cancelled: ['Stopped.', '已停止。'],
  summarize: ['Summarize', '摘要'],
  translate: ['Translate', '翻译'],
  answer: ['Answer', '问答'],
  compose: ['Write', '写文章'],
  text: ['Text', '原文'],
  question: ['Question', '问题'],
  context: ['Text that holds the answer (optional)', '含有答案的文字（可不填）'],
  title: ['Title or first words', '标题或开头'],
  kind: ['What', '体裁'],
  source: ['From', '从'],
  to: ['To', '到'],
  choice_en: ['English', '英文'],
  choice_zh: ['Chinese', '中文'],
  choice_fr: ['French', '法文'],
  choice_de: ['German', '德文'],
  choice_article: ['Article', '文章'],
  choice_email: ['E-mail', '电子邮件'],
  choice_story: ['Story', '故事'],
  choice_free: ['As it comes', '不限'],
  nothing: ['(the model gave nothing)', '（模型没有给出内容）'],
  run: ['Run', '运行'],
  result: ['Result', '结果'],
  keys: ['Keys: arrows move over tokens, Enter opens one, Esc stops, Ctrl+Enter continues.', '键盘：方向键移动，Enter 打开，Esc 停止，Ctrl+Enter 续写。'],
};

let column = 0;

export function setLanguage(language) {
  column = language === 'zh' ? 1 : 0;
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}

export const t = (name) => TABLE[name][column];
export const explained = (name) => TABLE[name][2 + column];
