// Who the visitor is in the demo: the choice, remembered in this browser. Knows no chat.

import { initial } from "./format.js";

const REMEMBERED = "selfsame.seat";

function make(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

export class Seats {
  constructor({ dialog, button, seats, owner, onChoose }) {
    Object.assign(this, { dialog, button, seats, onChoose });
    dialog.querySelector(".seats-words").textContent = `${owner} answers each of them differently.`;
    dialog.oncancel = (event) => !this.current && event.preventDefault();
    dialog.onclick = (event) => event.target === dialog && this.current && dialog.close(); // beside the card
    button.onclick = () => this.ask();
  }

  // The remembered seat at once, else the question.
  start() {
    const known = this.seats.find((seat) => seat.contact_type === localStorage.getItem(REMEMBERED));
    if (known) this.#take(known);
    else this.ask();
  }

  ask() {
    const list = this.dialog.querySelector(".seat-list");
    list.replaceChildren(...this.seats.map((seat) => this.#option(seat)));
    this.dialog.showModal();
  }

  #option(seat) {
    const option = make("button", "seat", "");
    option.type = "button";
    option.setAttribute("aria-pressed", String(seat === this.current));
    const face = make("span", "seat-face", initial(seat.name));
    face.ariaHidden = "true";
    option.append(face, make("span", "seat-name", seat.name), make("span", "seat-type", seat.contact_type), make("span", "seat-note", seat.note));
    option.onclick = () => {
      this.dialog.close();
      if (seat !== this.current) this.#take(seat);
    };
    return option;
  }

  #take(seat) {
    this.current = seat;
    localStorage.setItem(REMEMBERED, seat.contact_type);
    this.button.hidden = false;
    this.button.querySelector(".seat-face").textContent = initial(seat.name);
    this.button.querySelector(".seat-name").textContent = seat.name;
    this.button.setAttribute("aria-label", `You are ${seat.name}, ${seat.contact_type}. Change`);
    this.onChoose(seat);
  }
}
