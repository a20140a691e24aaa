// Local dates and hours of a time zone. Times are in seconds since 1970, and stored
// buckets begin at multiples of GRID; a date is written as an input does, 2026-03-29.

const GRID = 300;
const HOUR = 3600;
const clocks = new Map(); // zone → what writes its time; to make one takes long

// "2026-03-29 03:00:00", what the clock of a zone shows; RangeError: no such zone.
function local(at, zone) {
  if (!clocks.has(zone)) {
    // Swedish is written as ISO 8601.
    clocks.set(zone, new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "medium" }));
  }
  return clocks.get(zone).format(at * 1000);
}

export const dateOf = (at, zone) => local(at, zone).slice(0, 10);

// The date some days after another: a calendar's, without clocks.
export function addDays(date, days) {
  const noon = new Date(`${date}T12:00Z`);
  noon.setUTCDate(noon.getUTCDate() + days);
  return noon.toISOString().slice(0, 10);
}

export const firstOfMonth = (date) => `${date.slice(0, 8)}01`;

// The first of the months after a date.
export const nextMonth = (date) => firstOfMonth(addDays(firstOfMonth(date), 31));

// When a date begins in a zone: at midnight or, where the clock skips it, right after.
export function startOfDate(date, zone) {
  const utc = Date.parse(`${date}T00:00Z`) / 1000;
  const offset = Date.parse(`${local(utc, zone).replace(" ", "T")}Z`) / 1000 - utc;
  let at = utc - (offset - (offset % GRID)) - 3 * HOUR; // no clock is changed by more
  while (dateOf(at, zone) < date) at += GRID;
  return at;
}

// When the hour began that the clock of a zone shows. One that the clock skips begins
// where it was put forward, if that was on the hour.
export function startOfHour(at, zone) {
  const begins = (time) => {
    const [before, shown] = [time - GRID, time].map((moment) => local(moment, zone));
    return shown.slice(14, 16) === "00" || (before.slice(14, 16) === "55" && before < shown);
  };
  let start = at - (at % GRID);
  while (!begins(start)) start -= GRID;
  return start;
}

// Tells whether this browser knows a zone.
export function isKnown(zone) {
  try {
    return Boolean(local(0, zone));
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

// The zone of the visitor's clock; some browsers do not tell.
export function ownZone() {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return timeZone && isKnown(timeZone) ? timeZone : "UTC";
}
