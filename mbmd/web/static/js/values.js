// The values of a device in tables: a table for each group, a column for each phase, tariff or string.

import { make } from "./dom.js";
import { Figure } from "./figure.js";
import { GROUPS, columnText, columns, rows } from "./measurements.js";

/** Milliseconds for which a value that changed is marked. A fade would draw the page sixty times a second instead of twice. */
const MARKED = 600;
/** Columns for which tables need more room. */
const MANY = 5;

/** Tables of one device; `onPlot` is told a quantity that somebody wants to see plotted. */
export class Values {
  constructor(site, device, onPlot) {
    this.site = site;
    this.device = device;
    this.onPlot = onPlot;
    this.figures = [];
    this.node = make("div", { class: "tables" });
    this.wanted = "";
    this.offer();
  }

  /** Make the tables anew if the device has other measurements than before, or if more is known about them. */
  offer() {
    const all = rows(this.device.names);
    const wanted = JSON.stringify(all.map(({ base, cells }) => [this.site.label(base), [...cells.values()].map((name) => [name, this.#unit(name)])]));
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    this.figures = [];
    this.node.classList.toggle("wide", columns(all).length > MANY);
    const groups = GROUPS.map(([group, title]) => [title, all.filter((row) => row.group === group)]);
    this.node.replaceChildren(...groups.filter(([, some]) => some.length).map(([title, some]) => this.#table(title, some)));
    this.#fill();
  }

  /** Show the latest values, and mark those that changed. */
  update() {
    for (const [figure, unit] of this.figures) {
      if (figure.show(this.device.values[figure.node.dataset.measurement], unit)) figure.node.classList.add("changed");
    }
    clearTimeout(this.marked);
    this.marked = setTimeout(() => this.#unmark(), MARKED);
  }

  #unmark() {
    for (const [figure] of this.figures) figure.node.classList.remove("changed");
  }

  #fill() {
    for (const [figure, unit] of this.figures) figure.show(this.device.values[figure.node.dataset.measurement], unit);
  }

  #table(title, some) {
    const heads = columns(some);
    const head = make("tr", {}, make("td"), ...heads.map((column) => make("th", { scope: "col" }, columnText(column))));
    const body = make("tbody", {}, ...some.map((row) => this.#row(row, heads)));
    const table = make("table", { class: "values" }, make("caption", {}, title), make("thead", {}, head), body);
    return make("div", { class: "panel table-box" }, table);
  }

  #row({ base, cells }, heads) {
    const unit = this.#unit(cells.values().next().value);
    const button = make("button", { type: "button", class: "plain", title: "plot it" }, this.site.label(base));
    button.addEventListener("click", () => this.onPlot(base));
    const figures = heads.map((column) => (cells.has(column) ? this.#cell(cells.get(column)) : make("td", { class: "nothing" })));
    return make("tr", {}, make("th", { scope: "row" }, button, make("span", { class: "unit", "aria-hidden": "true" }, unit && ` ${unit}`)), ...figures);
  }

  #cell(name) {
    const figure = new Figure("td", name, {}, false);
    this.figures.push([figure, this.#unit(name)]);
    return figure.node;
  }

  #unit(name) {
    return this.site.unit(this.device, name);
  }
}
