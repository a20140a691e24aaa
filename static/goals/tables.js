// What tables are made of: rows that stay, counts with their bounds, shares as bars.

import { full, percent } from "../base/format.js";

export const find = (id) => document.getElementById(id);

// Returns a new element; `content` is its text, or its children.
export function element(tag, { className = "", title = "", content = [] } = {}) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (title) node.title = title;
  node.append(...[content].flat());
  return node;
}

// Returns the pieces of a name, which may be long, with breaks where a line may end.
export const breakable = (name) => name.split(/(?<=[_./-])/).flatMap((piece) => [piece, document.createElement("wbr")]);

// Shows a row an item, in order; the rows of items that stay, stay, with their focus.
export function rows(body, template, items, { name, fill }) {
  const known = new Map([...body.children].map((row) => [row.dataset.name, row]));
  const wanted = items.map((item) => {
    const row = known.get(name(item)) ?? template.content.cloneNode(true).firstElementChild;
    row.dataset.name = name(item);
    fill(row, item);
    return row;
  });
  if (wanted.length === body.children.length && wanted.every((row, index) => row === body.children[index])) return;
  const focused = document.activeElement;
  body.replaceChildren(...wanted);
  if (body.contains(focused)) focused.focus({ preventScroll: true });
}

// Writes a count of unique users; the truth is between its bounds.
export function users(cell, { count, lower, upper, saturated }) {
  cell.replaceChildren(full(count, "count"));
  const off = Math.max(upper - count, count - lower);
  const title = `Between ${full(lower, "count")} and ${full(upper, "count")}`;
  if (off) cell.append(" ", element("small", { title, content: `±${full(off, "count")}` }));
  if (saturated) cell.append(" ", element("small", {
    className: "badge",
    title: "More users than can be told apart: the count is an estimate",
    content: "saturated",
  }));
}

const figure = (value) => element("span", { className: "figure", content: percent(value) });

// Writes a share as a bar and in figures.
export function share(cell, value) {
  const bar = element("span", { className: "bar" });
  bar.ariaHidden = "true";
  bar.style.setProperty("--share", Math.min(value, 1));
  cell.replaceChildren(figure(value), bar);
}

// Writes a share, what is drawn beside it, and its interval; that of nobody is a dash.
export function interval(cell, { value, users: trials, lower, upper }, ...drawn) {
  if (!trials) return cell.replaceChildren("\u2013");
  const below = element("small", { content: `${percent(lower)} to ${percent(upper)}` });
  cell.replaceChildren(figure(value), ...drawn, " ", below);
}
