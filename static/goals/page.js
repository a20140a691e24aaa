// The goals page: the events of a namespace, and the paths to a chosen goal.

import { ask, carry, Failure, newest, now } from "../base/ask.js";
import { ownZone } from "../base/calendar.js";
import { busy, onRetry, showFailure, showFreshness, showState } from "../base/notice.js";
import { onEvent, showEvents } from "./events.js";
import { offerGoal } from "./new-goal.js";
import { find } from "./tables.js";
import { onChoice, showStory } from "./story.js";

const main = document.querySelector("main");
const choice = find("choice").elements;
const CHOICES = ["include", "exclude"];
const tick = Number(main.dataset.tick);
let goal = ""; // the wanted one: it may not be among the goals
const choices = new Map(); // event → "include" or "exclude"
let shown = {}; // of which namespace, goal and choice the page's numbers are

const load = newest(async (signal) => {
  const namespace = choice.namespace.value;
  if (!namespace) return showState("no-namespaces");
  if (shown.namespace !== namespace) showState(null);
  const query = { namespace };
  const [{ counts }, { goals }, state] = await Promise.all([
    ask("../v0/analytics", { query, signal }),
    ask("../v0/goals", { query, signal }),
    ask("../readyz", { accept: [503], signal }),
  ]);
  signal.throwIfAborted();
  if (state.inbox_lag_seconds === undefined) throw new Failure("The server does not say how fresh its counts are.", { isPassing: true });
  offer(goals, counts);
  showFreshness(now() - state.inbox_lag_seconds, { tick, zone: ownZone(), state });
  showEvents(counts, { goals: new Set(goals), chosen: choice.goal.value });
  find("no-goals").hidden = goals.length > 0;
  showState(counts.length || goals.length ? "panels" : "no-events");
  for (const name of document.querySelectorAll("#no-events .namespace")) name.textContent = namespace;
  delete find("panels").dataset.stale;
  shown = { ...shown, namespace };
  showFailure(null);
  await follow();
}, { busy, fail });

const follow = newest(async (signal) => {
  const namespace = choice.namespace.value;
  const chosen = choice.goal.value;
  if (!chosen || shown.goal !== chosen) find("story").hidden = true;
  if (!chosen) return;
  if (shown.address !== location.search) find("selection").dataset.stale = "";
  const query = new URLSearchParams({ namespace });
  for (const [event, side] of choices) query.append(side, event);
  const story = await ask(`../analytics/goals/${encodeURIComponent(chosen)}/`, { query, signal });
  signal.throwIfAborted();
  shown = { namespace, goal: chosen, address: location.search };
  showStory(story, choices);
  for (const id of ["panels", "selection"]) delete find(id).dataset.stale;
  find("selection").hidden = find("story").hidden = false;
  showFailure(null);
}, { busy, fail: failStory });

// The numbers of the last good answer stay, greyed out, unless they are of something
// else, or the visitor may not read them any more.
function fail(failure) {
  showFailure(failure);
  find("panels").dataset.stale = "";
  if (!failure.isPassing || shown.namespace !== choice.namespace.value) showState(null);
}

function failStory(failure) {
  showFailure(failure);
  find("panels").dataset.stale = "";
  find("selection").hidden = shown.address !== location.search;
  find("story").hidden ||= !failure.isPassing;
}

function note(message) {
  find("note").textContent = message;
  find("note").hidden = !message;
}

// Lets the visitor choose among the goals; without a wish, the one of most users.
function offer(goals, counts) {
  const users = new Map(counts.map(({ name, count }) => [name, count]));
  const [most] = [...goals].sort((left, right) => (users.get(right) ?? 0) - (users.get(left) ?? 0));
  choice.goal.replaceChildren(...goals.map((name) => new Option(name, name)));
  find("goals").hidden = !goals.length;
  if (goal && !goals.includes(goal)) {
    note(`${goal} is no goal of this namespace.`);
    choice.goal.prepend(new Option("Choose …", ""));
    choice.goal.value = "";
    return;
  }
  goal = choice.goal.value = goal || (most ?? "");
  remember();
}

// The choice lives in the address, so that it can be kept and shared.
function remember() {
  const query = new URLSearchParams({ namespace: choice.namespace.value, ...(goal && { goal }) });
  for (const [event, side] of choices) query.append(side, event);
  history.replaceState(null, "", `?${query}`);
  carry(choice.namespace.value);
}

// The server has refused a namespace that is none of the visitor's.
function recall() {
  const query = new URLSearchParams(location.search);
  choice.namespace.value = query.get("namespace") ?? choice.namespace.value;
  goal = query.get("goal") ?? "";
  for (const side of CHOICES) for (const event of query.getAll(side)) choices.set(event, side);
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
  shown = {};
  choose("");
});
choice.goal.addEventListener("change", () => choose(choice.goal.value));
onEvent({
  choose,
  make: (name) => offerGoal(name, {
    namespace: choice.namespace.value,
    made: () => {
      choose(name);
      note(`${name} is a goal now: the paths of users who reach it from now on are kept.`);
    },
  }),
});
onChoice((event, side) => {
  choices.delete(event);
  if (CHOICES.includes(side)) choices.set(event, side);
  remember();
  follow();
});
find("clear").addEventListener("click", () => {
  choices.clear();
  remember();
  follow();
});
onRetry(load);
recall();
load();
