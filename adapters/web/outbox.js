// Lines on their way out: one at a time, in order, each offered again until it is taken or the tries are used up.
// Knows no DOM; tells `changed(lineId, state, atMs)` with state "sending", "taken" or "failed".

import { Gone, Refused, postLine, startOver } from "./api.js";

const PAUSES_MS = [0, 1000, 3000, 6000];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Outbox {
  #queue = Promise.resolve();

  constructor(seat, changed) {
    this.seat = seat;
    this.changed = changed;
  }

  send(lineId, text) {
    this.changed(lineId, "sending");
    this.#queue = this.#queue.then(() => this.#deliver(lineId, text));
  }

  async #deliver(lineId, text) {
    for (const pauseMs of PAUSES_MS) {
      await pause(pauseMs);
      try {
        const taken = await postLine(this.seat, lineId, text);
        return this.changed(lineId, "taken", taken.at_ms);
      } catch (error) {
        if (error instanceof Gone) return startOver();
        if (error instanceof Refused) break;
      }
    }
    this.changed(lineId, "failed");
  }
}
