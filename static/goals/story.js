// A goal: what its users had done before it, and how many a choice of events selects.

import { full, percent, signed } from "../base/format.js";
import { showCombinations } from "./combinations.js";
import { breakable, element, find, interval, rows, share, users } from "./tables.js";

// Shows a goal; `choices` is event → "include" or "exclude", others are ignored.
export function showStory(story, choices) {
  find("goal-title").querySelector(".name").textContent = story.goal;
  users(find("reached"), story);
  find("of-all").textContent = story.users ? `, ${percent(story.count / story.users)} of ${full(story.users, "count")}` : "";
  find("no-steps").hidden = story.events.length > 0;
  find("steps-shown").hidden = !story.events.length;
  find("combinations-shown").hidden = !story.combinations.length;
  showTotals(story.selection, story.count);
  const most = Math.max(...story.events.map(({ conversion }) => conversion.upper));
  rows(body(), find("step"), story.events, {
    name: (event) => event.name,
    fill: (row, event) => fill(row, event, { choice: choices.get(event.name) ?? "ignore", most }),
  });
  find("clear").hidden = !choices.size;
  find("warnings").replaceChildren(...(story.warnings ?? []).map((content) => element("li", { content })));
  find("warnings").hidden = !story.warnings;
  showCombinations(story, choices);
}

function fill(row, event, { choice, most }) {
  const cell = (selector) => row.querySelector(selector);
  cell("th").replaceChildren(...breakable(event.name));
  cell("legend").textContent = event.name;
  for (const radio of row.querySelectorAll("input")) {
    radio.name = `choice of ${event.name}`;
    radio.checked = radio.value === choice;
  }
  users(cell(".users"), event);
  share(cell(".share"), event.share.value);
  cell(".share").title = `${percent(event.share.lower)} to ${percent(event.share.upper)}`;
  interval(cell(".conversion"), event.conversion, range(event, most));
  interval(cell(".rest"), event.rest);
  showDifference(cell(".difference"), event.rest.users ? event.difference : null);
}

// The interval of the conversion as a line, with a mark where that of the rest is.
function range({ conversion, rest }, most) {
  const line = element("span", { className: "range", content: [element("i"), element("b")] });
  line.ariaHidden = "true";
  const ends = { from: conversion.lower, to: conversion.upper, rest: rest.value };
  for (const [name, value] of Object.entries(ends)) {
    line.style.setProperty(`--${name}`, Math.min(value / most, 1) || 0);
  }
  return line;
}

function showDifference(cell, difference) {
  if (!difference) return cell.replaceChildren("\u2013");
  const { value, lower, upper } = difference;
  const kind = lower > 0 ? "more" : upper < 0 ? "less" : "open";
  const mark = { more: "▲ ", less: "▼ ", open: "" }[kind];
  const title = kind === "open" ? "" : "Its interval excludes 0";
  const figures = element("span", { className: kind, title, content: mark + signed(value) });
  cell.replaceChildren(figures, " ", element("small", { content: `${signed(lower)} to ${signed(upper)}` }));
}

// Figures that stay as they are, are not said again by a screen reader.
function showTotals(selection, count) {
  for (const [side, number] of Object.entries(selection)) {
    const figures = element("dd", { content: [full(number, "count"), " "] });
    figures.append(element("small", { content: percent(count && number / count) }));
    const shown = find("totals").querySelector(`[data-side=${side}] dd`);
    if (shown.textContent !== figures.textContent) shown.replaceWith(figures);
    find("stack").querySelector(`[data-side=${side}]`).style.flexGrow = number;
  }
}

const body = () => find("steps").tBodies[0];

// Calls `choose` with an event and what was chosen for it.
export function onChoice(choose) {
  body().addEventListener("change", ({ target }) => choose(target.closest("tr").dataset.name, target.value));
}
