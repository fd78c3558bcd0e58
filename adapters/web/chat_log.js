// The messages on screen. Items are known by id, so one that comes twice (live and from history) is shown once.
// Knows no network. Every text goes in as textContent.

import { clock, dayKey, dayName } from "./format.js";

const GROUP_GAP_MS = 4 * 60 * 1000;
const NEAR_END_PX = 90;
const TYPING_LASTS_MS = 7000; // the bot renews it every 4 s while a reply is on its way

function make(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

export class ChatLog {
  #items = new Map(); // id -> {id, side: "mine" | "theirs", text, atMs, state, facts, heard}
  #nodes = new Map(); // id -> <li>
  #lastTheirs = null;
  #pinned = true; // the reader is at the end and wants to stay there
  #typingTimer;
  #settled = false; // the first history is in: what comes now is new

  constructor({ list, scroll, typing, toEnd, onRetry, onNew }) {
    Object.assign(this, { list, scroll, typing, toEnd, onRetry, onNew });
    toEnd.onclick = () => this.scrollToEnd();
    scroll.onscroll = () => {
      this.#pinned = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;
      if (this.#pinned) toEnd.hidden = true;
    };
    // a keyboard, a banner or a turned phone takes room away: who was at the end stays there
    new ResizeObserver(() => this.#pinned && this.scrollToEnd()).observe(scroll);
  }

  get isEmpty() {
    return this.#items.size === 0;
  }

  clear() {
    this.#items.clear();
    this.#lastTheirs = null;
    this.#settled = false;
    this.list.replaceChildren();
    this.#nodes.clear();
    this.showTyping(false);
  }

  history(lines) {
    for (const { line_id, author, text, at_ms } of lines) {
      // a bubble stands where it was heard: the history dates a reply before the notice that went ahead of it
      const atMs = this.#items.get(line_id)?.heard ? this.#items.get(line_id).atMs : at_ms;
      this.#put({ id: line_id, side: author === "contact" ? "mine" : "theirs", text, atMs, state: "taken" });
    }
    this.#render();
    if (!this.#settled) this.scrollToEnd();
    this.#settled = true;
  }

  mine(id, text) {
    this.#put({ id, side: "mine", text, atMs: Date.now(), state: "sending" });
    this.#render();
    this.scrollToEnd();
  }

  mark(id, state, atMs) {
    const item = this.#items.get(id);
    if (!item || (item.state === "taken" && state !== "taken")) return;
    Object.assign(item, { state, atMs: atMs ?? item.atMs });
    this.#render();
    if (this.#pinned) this.scrollToEnd();
  }

  bubble({ bubble_id, text, at_ms }) {
    this.#lastTheirs = bubble_id;
    const known = this.#items.has(bubble_id);
    this.#put({ id: bubble_id, side: "theirs", text, atMs: at_ms, state: "taken", heard: true });
    if (known) return this.#render();
    this.showTyping(false);
    this.#follow();
    this.onNew();
  }

  // What the demo says of the newest reply.
  facts(text) {
    const item = this.#items.get(this.#lastTheirs);
    if (item) item.facts = text;
    this.#follow();
  }

  showTyping(shown) {
    clearTimeout(this.#typingTimer);
    this.typing.hidden = !shown;
    if (shown) this.#typingTimer = setTimeout(() => this.showTyping(false), TYPING_LASTS_MS);
    if (this.#pinned) this.scrollToEnd();
  }

  scrollToEnd() {
    this.#pinned = true;
    this.scroll.scrollTop = this.scroll.scrollHeight;
    this.toEnd.hidden = true;
  }

  #follow() {
    this.#render();
    if (this.#pinned) this.scrollToEnd();
    else if (this.#settled) this.toEnd.hidden = false;
  }

  #put(item) {
    this.#items.set(item.id, { ...this.#items.get(item.id), ...item });
  }

  #render() {
    const key = ({ state, atMs }) => (state === "sending" || state === "failed" ? Infinity : atMs);
    const order = [...this.#items.values()].sort((a, b) => (key(a) === key(b) ? 0 : key(a) - key(b)));
    const wanted = [];
    order.forEach((item, at) => {
      const [before, after] = [order[at - 1], order[at + 1]];
      if (!before || dayKey(before.atMs) !== dayKey(item.atMs)) wanted.push(this.#day(item));
      wanted.push(this.#line(item, !together(before, item), !together(item, after)));
    });
    const keep = new Set(wanted);
    for (const [id, node] of this.#nodes) {
      if (keep.has(node)) continue;
      node.remove();
      this.#nodes.delete(id);
    }
    wanted.forEach((node, at) => {
      if (this.list.children[at] !== node) this.list.insertBefore(node, this.list.children[at] ?? null);
    });
  }

  #node(id, build) {
    if (!this.#nodes.has(id)) this.#nodes.set(id, build());
    return this.#nodes.get(id);
  }

  #day({ atMs }) {
    const node = this.#node(`day ${dayKey(atMs)}`, () => make("li", "day"));
    if (node.textContent !== dayName(atMs)) node.textContent = dayName(atMs);
    return node;
  }

  #line(item, first, last) {
    const isNew = this.#settled ? "new" : "";
    const node = this.#node(item.id, () => {
      const line = make("li", "");
      line.dataset.new = isNew;
      line.append(make("div", "bubble", item.text), make("div", "meta"));
      return line;
    });
    node.className = ["line", item.side, item.state, first && "first", last && "last", node.dataset.new].filter(Boolean).join(" ");
    const shown = JSON.stringify([item.state, last, item.facts, item.atMs]);
    if (node.dataset.shown !== shown) {
      node.dataset.shown = shown;
      node.lastChild.replaceChildren(...this.#meta(item, last));
      node.lastChild.hidden = !node.lastChild.hasChildNodes();
    }
    return node;
  }

  #meta(item, last) {
    if (item.state === "sending") return [make("span", "", "Sending…")];
    if (item.state === "failed") {
      const retry = make("button", "retry", "Try again");
      retry.type = "button";
      retry.onclick = () => this.onRetry(item.id, item.text);
      return [make("span", "", "Not sent"), retry];
    }
    const parts = [];
    if (last) parts.push(make("time", "", item.side === "mine" ? `${clock(item.atMs)} ✓` : clock(item.atMs)));
    if (item.facts) parts.push(make("span", "facts", item.facts));
    return parts;
  }
}

function together(one, other) {
  return Boolean(one && other) && one.side === other.side && other.atMs - one.atMs < GROUP_GAP_MS && dayKey(one.atMs) === dayKey(other.atMs);
}
