// The goals page: the events of a namespace, and the paths to a chosen goal.

import { asOf } from "../dashboard/format.js";
import { ask, carry, newest, REFRESH_MS } from "../pages/ask.js";
import { onEvent, showEvents } from "./events.js";
import { offerGoal } from "./new-goal.js";
import { find } from "./parts.js";
import { onChoice, showStory } from "./story.js";

const main = document.querySelector("main");
const choice = find("choice").elements;
const CHOICES = ["include", "exclude"];
let goal = ""; // the wanted one: it may not be among the goals
let choices = new Map(); // event → "include" or "exclude"
let told = {}; // of which namespace, goal and choice the page's numbers are
const busy = (state) => (main.ariaBusy = String(state));

const load = newest(async (signal) => {
  const namespace = choice.namespace.value;
  if (!namespace) return show("no-namespaces");
  const query = { namespace };
  const [{ counts }, { goals }, state] = await Promise.all([
    ask("../v0/analytics", { query, signal }),
    ask("../v0/goals", { query, signal }),
    ask("../readyz", { accept: [503], signal }),
  ]);
  signal.throwIfAborted();
  offer(goals, counts);
  find("as-of").textContent = asOf(Date.now() / 1000 - (state.inbox_lag_seconds ?? 0));
  showEvents(counts, { goals: new Set(goals), chosen: choice.goal.value });
  find("no-goals").hidden = goals.length > 0;
  show(counts.length || goals.length ? "found" : "no-events");
  told = { ...told, namespace };
  await follow();
}, { busy, fail });

const follow = newest(async (signal) => {
  const namespace = choice.namespace.value;
  const chosen = choice.goal.value;
  if (!chosen) return void (find("story").hidden = true);
  const query = new URLSearchParams({ namespace });
  for (const [event, part] of choices) query.append(part, event);
  const story = await ask(`../analytics/goals/${encodeURIComponent(chosen)}/`, { query, signal });
  signal.throwIfAborted();
  told = { namespace, goal: chosen, search: location.search };
  showStory(story, choices);
  find("story").hidden = false;
  fail("");
}, { busy, fail });

// Shows one of the page's states.
function show(id) {
  for (const one of ["no-namespaces", "no-events", "found"]) find(one).hidden = one !== id;
  if (id === "no-namespaces") find("as-of").textContent = "";
  for (const one of document.querySelectorAll(".empty .namespace")) one.textContent = choice.namespace.value;
  fail("");
}

// The numbers of the last good answer stay, unless they are of something else.
function fail(message) {
  find("error").textContent = message;
  find("error").hidden = !message;
  find("selection").hidden = message && told.search !== location.search;
  if (message && told.goal !== choice.goal.value) find("story").hidden = true;
  if (message && told.namespace !== choice.namespace.value) find("found").hidden = true;
}

function note(message) {
  find("note").textContent = message;
  find("note").hidden = !message;
}

// Lets the visitor choose among the goals; without a wish, the one of most users.
function offer(goals, counts) {
  const users = new Map(counts.map(({ name, count }) => [name, count]));
  const [most] = [...goals].sort((one, other) => (users.get(other) ?? 0) - (users.get(one) ?? 0));
  choice.goal.replaceChildren(...goals.map((name) => new Option(name, name)));
  find("goals").hidden = !goals.length;
  if (goal && !goals.includes(goal)) {
    note(`${goal} is no goal of this namespace.`);
    choices.clear();
  }
  goal = choice.goal.value = goals.includes(goal) ? goal : (most ?? "");
  remember();
}

// The choice lives in the address, so that it can be kept and shared.
function remember() {
  const query = new URLSearchParams({ namespace: choice.namespace.value, ...(goal && { goal }) });
  for (const [event, part] of choices) query.append(part, event);
  history.replaceState(null, "", `?${query}`);
  carry(choice.namespace.value);
}

function recall() {
  const query = new URLSearchParams(location.search);
  const namespace = query.get("namespace") ?? choice.namespace.value;
  const known = [...choice.namespace.options].some(({ value }) => value === namespace);
  if (!known) return namespace && note(`There is no namespace ${namespace}, or you may not read it.`);
  choice.namespace.value = namespace;
  goal = query.get("goal") ?? "";
  for (const part of CHOICES) for (const event of query.getAll(part)) choices.set(event, part);
}

function choose(name) {
  goal = name;
  choices.clear();
  note("");
  remember();
  load();
}

choice.namespace.addEventListener("change", () => {
  choice.goal.replaceChildren();
  told = {};
  choose("");
});
choice.goal.addEventListener("change", () => choose(choice.goal.value));
onEvent({
  choose,
  make: (name) => offerGoal(name, {
    namespace: choice.namespace.value,
    made: () => (choose(name), note(`${name} is a goal now: the paths of users who reach it from now on are kept.`)),
  }),
});
onChoice((event, part) => {
  choices.delete(event);
  if (CHOICES.includes(part)) choices.set(event, part);
  remember();
  follow();
});
find("clear").addEventListener("click", () => (choices.clear(), remember(), follow()));
setInterval(() => document.hidden || load(), REFRESH_MS);
recall();
load();
