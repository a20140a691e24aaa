// The periods that can be chosen, as half-open spans of time, and their labels.

import { addDays, dateOf, firstOfMonth, nextMonth, startOfDate, startOfHour } from "./calendar.js";

const COMPLETE_DAYS = { "7d": 7, "30d": 30, "92d": 92 };
const HOURS_BELOW = 3; // days of one's choice that are shown by the hour

// Returns { start, end, granularity } in seconds; a period that goes on ends now.
// Whole days end at midnights by the clock of the zone, however long they are.
export function span({ period, from, to, zone, now }) {
  const today = dateOf(now, zone);
  const midnight = (date) => startOfDate(date, zone);
  const days = COMPLETE_DAYS[period];
  if (days) return { start: midnight(addDays(today, -days)), end: midnight(today), granularity: "1d" };
  if (period === "24h") return hours(24, zone, now);
  if (period === "today") return { start: midnight(today), end: now, granularity: "1h" };
  if (period === "month") return { start: midnight(firstOfMonth(today)), end: now, granularity: "1d" };
  const granularity = addDays(from, HOURS_BELOW - 1) > to ? "1h" : "1d";
  return { start: midnight(from), end: Math.min(midnight(addDays(to, 1)), now), granularity };
}

function hours(number, zone, now) {
  const end = startOfHour(now, zone);
  let start = end;
  for (let hour = 0; hour < number; hour += 1) start = startOfHour(start - 1, zone);
  return { start, end, granularity: "1h" };
}

// Of which cells a period is compared: of days and months as wholes, so that one that
// goes on meets as much of the day or month before. Weeks do not make a month.
export function comparedBy({ period, granularity, compare }) {
  if (period === "24h" || !["5m", "1h", "1d"].includes(granularity)) return granularity;
  return period === "month" && compare !== "previous_week" ? "1mo" : "1d";
}

// Returns when the cell ends that starts at a time.
export function endOfCell(start, { granularity, zone }) {
  const date = dateOf(start, zone);
  if (granularity === "1mo") return startOfDate(nextMonth(date), zone);
  if (granularity === "1w") return startOfDate(addDays(date, 7), zone);
  if (granularity === "1d") return startOfDate(addDays(date, 1), zone);
  if (granularity === "5m") return start + 300;
  let end = start + 300;
  while (startOfHour(end, zone) === start) end += 300;
  return end;
}

const format = (options) => new Intl.DateTimeFormat("en-GB", options);
const DATE = { weekday: "short", day: "numeric", month: "short", year: "numeric" };
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

// "Fri, 20 – Thu, 26 Nov 2026", or with times where a span is not of whole days.
export function spanLabel({ start, end }, zone) {
  const whole = [start, end].every((at) => startOfDate(dateOf(at, zone), zone) === at);
  const options = { timeZone: zone, ...DATE, ...(!whole && TIME) };
  return format(options).formatRange(start * 1000, (whole ? end - 1 : end) * 1000);
}

// "20 Nov", or "20 Nov, 14:00" of cells shorter than a day: where a cell starts.
export function cellLabel(start, { granularity, zone }) {
  const isShort = granularity === "1h" || granularity === "5m";
  return format({ timeZone: zone, day: "numeric", month: "short", ...(isShort && TIME) }).format(start * 1000);
}

// "05:21", with its date where that is not today's.
export function timeLabel(at, { zone, now }) {
  const date = dateOf(at, zone) === dateOf(now, zone) ? {} : { day: "numeric", month: "short" };
  return format({ timeZone: zone, ...date, ...TIME }).format(at * 1000);
}
