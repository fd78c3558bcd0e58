// Words to the desk and its answers, and which commands fit what is typed so far. Knows no network.

import { buttonsOf, edit, make } from "./owner_screen.js";

const MOST_SUGGESTIONS = 6;

export class Suggestions {
  #at = -1;

  constructor({ list, field, commands }) {
    Object.assign(this, { list, field, commands });
    field.addEventListener("input", () => this.#fit());
    field.form.addEventListener("keydown", (event) => this.#key(event), { capture: true });
    field.addEventListener("blur", () => this.#close());
    list.onpointerdown = (event) => event.preventDefault(); // the field keeps the focus
  }

  #fit() {
    const typed = /^\/?(\w*)$/.exec(this.field.value)?.[1].toLowerCase();
    const fitting = typed === undefined || !this.field.value ? [] : this.commands.filter(([name]) => name.startsWith(typed) && name !== typed);
    this.#at = -1;
    this.list.replaceChildren(...fitting.slice(0, MOST_SUGGESTIONS).map(([name, does], at) => this.#option(name, does, at)));
    this.list.hidden = !this.list.hasChildNodes();
    this.field.ariaExpanded = String(!this.list.hidden);
    this.field.removeAttribute("aria-activedescendant");
  }

  #option(name, does, at) {
    const option = make("li", "suggestion");
    option.id = `suggestion-${at}`;
    option.role = "option";
    option.append(make("b", "", `/${name}`), make("span", "", does));
    option.onclick = () => this.#take(name);
    option.dataset.name = name;
    return option;
  }

  #key(event) {
    if (this.list.hidden || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.#move(step);
    else if (event.key === "Tab" && !event.shiftKey) this.#take(this.list.children[Math.max(this.#at, 0)].dataset.name);
    else if (event.key === "Enter" && this.#at >= 0) this.#take(this.list.children[this.#at].dataset.name);
    else {
      if (event.key === "Enter" || event.key === "Escape") this.#close();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  #move(step) {
    const count = this.list.children.length;
    this.#at = (this.#at + step + (this.#at < 0 && step < 0 ? count + 1 : count)) % count;
    for (const [at, option] of [...this.list.children].entries()) option.ariaSelected = String(at === this.#at);
    this.field.setAttribute("aria-activedescendant", this.list.children[this.#at].id);
    this.list.children[this.#at].scrollIntoView({ block: "nearest" });
  }

  #take(name) {
    this.field.value = `/${name} `;
    this.field.dispatchEvent(new Event("input"));
    this.#close();
  }

  #close() {
    this.list.hidden = true;
    this.field.ariaExpanded = "false";
  }
}

// What was said here and what came back; an answer with buttons can be pressed like a card.
export class Talk {
  constructor({ list, scroll, onPress }) {
    Object.assign(this, { list, scroll, onPress });
  }

  mine(text) {
    this.#add("mine", text);
  }

  theirs(shown) {
    const screen = shown.screen ?? (shown.toast ? { text: shown.toast, rows: [] } : null);
    if (!screen && !shown.ask_token) return;
    const line = this.#add("theirs", screen?.text ?? "What should it say?");
    const press = async (token, text) => {
      const next = await this.onPress(token, text);
      if (next) this.theirs(next);
      return Boolean(next);
    };
    if (screen?.rows.length) line.append(buttonsOf(screen.rows, press));
    if (shown.ask_token) edit(line, shown.ask_token, shown.ask_prefill, press);
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  #add(side, text) {
    const line = make("li", `line ${side} new`);
    line.append(make("div", "bubble", text));
    this.list.append(line);
    this.scroll.scrollTop = this.scroll.scrollHeight;
    return line;
  }
}
