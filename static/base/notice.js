// What the pages say above their numbers: what failed, and how fresh they are.

import { now, REFRESH_MS } from "./ask.js";
import { timeLabel } from "./periods.js";

const SLACK = 60; // seconds that a tick's own work may take
const find = (id) => document.getElementById(id);

// Tells whoever does not see the page that its numbers are on their way.
export function busy(state) {
  document.querySelector("main").ariaBusy = String(state);
}

// Shows what failed, with what to do next; without a failure, nothing.
export function showFailure(failure) {
  const box = find("error");
  box.hidden = !failure;
  if (!failure) return;
  const again = failure.isPassing ? ` Trying again every ${REFRESH_MS / 1000} seconds.` : "";
  box.querySelector(".message").textContent = failure.message + again;
  box.querySelector("button").hidden = failure.isLogin;
  const login = box.querySelector("a");
  login.hidden = !failure.isLogin;
  login.search = new URLSearchParams({ next: location.pathname + location.search });
}

// Shows one of the page's states, by the id of its section; without a namespace there
// is nothing to be fresh.
export function showState(id) {
  if (id === "no-namespaces") find("as-of").textContent = "";
  for (const section of document.querySelectorAll("main > .state")) section.hidden = section.id !== id;
}

// Calls `load` when the visitor asks for it, when the network is back, and again and
// again while the page is looked at.
export function onRetry(load) {
  find("error").querySelector("button").addEventListener("click", load);
  addEventListener("online", load);
  document.addEventListener("visibilitychange", () => document.hidden || load());
  addEventListener("pageshow", ({ persisted }) => persisted && load());
  setInterval(() => document.hidden || load(), REFRESH_MS);
}

// Tells whether numbers are late that follow the events every `tick` seconds.
export const isLate = (asOf, tick) => now() - asOf > tick + SLACK;

// Says up to when numbers are complete, loudly where they are late; `state` is what
// /readyz answers, or null where nobody asked.
export function showFreshness(asOf, { tick, zone, state = null }) {
  const age = Math.max(0, now() - asOf);
  const time = timeLabel(asOf, { zone, now: now() });
  const late = isLate(asOf, tick);
  find("as-of").textContent = `Complete until ${time}${age < SLACK ? "" : `, ${duration(age)} ago`}`;
  find("late").hidden = !late;
  if (late) find("late").textContent = `Numbers are late: complete until ${time}, ${duration(age)} late. ${stage(state ?? {}, tick)}`;
}

// Which stage of the pipeline is behind, of whatever namespace.
function stage({ redis, inbox_lag_seconds: inbox = 0, aggregation_lag_seconds: aggregation = 0 }, tick) {
  const reasons = [];
  if (redis === false) reasons.push("Redis does not answer, so no work is begun.");
  if (inbox > SLACK) reasons.push(`Events have been waiting for ${duration(inbox)} to be counted (drain).`);
  if (aggregation > tick + SLACK) reasons.push(`Counted events have been waiting for ${duration(aggregation)} to be added up (aggregation).`);
  return reasons.join(" ");
}

// "12 minutes", "3 hours", "2 days"
export function duration(seconds) {
  const [unit, size] = [["day", 86_400], ["hour", 3600], ["minute", 60]].find(([, size]) => seconds >= 2 * size) ?? ["minute", 60];
  const number = Math.max(1, Math.round(seconds / size));
  return `${number} ${unit}${number === 1 ? "" : "s"}`;
}
