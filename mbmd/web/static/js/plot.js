// One plot: uPlot in the colours of the page, with a legend that is a table and works by keyboard.

import { make, mark, write } from "./dom.js";
import { NONE, clockText, minuteText, quantity, quantityText } from "./format.js";
import { summary } from "./series.js";

const HEIGHT = 240;
const LOW_HEIGHT = 190;
/** Dashes beside colours, for who does not tell these apart. */
const DASHES = [[], [], [7, 4], [2, 3], [10, 3, 2, 3]];
const NARROW = 600;
const PREFIXES = "kMG";
/** Pixels of a character of an axis. */
const CHARACTER = 6.5;

/** A plot in an element; `span` is what its axis of time shows, in milliseconds. */
export class Plot {
  constructor(uPlot, { span, title, key }) {
    this.uPlot = uPlot;
    this.span = span;
    this.place = make("div", { class: "plot", "data-plot": key, role: "img" });
    this.legend = make("tbody");
    const columns = ["", "now", "min", "mean", "max"].map((text) => make("th", { scope: "col" }, text));
    columns[0].append(make("span", { class: "spoken" }, "measurement"));
    const table = make("table", { class: "legend" }, make("thead", {}, make("tr", {}, ...columns)), this.legend);
    this.when = columns[1];
    this.node = make("figure", { class: "plot-box" }, make("figcaption", {}, title), this.place, table);
    this.title = title;
    this.hidden = new Set();
    this.chart = null;
    this.watch = new ResizeObserver(() => this.#resize());
    this.watch.observe(this.place);
  }

  close() {
    this.watch.disconnect();
    this.chart?.destroy();
  }

  /** Plot other series: `{label, name, color, dash}` each, with one unit for all. */
  choose(label, unit, series) {
    this.unit = unit;
    this.series = series;
    mark(this.place, "aria-label", `${label}, ${this.title}; the table below has the figures`);
    this.rows = series.map((one, at) => this.#row(one, at));
    this.legend.replaceChildren(...this.rows.map(({ node }) => node));
    this.redraw();
  }

  /** Draw anew, as after a change of colours. */
  redraw() {
    if (!this.series) return;
    this.chart?.destroy();
    this.chart = new this.uPlot(this.#options(), this.data ?? [[], ...this.series.map(() => [])], this.place);
    this.chart.root.setAttribute("aria-hidden", "true");
    if (this.data) this.show(this.data, this.now, this.isOld);
  }

  /** Show columns as uPlot takes them, up to `now`; if they are old there is no value of now. */
  show(data, now, isOld) {
    this.data = data;
    this.now = now;
    this.isOld = isOld;
    if (!this.chart || data.length !== this.series.length + 1) return;
    this.chart.setData(data, false);
    this.chart.setScale("x", { min: (now - this.span) / 1000, max: now / 1000 });
    this.#showFigures();
  }

  #showFigures() {
    const at = this.chart.cursor.idx ?? null;
    const isPointed = at !== null && this.chart.cursor.left >= 0;
    write(this.when, isPointed ? clockText(this.data[0][at] * 1000) : "now");
    this.rows.forEach(({ cells }, number) => {
      const column = this.data[number + 1];
      const told = summary(column);
      const value = isPointed ? column[at] : this.isOld ? null : column.filter((one) => one !== null).at(-1);
      const shown = [value, told?.low, told?.mean, told?.high];
      cells.forEach((cell, which) => write(cell, typeof shown[which] === "number" ? quantityText(shown[which], this.unit) : NONE));
    });
  }

  #row({ label, color, dash }, at) {
    const swatch = make("span", { class: `swatch color-${color} dash-${dash}` });
    const button = make("button", { type: "button", class: "series", "aria-pressed": String(!this.hidden.has(at)) }, swatch, label);
    button.addEventListener("click", () => {
      const isShown = this.hidden.delete(at) || !this.hidden.add(at);
      button.setAttribute("aria-pressed", String(isShown));
      this.chart.setSeries(at + 1, { show: isShown });
    });
    const cells = Array.from({ length: 4 }, () => make("td", {}, NONE));
    return { node: make("tr", {}, make("th", { scope: "row" }, button), ...cells), cells };
  }

  #size() {
    const width = this.place.clientWidth || 300;
    return { width, height: width < NARROW ? LOW_HEIGHT : HEIGHT };
  }

  #resize() {
    if (this.chart && this.place.clientWidth !== this.chart.width) this.chart.setSize(this.#size());
  }

  #options() {
    const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const axis = { stroke: color("dim"), grid: { stroke: color("grid"), width: 1 }, ticks: { show: false }, font: `12px ${getComputedStyle(document.body).fontFamily}` };
    const time = this.span > 120000 ? minuteText : clockText;
    return {
      ...this.#size(),
      padding: [12, 22, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { time: true, auto: false }, y: { range: (_, low, high) => this.#range(low, high) } },
      axes: [
        { ...axis, space: 90, size: 32, values: (_, ticks) => ticks.map((tick) => time(tick * 1000)) },
        { ...axis, size: (_, texts) => axisSize(texts ?? []), values: (_, ticks) => axisTexts(ticks, this.unit) },
      ],
      series: [{}, ...this.series.map((one, at) => this.#line(one, at, color))],
      hooks: { setCursor: [() => this.data && this.#showFigures()] },
    };
  }

  #line({ label, color: name, dash }, at, color) {
    const stroke = color(`series-${name}`);
    return { label, stroke, width: 2, dash: DASHES[dash], spanGaps: false, points: { size: 6, show: () => (this.data?.[0].length ?? 0) < 3 }, show: !this.hidden.has(at) };
  }

  /** Some room around the values; nothing that hardly moves fills the plot. */
  #range(low, high) {
    if (low === null || high === null) return [0, 1];
    const room = Math.max((high - low) * 0.1, Math.abs(high) * 0.005, 0.01);
    return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
  }
}

/** Pixels that an axis with such texts needs. */
function axisSize(texts) {
  return Math.max(68, 14 + CHARACTER * Math.max(...texts.map((text) => text.length), 0));
}

/** Texts of ticks: all in the unit and with the digits of the largest of them. */
function axisTexts(ticks, unit) {
  const [, largest] = quantity(Math.max(...ticks.map(Math.abs)), unit);
  const scale = 1000 ** Math.max(0, PREFIXES.indexOf(largest[0]) - PREFIXES.indexOf(unit[0]));
  const step = Math.abs((ticks[1] ?? 0) - (ticks[0] ?? 0)) / scale || 1;
  const digits = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step) - 1e-9)));
  return ticks.map((tick) => `${(tick / scale).toLocaleString(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits })} ${largest}`);
}
