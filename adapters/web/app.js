// Puts the page together: whose it is, who visits, and one chat at a time.

import { Gone, getHistory, getMe, listen, newLineId, startOver } from "./api.js";
import { ChatLog } from "./chat_log.js";
import { Composer } from "./composer.js";
import { outcomeFacts } from "./format.js";
import { Outbox } from "./outbox.js";
import { Seats } from "./seats.js";
import { Training } from "./training.js";

const OPENERS = ["Hello! How are you?", "What are you up to today?", "What did you do last weekend?"];
const find = (selector) => document.querySelector(selector);

const banner = find(".banner");
const empty = find(".empty");
let chat = null; // {seat, outbox, leave}
let unread = 0;

async function start() {
  const me = await getMe().catch(() => null);
  if (!me) {
    banner.hidden = false;
    return setTimeout(start, 2000);
  }
  banner.hidden = true;
  const firstName = me.owner_name.split(/\s+/)[0] || "the owner";
  const training = new Training(find(".learning"), firstName);
  find(".typing .sr-only").textContent = `${firstName} is typing`;

  const log = new ChatLog({
    list: find(".log"),
    scroll: find(".scroll"),
    typing: find(".typing"),
    toEnd: find(".to-end"),
    onRetry: (lineId, text) => chat.outbox.send(lineId, text),
    onNew: () => document.hidden && title(++unread),
  });

  const title = (count) => (document.title = count ? `(${count}) ${me.owner_name}` : me.owner_name);
  document.onvisibilitychange = () => document.hidden || title((unread = 0));

  const say = (text) => {
    const lineId = newLineId();
    empty.hidden = true;
    log.mine(lineId, text);
    chat.outbox.send(lineId, text);
    composer.focus();
  };
  const composer = new Composer(find(".composer"), say);

  const enter = (seat) => {
    chat?.leave();
    log.clear();
    empty.hidden = true;
    const as = seat?.contact_type ?? null;
    const here = { outbox: new Outbox(as, (...change) => here === chat && log.mark(...change)) };
    chat = here;
    here.leave = listen(as, {
      connected: (yes) => (banner.hidden = yes),
      hello: () => readHistory(here, as),
      typing: () => log.showTyping(true),
      bubble: (bubble) => {
        empty.hidden = true;
        log.bubble(bubble);
      },
      outcome: (outcome) => {
        // A turn without a reply ends in silence here too; `selfsame status` tells the owner why.
        if (outcome.state === "answered") log.facts(outcomeFacts(outcome));
        else log.showTyping(false);
      },
      facets: ({ facets }) => training.show(facets),
    });
    greet(seat, firstName, say);
    composer.enable(me.text_limit, `Message ${firstName}`);
    composer.focus();
  };

  async function readHistory(here, as) {
    try {
      const lines = await getHistory(as);
      if (here !== chat) return;
      log.history(lines);
      empty.hidden = !log.isEmpty;
    } catch (error) {
      if (error instanceof Gone) return startOver();
      if (here === chat) setTimeout(() => here === chat && readHistory(here, as), 2000);
    }
  }

  if (!me.demo) return enter(null);
  new Seats({ dialog: find(".seats"), button: find(".seat-button"), seats: me.seats, owner: firstName, onChoose: enter }).start();
}

function greet(seat, firstName, say) {
  find(".empty-title").textContent = seat ? `Hello, ${seat.name}` : `Write to ${firstName}`;
  find(".empty-words").textContent = seat?.note || `Ask ${firstName} anything.`;
  const openers = seat?.openers.length ? seat.openers : OPENERS;
  find(".openers").replaceChildren(
    ...openers.slice(0, 3).map((text) => {
      const opener = document.createElement("button");
      opener.type = "button";
      opener.className = "opener";
      opener.textContent = text;
      opener.onclick = () => say(text);
      return opener;
    }),
  );
}

start();
