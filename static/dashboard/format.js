// Numbers as people read them, by unit.

const currency = { style: "currency", currency: "USD" };
const compact = { notation: "compact", maximumFractionDigits: 1 };
const english = (options) => new Intl.NumberFormat("en-US", options);

const UNITS = {
  usd: { full: english(currency), short: english({ ...currency, ...compact }), sign: "" },
  percentage: { full: english({ maximumFractionDigits: 2 }), short: english(compact), sign: "%" },
  count: { full: english({ maximumFractionDigits: 2 }), short: english(compact), sign: "" },
};

const write = (value, form, unit) =>
  value == null ? "–" : UNITS[unit][form].format(value) + UNITS[unit].sign;

// "$1,234.50", "12.34%", "1,234"; an unknown value is a dash.
export const full = (value, unit) => write(value, "full", unit);

// "$1.2K", "12.3%", "1.2K": for the axis of a chart.
export const short = (value, unit) => write(value, "short", unit);

const brief = { maximumFractionDigits: 1, maximumSignificantDigits: 2, roundingPriority: "morePrecision" };
const shares = english({ style: "percent", ...brief });
const points = english({ signDisplay: "exceptZero", ...brief });

// "12.3%" and "0.012%", of a share from 0 to 1.
export const percent = (share) => shares.format(share);

// "+12.3", the percentage points of a difference of shares.
export const signed = (difference) => points.format(100 * difference).replace("-", "\u2212");

// Everything that arrived before this time is in the numbers.
export const asOf = (seconds) => `Data as of ${new Date(seconds * 1000).toLocaleString()}`;
