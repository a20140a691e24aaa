// The combinations of events before a goal, the most frequent first.

import { full } from "../base/format.js";
import { breakable, element, find, rows, share } from "./tables.js";

const FIRST = 20; // shown until all are asked for
let shown = { goal: null, all: false, story: null, choices: null };

// Shows a goal's combinations, with its users not told apart in a last row.
export function showCombinations(story, choices) {
  shown = { ...shown, story, choices, all: shown.all && shown.story.goal === story.goal };
  const apart = story.combinations.filter(({ overflow }) => !overflow);
  const rest = story.combinations.filter(({ overflow }) => overflow);
  const listed = [...(shown.all ? apart : apart.slice(0, FIRST)), ...rest];
  rows(find("combinations").tBodies[0], find("combination"), listed, {
    name: ({ events, overflow }) => JSON.stringify([events, overflow]),
    fill,
  });
  find("all").hidden = apart.length <= FIRST || shown.all;
  find("all").textContent = `Show all ${full(apart.length, "count")}`;
}

function fill(row, { events, count, share: value, overflow }) {
  const content = overflow ? "Others, not told apart" : "None known";
  const title = overflow ? "Too rare, or too many different ones" : "None, or they reached it before it became a goal";
  const names = events.length ? events.map(chip) : element("span", { className: "hint", title, content });
  row.querySelector("th").replaceChildren(...[names].flat());
  row.querySelector(".users").textContent = full(count, "count");
  share(row.querySelector(".share"), value);
}

function chip(name) {
  const drawn = element("span", { className: "chip", content: breakable(name) });
  drawn.dataset.choice = shown.choices.get(name) ?? "ignore";
  return drawn;
}

find("all").addEventListener("click", () => {
  shown.all = true;
  showCombinations(shown.story, shown.choices);
});
