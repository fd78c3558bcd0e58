// The owner's page: what waits, what applies, and a line for the same words as everywhere else.
// Level-triggered: the board is read again and again, and the difference shown.

import { Composer } from "./composer.js";
import { Board } from "./owner_board.js";
import { Suggestions, Talk } from "./owner_words.js";

const LOOK_EVERY_MS = 1500;
const STATUS_EVERY_MS = 15000;
const TOAST_STAYS_MS = 4000;
const TEXT_LIMIT_CHARS = 4000;

const find = (selector) => document.querySelector(selector);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Unpaired extends Error {}

async function ask(path, { body, tag } = {}) {
  const post = body && { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } };
  const get = tag && { headers: { "If-None-Match": tag } };
  const response = await fetch(`/api/owner/${path}`, { ...get, ...post, signal: AbortSignal.timeout(15000) });
  if (response.status === 401) throw new Unpaired();
  if (response.status === 204 || response.status === 304) return null;
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error ?? `the server said ${response.status}`);
  return { ...answer, tag: response.headers.get("ETag") };
}

let toasting;
function toast(text) {
  clearTimeout(toasting);
  find(".toast").textContent = text;
  toasting = setTimeout(() => (find(".toast").textContent = ""), TOAST_STAYS_MS);
}

function paired(yes) {
  find(".banner").hidden = true;
  find(".pairing").hidden = yes;
  for (const part of [".desk", ".composer", ".panic"]) find(part).hidden = !yes;
  if (!yes) find("#code").focus();
}

function askForCode() {
  paired(false);
  const [form, answer] = [find(".pairing"), find(".pairing-answer")];
  return new Promise((resolve) => {
    form.onsubmit = async (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.disabled = true;
      answer.textContent = "";
      try {
        await ask("pair", { body: { code: form.code.value } });
        form.reset();
        resolve();
      } catch (error) {
        answer.textContent = error.message;
      }
      button.disabled = false;
    };
  });
}

async function desk() {
  const { commands } = await ask("me");
  paired(true);
  let wake; // ends the pause between two looks
  let tag;
  let statusAt = 0;

  // null: it did not get there; what is on screen stays as it is.
  const tell = async (path, body) => {
    try {
      return await ask(path, { body });
    } catch (error) {
      if (error instanceof Unpaired) location.reload();
      else toast(`Not done: ${error.message}`);
      return null;
    } finally {
      statusAt = 0;
      wake?.();
    }
  };
  const onPress = (token, text) => tell("press", text === undefined ? { token } : { token, text });
  const talk = new Talk({ list: find(".talk"), scroll: find(".scroll"), onPress });
  const board = new Board({ list: find(".cards"), title: find(".board-title"), onPress });
  const say = async (text) => {
    talk.mine(text);
    const shown = await tell("word", { text });
    if (shown) talk.theirs(shown);
  };
  const composer = new Composer(find(".composer"), say);
  new Suggestions({ list: find(".suggestions"), field: composer.field, commands });
  composer.enable(TEXT_LIMIT_CHARS, "/status, /autoreply, /help …");
  find(".panic").onclick = () => say("/panic");

  const look = async () => {
    const found = await ask("board", { tag });
    if (found) {
      tag = found.tag;
      board.show(found.cards);
      document.title = document.title.replace(/^(\(\d+\) )?/, found.cards.length ? `(${found.cards.length}) ` : "");
    }
    if (Date.now() - statusAt < STATUS_EVERY_MS) return;
    statusAt = Date.now();
    showStatus((await ask("word", { body: { text: "/status" } })).screen?.text ?? "");
  };
  document.onvisibilitychange = () => document.hidden || wake?.();
  for (;;) {
    try {
      if (!document.hidden) await look();
      find(".banner").hidden = true;
    } catch (error) {
      if (error instanceof Unpaired) return location.reload();
      find(".banner").hidden = false;
    }
    await Promise.race([pause(LOOK_EVERY_MS), new Promise((resolve) => (wake = resolve))]);
  }
}

function showStatus(text) {
  const [first, ...rest] = text.trim().split("\n");
  find(".status summary").textContent = first || "Status";
  find(".status-words").textContent = rest.join("\n").trim();
}

async function start() {
  try {
    await desk();
  } catch (error) {
    if (error instanceof Unpaired) await askForCode();
    else {
      find(".banner").hidden = false;
      await pause(2000);
    }
    return start();
  }
}

start();
