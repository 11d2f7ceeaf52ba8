// The branches of a session: each node appends tokens to a prefix of its parent.

const KEY = 'gpt2-playground', MOST = 200;

export class Tree {
  constructor(nodes = []) {
    this.nodes = nodes;
    this.current = nodes.at(-1)?.id ?? null;
  }

  /** The tree that an earlier visit stored in this browser. */
  static restored() {
    try {
      return new Tree(JSON.parse(localStorage.getItem(KEY)) ?? []);
    } catch {
      return new Tree();
    }
  }

  keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.nodes.slice(-MOST)));
    } catch { /* private windows and full disks keep nothing */ }
  }

  get(id) { return this.nodes.find((node) => node.id === id) ?? null; }
  children(id) { return this.nodes.filter((node) => node.parent === id); }
  get node() { return this.get(this.current); }

  /** A new node, which becomes the current one. `from`: how many of the parent's tokens it keeps. */
  add({parent = null, from = 0, model, settings, entries = []}) {
    const node = {id: (this.nodes.at(-1)?.id ?? 0) + 1, parent, from, model, settings, entries, reason: null};
    this.nodes.push(node);
    this.current = node.id;
    return node;
  }

  /** Removes a node without children; if it is the current one, the node `before` becomes that. */
  remove(node, before) {
    this.nodes = this.nodes.filter(({id}) => id !== node.id);
    if (this.current === node.id) this.current = before;
  }

  /** All entries from the beginning of the text to the end of a node. */
  path(node = this.node) {
    if (!node) return [];
    const before = node.parent === null ? [] : this.path(this.get(node.parent)).slice(0, node.from);
    return [...before, ...node.entries];
  }

  /** A request for a proof of what the current node generated; null if that is nothing. */
  proofRequest() {
    if (!this.node) return null;
    const {model, from, given = 0, prompted, seed, settings, reason} = this.node, ids = this.path().map(({id}) => id);
    const start = prompted ?? from + given, tokens = ids.slice(start);
    // a stopped text is shorter than what the same request would generate again
    const max_tokens = reason === 'stop' ? settings.max_tokens : tokens.length;
    return tokens.length ? {model, prompt: ids.slice(0, start), tokens, ...settings, max_tokens, seed: seed ?? settings.seed ?? 0} : null;
  }

  undo() {
    const {node} = this;
    if (node?.parent != null) this.current = node.parent;
  }

  clear() {
    this.nodes = [];
    this.current = null;
    this.keep();
  }
}
