// What the desk shows, as nodes: buttons, and a field for a text it asks for. Knows no network; `press` is handed in and
// says whether the press got there. Every text goes in as textContent.

export function make(tag, className, text) {
  const node = document.createElement(tag);
  node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

// A text the desk asked for, under the screen that asked. One at a time in a host; sending it is a press again.
export function edit(host, token, prefill, press) {
  host.querySelector(".editor")?.remove();
  const editor = make("form", "editor");
  const field = make("textarea", "");
  field.value = prefill;
  field.ariaLabel = "Your text";
  const send = make("button", "act first", "Send this");
  const cancel = make("button", "act", "Cancel");
  cancel.type = "button";
  cancel.onclick = () => editor.remove();
  editor.onsubmit = async (event) => {
    event.preventDefault();
    if (!field.value.trim()) return;
    send.disabled = true;
    if (await press(token, field.value)) editor.remove();
    send.disabled = false;
  };
  const buttons = make("div", "buttons");
  buttons.append(send, cancel);
  editor.append(field, buttons);
  host.append(editor);
  field.focus();
}

// The buttons of a screen; while one press is on its way, none of them takes another.
export function buttonsOf(rows, press) {
  const bar = make("div", "buttons");
  for (const { label, token } of rows.flat()) {
    const button = make("button", bar.hasChildNodes() ? "act" : "act first", label);
    button.type = "button";
    button.onclick = async () => {
      for (const each of bar.children) each.disabled = true;
      await press(token);
      for (const each of bar.children) each.disabled = false;
    };
    bar.append(button);
  }
  bar.hidden = !bar.hasChildNodes();
  return bar;
}
