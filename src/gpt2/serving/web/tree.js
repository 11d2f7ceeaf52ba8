// The branches of a session: each node appends tokens to a prefix of its parent.

const KEY = 'gpt2-playground';
const MOST = 4e6, LEAST = 1e5;  // characters to store: browsers allow about five million per site

const sizeOf = (nodes) => JSON.stringify(nodes).length;
const withoutAlternatives = (node) => ({...node, entries: node.entries.map((entry) => ({...entry, top: []}))});

export class Tree {
  constructor(nodes = []) {
    this.nodes = nodes;
    this.current = nodes.at(-1)?.id ?? null;
    this.isStored = true;  // all of it; else the newest that the browser has room for
  }

  /** The tree that an earlier visit stored in this browser. */
  static restored() {
    try {
      return new Tree(JSON.parse(localStorage.getItem(KEY)) ?? []);
    } catch {
      return new Tree();
    }
  }

  /** Stores the tree, or the newest part of it that the browser accepts. */
  keep() {
    for (let room = MOST; room >= LEAST; room /= 2) {
      const nodes = this.fitting(room);
      try {
        localStorage.setItem(KEY, JSON.stringify(nodes));
        this.isStored = nodes.length === this.nodes.length && nodes.every((node, i) => node === this.nodes[i]);
        return;
      } catch { /* the browser has less room, or none in a private window */ }
    }
    this.isStored = false;
  }

  /** The nodes of the newest texts that fit, and then the alternatives of the newest of these. */
  fitting(room) {
    const kept = new Map();
    for (const form of [withoutAlternatives, (node) => node]) {
      for (const text of this.texts().reverse()) {
        const nodes = text.map(form), size = sizeOf(nodes) - sizeOf(text.flatMap(({id}) => kept.get(id) ?? []));
        if (size > room) break;
        room -= size;
        for (const node of nodes) kept.set(node.id, node);
      }
    }
    return this.nodes.flatMap(({id}) => kept.get(id) ?? []);
  }

  /** The nodes of each text with all its branches; the text that was last continued is the last. */
  texts() {
    const texts = new Map(), textOf = new Map();
    for (const node of this.nodes) {
      const text = textOf.get(node.parent) ?? node.id, nodes = texts.get(text) ?? [];
      textOf.set(node.id, text);
      texts.delete(text);
      texts.set(text, [...nodes, node]);
    }
    return [...texts.values()];
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
