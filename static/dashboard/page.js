// The dashboard: asks the API for what is chosen, and again every half minute.

import { ask, carry, Failure, REFRESH_MS } from "../pages/ask.js";
import { draw } from "./chart.js";
import { asOf, full } from "./format.js";

const DAY = 86_400;
const STATUSES = {
  ok: "ok",
  missing_data: "data is missing",
  missing_config: "a metric is missing",
};
const EMPTY = {
  namespaces: ["No namespace yet", "One is created by its first event, sent with root's token to POST /v0/analytics. Tokens are issued in the admin's list of users, or by manage.py create_token."],
  kpis: ["No KPI yet", "Run manage.py load_catalogue, or add metrics and KPIs in the admin."],
  data: ["No data yet", "Nothing was counted in this period. Choose a longer one, or send events to POST /v0/analytics: their numbers appear within five minutes."],
};

const find = (id) => document.getElementById(id);
const choice = find("choice").elements;
const cards = new Map(); // KPI name → { article, chart }
let asked = new AbortController();

// The chosen period in seconds; a day begins and ends by the visitor's clock.
function period() {
  const now = Date.now() / 1000;
  if (choice.period.value !== "custom") return [now - choice.period.value * DAY, now];
  const midnight = (input) => new Date(`${input.value}T00:00`).getTime() / 1000;
  return [midnight(choice.from), midnight(choice.to) + DAY];
}

// A day from today as an input writes it, 2026-03-04, by the visitor's clock.
function day(offset) {
  const at = new Date();
  at.setDate(at.getDate() + offset);
  return at.toLocaleDateString("sv");
}

async function load() {
  asked.abort();
  asked = new AbortController();
  const { signal } = asked;
  if (!choice.namespace.value) return show({ empty: "namespaces" });
  const [start_timestamp, end_timestamp] = period();
  const namespace = choice.namespace.value;
  const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    const [statuses, values] = await Promise.all([
      ask("analytics/kpis/status/", { query: { namespace }, signal }),
      ask("analytics/kpis/values/", { query: { namespace, start_timestamp, end_timestamp, timezone }, signal }),
    ]);
    show({ ...statuses, ...values, empty: emptiness(values) });
  } catch (failure) {
    if (signal.aborted) return;
    if (!(failure instanceof Failure)) throw failure;
    show({ error: failure.message });
  } finally {
    if (!signal.aborted) document.querySelector("main").ariaBusy = "false";
  }
}

function emptiness({ kpis }) {
  if (!kpis.length) return "kpis";
  return kpis.some(({ aggregate, values }) => aggregate || values.some(Boolean)) ? null : "data";
}

function show({ error, empty, data_as_of, warnings = [], statuses = [], kpis = [], start_timestamps }) {
  find("error").textContent = error ?? "";
  find("error").hidden = !error;
  if (error) return; // the numbers of the last good answer stay, with their time
  find("as-of").textContent = empty === "namespaces" ? "" : asOf(data_as_of);
  find("warnings").replaceChildren(...warnings.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  find("warnings").hidden = !warnings.length;
  find("empty").hidden = !empty;
  const [title, advice] = find("empty").children;
  [title.textContent, advice.textContent] = EMPTY[empty] ?? ["", ""];
  const configs = new Map(statuses.map((one) => [one.kpi.name, one]));
  const shown = empty ? [] : kpis.filter(({ kpi }) => configs.has(kpi));
  find("cards").replaceChildren(...shown.map(({ kpi }) => card(kpi).article));
  for (const one of shown) fill(card(one.kpi), one, configs.get(one.kpi), start_timestamps);
}

function card(name) {
  if (!cards.has(name)) {
    const article = find("card").content.cloneNode(true).firstElementChild;
    article.dataset.kpi = name;
    cards.set(name, { article });
  }
  return cards.get(name);
}

function fill(one, { aggregate, values }, { status, kpi: { metadata } }, timestamps) {
  const part = (selector) => one.article.querySelector(selector);
  part("h2").textContent = metadata.display_name;
  part(".status").textContent = STATUSES[status] ?? status;
  part(".status").dataset.status = status;
  part(".value").textContent = full(aggregate, metadata.unit);
  part(".description").textContent = metadata.description;
  const data = [timestamps, values];
  if (one.chart) one.chart.setData(data);
  else one.chart = draw(part(".chart"), data, metadata.unit);
}

// The choice lives in the address, so that it can be kept and shared.
function remember() {
  const custom = choice.period.value === "custom";
  find("custom").hidden = find("custom").disabled = !custom;
  if (custom) choice.from.value ||= day(-6);
  if (custom) choice.to.value ||= day(0);
  history.replaceState(null, "", `?${new URLSearchParams(new FormData(find("choice")))}`);
  carry(choice.namespace.value);
}

function recall() {
  for (const [name, value] of new URLSearchParams(location.search)) {
    const field = choice[name];
    if (field && (!field.options || [...field.options].some((option) => option.value === value))) field.value = value;
  }
}

find("choice").addEventListener("change", () => (remember(), load()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => (cards.clear(), load()));
setInterval(() => document.hidden || load(), REFRESH_MS);
recall();
remember();
load();
