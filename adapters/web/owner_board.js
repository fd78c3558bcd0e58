// The cards that wait for the owner. Level-triggered: `show` is given all of them, and changes what differs.
// Knows no network; `onPress` is handed in and answers with what the desk shows, or null.

import { buttonsOf, edit, make } from "./owner_screen.js";

const GONE_STAYS_MS = 6000;
const SAID_HOLDS_MS = 5000;

export class Board {
  #nodes = new Map(); // card id -> <li>

  constructor({ list, title, onPress }) {
    Object.assign(this, { list, title, onPress });
  }

  show(cards) {
    const waiting = new Set(cards.map((card) => card.card_id));
    for (const id of this.#nodes.keys()) if (!waiting.has(id)) this.#retire(id);
    for (const [at, { card_id, screen }] of cards.entries()) {
      const node = this.#node(card_id);
      // what is retired keeps its place: no button slides under a finger
      const place = this.list.querySelectorAll(".card:not(.gone)")[at] ?? null;
      if (place !== node) this.list.insertBefore(node, place);
      this.#draw(node, screen);
    }
    const count = cards.filter((card) => card.screen.rows.length).length; // a card without buttons only tells
    this.title.textContent = count ? `${count} ${count === 1 ? "draft waits" : "drafts wait"} for you` : "No draft waits for you";
  }

  #node(id) {
    let node = this.#nodes.get(id);
    if (!node) {
      node = make("li", "card");
      node.append(make("div", "card-words"), make("div", "buttons"));
      this.#nodes.set(id, node);
    }
    return node;
  }

  #draw(node, { text, rows }) {
    const words = node.querySelector(".card-words");
    if (words.textContent !== text) {
      words.textContent = text;
      node.querySelector(".note")?.remove();
    }
    const buttons = JSON.stringify(rows);
    if (node.dataset.buttons === buttons) return;
    node.dataset.buttons = buttons;
    node.querySelector(".buttons").replaceWith(buttonsOf(rows, (...pressed) => this.#press(node, ...pressed)));
  }

  async #press(node, token, text) {
    const shown = await this.onPress(token, text);
    if (!shown) return false;
    if (shown.ask_token) edit(node, shown.ask_token, shown.ask_prefill, (...pressed) => this.#press(node, ...pressed));
    else if (shown.screen) this.#draw(node, shown.screen);
    else this.#said(node, shown.toast);
    return true;
  }

  // What a press came to: under the card, until the draft changes.
  #said(node, text) {
    node.saidAt = performance.now();
    const note = node.querySelector(".note") ?? node.appendChild(make("p", "note"));
    note.role = "status";
    note.textContent = text;
  }

  // What no longer waits stays for a moment, saying so, and can no longer be pressed.
  #retire(id) {
    const node = this.#nodes.get(id);
    this.#nodes.delete(id);
    node.classList.add("gone");
    const [send, cancel] = node.querySelectorAll(".editor button");
    if (send && !send.disabled) {
      send.disabled = true;
      cancel.textContent = "Close";
      cancel.addEventListener("click", () => node.remove());
      return this.#said(node, "No longer waiting. Your words stay here until you close this.");
    }
    node.inert = true;
    const pressed = node.querySelector(".note") && performance.now() - node.saidAt < SAID_HOLDS_MS;
    if (!pressed) this.#said(node, "No longer waiting");
    setTimeout(() => node.remove(), GONE_STAYS_MS);
  }
}
