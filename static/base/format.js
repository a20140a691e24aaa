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

// "▲ 12.3% from $1,000.00", of a percentage in points; nothing is compared with a gap.
export function change(value, before, unit) {
  if (value == null || before == null) return `– from ${full(before, unit)}`;
  const sign = value > before ? "▲ " : value < before ? "▼ " : "no change ";
  const difference = Math.abs(value - before);
  if (!difference) return `${sign}from ${full(before, unit)}`;
  if (unit === "percentage") return `${sign}${full(difference, "count")} points from ${full(before, unit)}`;
  return `${sign}${before ? `${percent(difference / Math.abs(before))} ` : ""}from ${full(before, unit)}`;
}
