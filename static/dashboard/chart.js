// One line chart: null is a gap in the line; what is not complete is dashed and hollow.

import { full, short } from "../base/format.js";

const HEIGHT = 170;
const TICKS_WIDTH = 64; // of the labels beside the chart
const LABEL_WIDTH = 100; // of one below it
const colour = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

// Draws into `element`; returns what shows { starts, values, kinds, label }: when cells
// start in seconds, their numbers, what each is ("whole", "partial" or "gap"), and what
// writes a start.
export function draw(element, unit) {
  let shown = { starts: [], values: [], kinds: [], label: () => "" };
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const line = { stroke: colour("--accent"), width: 2 };
  const partial = () => shown.kinds.flatMap((kind, cell) => (kind === "partial" ? [cell] : []));
  const plot = new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { markers: { show: false } },
      cursor: { sync: { key: "kpis" }, drag: { x: false } },
      axes: [
        { ...axis, size: 28, grid: { show: false }, splits: (chart) => some(shown.starts, (chart.width - TICKS_WIDTH) / LABEL_WIDTH), values: (_, starts) => starts.map((at) => shown.label(at)) },
        { ...axis, size: TICKS_WIDTH, values: (_, ticks) => ticks.map((tick) => short(tick, unit)) },
      ],
      scales: {
        x: { time: false },
        y: { range: (_, low, high) => uPlot.rangeNum(Math.min(low ?? 0, 0), high || 1, 0.1, true) },
      },
      series: [
        { label: "From", value: (_, at) => (at == null ? "–" : shown.label(at)) },
        { ...line, label: "Value", fill: colour("--wash"), points: { size: 5, fill: colour("--accent") }, value: (_, __, ___, cell) => number(shown, cell, unit) },
        { ...line, class: "partial", dash: [5, 5], points: { show: true, size: 7, fill: colour("--paper"), filter: partial } },
      ],
    },
    lines(shown),
    element,
  );
  new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT })).observe(element);
  return (next) => {
    shown = next;
    plot.setData(lines(shown));
  };
}

// The whole cells' line, and one through those that are not, from their neighbours.
function lines({ starts, values, kinds }) {
  const isPartial = (cell) => kinds[cell] === "partial";
  return [
    starts,
    values.map((value, cell) => (kinds[cell] === "whole" ? value : null)),
    values.map((value, cell) => (kinds[cell] !== "gap" && [cell - 1, cell, cell + 1].some(isPartial) ? value : null)),
  ];
}

function number({ values, kinds }, cell, unit) {
  if (cell == null || kinds[cell] === "gap") return "–";
  return full(values[cell], unit) + (kinds[cell] === "partial" ? " (not complete)" : "");
}

const some = (items, most) => items.filter((_, index) => index % Math.ceil(items.length / Math.max(1, Math.floor(most))) === 0);
