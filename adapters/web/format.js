// Words for numbers and moments. Pure; knows no page.

const time = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dayThisYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayOtherYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });

export const clock = (atMs) => time.format(atMs);

export function dayKey(atMs) {
  const at = new Date(atMs);
  return `${at.getFullYear()}-${at.getMonth() + 1}-${at.getDate()}`;
}

export function dayName(atMs, nowMs = Date.now()) {
  const yesterday = new Date(nowMs);
  yesterday.setDate(yesterday.getDate() - 1);
  if (dayKey(atMs) === dayKey(nowMs)) return "Today";
  if (dayKey(atMs) === dayKey(yesterday.getTime())) return "Yesterday";
  const sameYear = new Date(atMs).getFullYear() === new Date(nowMs).getFullYear();
  return (sameYear ? dayThisYear : dayOtherYear).format(atMs);
}

// "friend · core 0.6 · friend 0.4 · 1.2 s"
export function outcomeFacts({ contact_type, blend, total_ms }) {
  const facets = Object.entries(blend).sort((a, b) => b[1] - a[1]);
  const voice = facets.length ? facets.map(([name, weight]) => `${name} ${+weight.toFixed(2)}`) : ["base model"];
  return [contact_type, ...voice, `${(total_ms / 1000).toFixed(1)} s`].join(" · ");
}

export function initial(name) {
  return [...name.trim()][0]?.toUpperCase() ?? "•";
}
