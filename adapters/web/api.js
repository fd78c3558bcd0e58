// The page's side of the endpoints. Knows no DOM. Lines carry an id made here: posting one twice is the same line.

export class Gone extends Error {} // the server does not know this visitor (any more): load the page again
export class Refused extends Error {} // the server will never take this line

async function answer(response) {
  const body = await response.json().catch(() => ({}));
  if (response.ok) return body;
  if (response.status === 401) throw new Gone(body.error);
  if (response.status === 413 || response.status === 415 || response.status === 422) throw new Refused(body.error);
  throw new Error(body.error ?? `the server said ${response.status}`);
}

const as = (seat) => (seat ? `?as=${encodeURIComponent(seat)}` : "");

export const getMe = async () => answer(await fetch("/api/me"));

export const getHistory = async (seat) => (await answer(await fetch(`/api/history${as(seat)}`))).lines;

export async function postLine(seat, lineId, text) {
  const body = JSON.stringify({ as: seat, text, line_id: lineId });
  const headers = { "Content-Type": "application/json" };
  return answer(await fetch("/api/lines", { method: "POST", headers, body, signal: AbortSignal.timeout(15000) }));
}

export function newLineId() {
  if (crypto.randomUUID) return crypto.randomUUID(); // https and localhost only
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// A visitor the server does not know gets a cookie with the page. Once: a browser that refuses cookies would go round for ever.
export function startOver() {
  if (sessionStorage.getItem("selfsame.restarted")) return;
  sessionStorage.setItem("selfsame.restarted", "yes");
  location.reload();
}

// Live events of one chat. `on.hello` comes after each (re)connection: read the history then, so that nothing is missed.
export function listen(seat, on) {
  const LOST_AFTER_MS = 2500;
  let source, again, lost;
  const open = () => {
    source = new EventSource(`/api/events${as(seat)}`);
    for (const name of ["hello", "typing", "bubble", "outcome", "facets"]) {
      source.addEventListener(name, (event) => {
        if (name === "hello") {
          clearTimeout(lost);
          lost = undefined;
          on.connected(true);
        }
        on[name](JSON.parse(event.data));
      });
    }
    source.onerror = () => {
      lost ??= setTimeout(() => on.connected(false), LOST_AFTER_MS);
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, 2000); // an HTTP error: it gives up by itself
    };
  };
  open();
  return () => {
    clearTimeout(again);
    clearTimeout(lost);
    source.close();
  };
}
