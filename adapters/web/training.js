// The strip that shows facets in training. Knows no chat; goes away by itself when all is done.

const STAYS_MS = 6000;

export class Training {
  #wasBusy = false;
  #leaving;

  constructor(strip, owner) {
    this.strip = strip;
    this.owner = owner;
  }

  show(facets) {
    const live = facets.filter((facet) => facet.state === "live").length;
    const busy = facets.some((facet) => facet.state === "waiting" || facet.state === "training");
    if (busy) this.#draw(facets, `Learning ${this.owner}’s voice: ${live} of ${facets.length} facets in use`);
    else if (this.#wasBusy) this.#finish(facets, live);
    this.#wasBusy = busy;
  }

  #finish(facets, live) {
    const all = live === facets.length;
    this.#draw(facets, all ? "All facets are in use" : `Training ended: ${live} of ${facets.length} facets in use`);
    this.#leaving = setTimeout(() => (this.strip.hidden = true), STAYS_MS);
  }

  #draw(facets, words) {
    clearTimeout(this.#leaving);
    const line = this.strip.querySelector(".learning-words");
    if (line.textContent !== words) line.textContent = words;
    const list = this.strip.querySelector(".facets");
    while (list.children.length > facets.length) list.lastChild.remove();
    facets.forEach((facet, at) => this.#facet(list.children[at] ?? list.appendChild(this.#empty()), facet));
    this.strip.hidden = false;
  }

  #empty() {
    const node = document.createElement("li");
    const bar = document.createElement("progress");
    bar.max = 1;
    node.append(document.createTextNode(""), bar);
    return node;
  }

  #facet(node, { name, state, progress }) {
    node.className = `facet ${state}`;
    node.firstChild.data = name;
    node.lastChild.value = state === "live" ? 1 : progress;
    node.lastChild.ariaLabel = `${name}: ${state}`;
    node.title = `${name}: ${state}`;
  }
}
