// The dashboard: asks the API for what is chosen, and again every half minute.

import { ask, carry, Failure, newest, now } from "../base/ask.js";
import { addDays, dateOf, isKnown, ownZone } from "../base/calendar.js";
import { busy, isLate, onRetry, showFailure, showFreshness, showState } from "../base/notice.js";
import { cellLabel, comparedBy, endOfCell, span } from "../base/periods.js";
import { about, isComparable } from "./about.js";
import { ageCards, emptyCards, forgetCards, showCards } from "./cards.js";

const find = (id) => document.getElementById(id);
const main = document.querySelector("main");
const choice = find("choice").elements;
const tick = Number(main.dataset.tick);
let kpis = new URLSearchParams(location.search).getAll("kpis"); // none: all
let isDefault = !new URLSearchParams(location.search).has("period"); // nobody chose it
let shown = { address: null, asOf: null }; // of what the numbers on the page are

const load = newest(async (signal) => {
  const namespace = choice.namespace.value;
  if (!namespace) return showState("no-namespaces");
  const zone = choice.timezone.value;
  if (location.search !== shown.address) empty("…");
  if (!isKnown(zone)) throw new Failure(`This browser does not know the time zone ${zone}: choose another.`);
  const state = await ask("analytics/kpis/status/", { query: named([["namespace", namespace]]), signal });
  if (isDefault) suggest(state.data_from, zone);
  const chosen = asked(zone);
  const read = (query) => ask("analytics/kpis/values/", { query: named(Object.entries({ namespace, timezone: zone, ...chosen, ...query })), signal });
  const compare = choice.compare.value;
  const by = comparedBy({ period: choice.period.value, granularity: chosen.granularity, compare });
  const [values, against] = await Promise.all([read({ complete: true }), compare ? read({ compare, granularity: by }) : null]);
  if (against) against.previous_end_timestamp ??= endOfCell(against.previous_start_timestamps.at(-1), { granularity: by, zone });
  const late = isLate(state.data_as_of, tick);
  const ready = late ? await ask("readyz", { accept: [503], signal }).catch(() => null) : null;
  signal.throwIfAborted();
  shown = { address: location.search, asOf: state.data_as_of, zone };
  showFailure(null);
  showFreshness(state.data_as_of, { tick, zone, state: ready });
  show(state, values, against, { zone, chosen });
}, { busy, fail });

// Without a choice, the last whole days; of data that begin today, today.
function suggest(from, zone) {
  const isYoung = from !== null && dateOf(from, zone) === dateOf(now(), zone);
  choice.period.value = isYoung ? "today" : "7d";
  remember();
}

// What the numbers are asked for; a day begins and ends by the clock of the zone.
function asked(zone) {
  const { period, from, to, granularity } = choice;
  const chosen = span({ period: period.value, from: from.value, to: to.value, zone, now: now() });
  if (from.value > to.value && period.value === "custom") throw new Failure("The first day must not be after the last.");
  if (chosen.start >= chosen.end) throw new Failure("These days are still to come.");
  return {
    start_timestamp: chosen.start,
    end_timestamp: chosen.end,
    granularity: granularity.value || chosen.granularity,
  };
}

// A query for the chosen KPIs.
const named = (query) => [...query, ...kpis.map((name) => ["kpis", name])];

function show(state, values, against, { zone, chosen }) {
  const { granularity } = chosen;
  const { start_timestamps: starts, warnings = [] } = values;
  const statuses = new Map(state.statuses.map((status) => [status.kpi.name, status]));
  const warned = new Set([...warnings, ...(state.warnings ?? [])]);
  find("warnings").replaceChildren(...[...warned].map((text) => Object.assign(document.createElement("li"), { textContent: text })));
  find("warnings").hidden = !warned.size;
  const end = endOfCell(starts.at(-1), { granularity, zone });
  const kinds = kindsOf(values, { end, from: state.data_from, asOf: state.data_as_of });
  find("span").textContent = about({ starts, end, against }, { zone, chosen, from: state.data_from });
  const label = (at) => cellLabel(at, { granularity, zone });
  for (const name of document.querySelectorAll("#no-data .namespace")) name.textContent = choice.namespace.value;
  showState(!values.kpis.length ? "no-kpis" : state.data_from === null ? "no-data" : "cards");
  const compared = isComparable(against, state.data_from) ? against.kpis : [];
  const before = new Map(compared.map((series) => [series.kpi, series]));
  showCards(values.kpis, { statuses, cells: { starts, kinds, label }, before, isLate: isLate(state.data_as_of, tick) });
}

// What each cell is: "whole", "partial" (it goes on, or began before the data), or "gap".
function kindsOf({ start_timestamps: starts, complete }, { end, from, asOf }) {
  return starts.map((start, cell) => {
    if (complete[cell]) return "whole";
    const isOutside = from === null || (starts[cell + 1] ?? end) <= from || start >= asOf;
    return isOutside ? "gap" : "partial";
  });
}

function empty(sign) {
  showState("cards");
  emptyCards(sign);
  for (const id of ["as-of", "span"]) find(id).textContent = "";
  for (const id of ["late", "warnings"]) find(id).hidden = true;
}

// Numbers of what is chosen stay, greyed out, while the server is away; others go.
function fail(failure) {
  showFailure(failure);
  if (!failure.isPassing || location.search !== shown.address) {
    shown = { address: null };
    return empty("–");
  }
  ageCards();
  showFreshness(shown.asOf, { tick, zone: shown.zone });
}

// The choice lives in the address, so that it can be kept and shared.
function remember() {
  const custom = choice.period.value === "custom";
  find("custom").hidden = find("custom").disabled = !custom;
  if (custom) {
    const today = dateOf(now(), choice.timezone.value);
    choice.from.value ||= addDays(today, -6);
    choice.to.value ||= today;
  }
  const query = new URLSearchParams(named([...new FormData(find("choice"))].filter(([, value]) => value)));
  history.replaceState(null, "", `?${query}`);
  find("all-kpis").hidden = !kpis.length;
  carry(choice.namespace.value);
}

// The server has refused what is no choice.
function recall() {
  const query = new URLSearchParams(location.search);
  const zones = new Set([ownZone(), "UTC", ...query.getAll("timezone")]);
  choice.timezone.replaceChildren(...[...zones].map((zone) => new Option(zone, zone)));
  for (const [name, value] of query) if (choice[name]) choice[name].value = value;
}

find("choice").addEventListener("change", ({ target }) => {
  isDefault &&= target !== choice.period;
  remember();
  load();
});
find("all-kpis").addEventListener("click", () => {
  kpis = [];
  remember();
  load();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  forgetCards();
  load();
});
onRetry(load);
recall();
remember();
load();
