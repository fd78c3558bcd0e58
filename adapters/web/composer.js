// The field to write in: Enter sends, Shift+Enter makes a new line, the field grows with the text. Knows no network.

export class Composer {
  constructor(form, onSend) {
    this.form = form;
    this.field = form.querySelector("textarea");
    this.button = form.querySelector(".send");
    form.onsubmit = (event) => {
      event.preventDefault();
      this.#submit(onSend);
    };
    this.field.onkeydown = (event) => {
      // while an input method composes, Enter belongs to it
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#submit(onSend);
    };
    this.field.oninput = () => this.#fit();
  }

  enable(textLimit, placeholder) {
    this.field.maxLength = textLimit;
    this.field.placeholder = placeholder;
    this.field.disabled = false;
    this.#fit();
  }

  focus() {
    // on a phone the keyboard would cover the chat
    if (matchMedia("(hover: hover)").matches) this.field.focus();
  }

  #submit(onSend) {
    const text = this.field.value.trim();
    if (!text || this.field.disabled) return;
    this.field.value = "";
    this.#fit();
    onSend(text);
  }

  #fit() {
    this.button.disabled = !this.field.value.trim();
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight + 2}px`;
    this.field.style.overflowY = this.field.scrollHeight > 168 ? "auto" : "hidden";
  }
}
