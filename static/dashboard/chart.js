// One line chart; null is a gap in the line.

import { full, short } from "./format.js";

const HEIGHT = 170;
const colour = (name) => getComputedStyle(document.body).getPropertyValue(name).trim();

// Draws `data`, [seconds[], values[]], into `element`; returns the chart.
export function draw(element, data, unit) {
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const chart = new uPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { markers: { show: false } },
      cursor: { sync: { key: "kpis" }, drag: { x: false } },
      axes: [
        { ...axis, grid: { show: false } },
        { ...axis, size: 64, values: (_, ticks) => ticks.map((tick) => short(tick, unit)) },
      ],
      scales: { y: { range: (_, low, high) => uPlot.rangeNum(Math.min(low ?? 0, 0), high || 1, 0.1, true) } },
      series: [
        {},
        { label: "Value", stroke: colour("--accent"), width: 2, fill: colour("--wash"), value: (_, value) => full(value, unit) },
      ],
    },
    data,
    element,
  );
  new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT })).observe(element);
  return chart;
}
