// The cards: a KPI's status, its number over the period, and its chart.

import { change, full } from "../base/format.js";
import { draw } from "./chart.js";

const STATUSES = {
  ok: "ok",
  missing_data: "data is missing",
  missing_config: "a metric is missing",
  late: "late",
  old: "out of date",
  none: "no events of this kind yet",
};
const box = document.getElementById("cards");
const cards = new Map(); // KPI name → { article, show }

// Shows KPIs in order. `cells` are { starts, kinds, label } as a chart takes them;
// `statuses` has KPI name → what the API says of it, `before` → the numbers compared.
export function showCards(kpis, { statuses, cells, before, isLate }) {
  delete box.dataset.stale;
  const known = kpis.filter(({ kpi }) => statuses.has(kpi));
  box.replaceChildren(...known.map(({ kpi }) => card(kpi).article));
  for (const series of known) {
    const { kpi } = series;
    fill(card(kpi), series, { status: statuses.get(kpi), cells, before: before.get(kpi), isLate });
  }
}

// Takes the numbers away: they would be of something else than what is chosen.
export function emptyCards(sign) {
  for (const { article, show } of cards.values()) {
    for (const line of [".status", ".change"]) article.querySelector(line).textContent = "";
    article.querySelector(".value").textContent = sign;
    show?.({ starts: [], values: [], kinds: [], label: () => "" });
  }
}

// Greys the numbers out: they are of what is chosen, and of a while ago.
export function ageCards() {
  box.dataset.stale = "";
  for (const { article } of cards.values()) say(article.querySelector(".status"), "old");
}

// Draws all anew, such as in other colours.
export const forgetCards = () => cards.clear();

function card(name) {
  if (!cards.has(name)) {
    const article = document.getElementById("card").content.cloneNode(true).firstElementChild;
    article.dataset.kpi = name;
    cards.set(name, { article });
  }
  return cards.get(name);
}

function fill(shown, { aggregate, values }, { status, cells, before, isLate }) {
  const line = (selector) => shown.article.querySelector(selector);
  const { unit, display_name, description } = status.kpi.metadata;
  const isEmpty = cells.kinds.every((kind) => kind === "gap");
  line("h2").textContent = display_name;
  showStatus(line(".status"), status, isLate);
  line(".value").textContent = full(isEmpty ? null : aggregate, unit);
  line(".change").textContent = before ? change(before.aggregate, before.previous.aggregate, unit) : "";
  line(".description").textContent = description;
  shown.show ??= draw(line(".chart"), unit);
  shown.show({ ...cells, values });
}

function showStatus(element, { status, metrics_without_data: without }, isLate) {
  const name = status !== "ok" ? status : isLate ? "late" : without.length ? "none" : "ok";
  say(element, name);
  element.title = without.length ? `Never any: ${without.join(", ")}` : "";
}

function say(element, status) {
  element.textContent = STATUSES[status] ?? status;
  element.dataset.status = status;
}
