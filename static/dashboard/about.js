// The line above the cards: which time the numbers are of, and what they are against.

import { now } from "../base/ask.js";
import { spanLabel, timeLabel } from "../base/periods.js";

const SLACK = 60; // seconds in which a period's end is now

// Tells whether the earlier numbers, if any were asked for, are all of after `from`, when
// the data begin.
export const isComparable = (against, from) => from !== null && against?.previous_start_timestamps[0] >= from;

// Returns the line. The cells begin at `starts` and end at `end`; `against` is the API's
// answer with the numbers compared, or null.
export function about({ starts, end, against }, { zone, chosen, from }) {
  const until = Math.min(end, now());
  const sentences = [`${spanLabel({ start: starts[0], end: until }, zone)}, by the clock of ${zone}.`];
  const isBeyond = starts[0] < chosen.start_timestamp || until > chosen.end_timestamp + SLACK;
  if (isBeyond) sentences.push("Cells are whole, and reach beyond the period.");
  if (from === null) return sentences.join(" ");
  const begin = `begin ${timeLabel(from, { zone, now: now() })}.`;
  if (end > now()) sentences.push("So far: the last cell goes on.");
  if (from > starts[0]) sentences.push(`Data ${begin}`);
  if (against) sentences.push(changes(against, { zone, from, begin }));
  return sentences.join(" ");
}

function changes(against, { zone, from, begin }) {
  const { previous_start_timestamps: [start], previous_end_timestamp: end } = against;
  const span = spanLabel({ start, end }, zone);
  return isComparable(against, from) ? `Changes are against ${span}.` : `There is nothing to compare with in ${span}: data ${begin}`;
}
