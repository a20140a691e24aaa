// The table of events: their unique users and values, and which of them are goals.

import { full } from "../base/format.js";
import { breakable, find, rows, users } from "./tables.js";

const MANY = 10; // more have a filter
const box = find("filter").querySelector("input");

// Shows the counts of a namespace, the largest first; `goals` is a set of names.
export function showEvents(counts, { goals, chosen }) {
  const everybody = counts.find(({ type }) => type === "internal");
  users(find("everybody"), everybody ?? { count: 0, lower: 0, upper: 0 });
  const named = counts.filter(({ type }) => type === "named");
  named.sort((left, right) => right.count - left.count || left.name.localeCompare(right.name));
  rows(body(), find("event"), named, {
    name: (event) => event.name,
    fill: (row, event) => fill(row, event, { isGoal: goals.has(event.name), isChosen: event.name === chosen }),
  });
  find("events").classList.toggle("sumless", named.every(({ value }) => value.sum == null));
  find("filter").hidden = named.length <= MANY;
  if (find("filter").hidden) box.value = "";
  filter();
}

function fill(row, event, { isGoal, isChosen }) {
  const cell = (selector) => row.querySelector(selector);
  cell("th").replaceChildren(...breakable(event.name));
  users(cell(".users"), event);
  cell(".sum").textContent = full(event.value.sum, "count");
  cell("button").dataset.act = isGoal ? "choose" : "make";
  cell("button").textContent = isGoal ? "Paths" : "Make a goal";
  cell("button").ariaLabel = `${cell("button").textContent}: ${event.name}`;
  row.ariaCurrent = isChosen ? "true" : null;
}

function filter() {
  const wanted = box.value.trim().toLowerCase();
  for (const row of body().children) row.hidden = !row.dataset.name.toLowerCase().includes(wanted);
  find("no-match").hidden = [...body().children].some((row) => !row.hidden);
}

const body = () => find("events").tBodies[0];

// Calls `make` or `choose` with the name of the event whose button is pressed.
export function onEvent(acts) {
  body().addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (button) acts[button.dataset.act](button.closest("tr").dataset.name);
  });
}

box.addEventListener("input", filter);
