// The plots of a device: the last minute and the last hour of a quantity that is chosen.

import { ask } from "./api.js";
import { make } from "./dom.js";
import { columnText, rows } from "./measurements.js";
import { Plot } from "./plot.js";
import { Means, Points } from "./series.js";

const MINUTE = 60000;
const HOUR = 60 * MINUTE;
/** Quantities with a button of their own; all others are chosen in the tables. */
const OFTEN = ["Power", "ImportPower", "DCPower", "Current", "Voltage", "Cosphi", "Frequency", "Import", "Export"];
const BUTTON_TEXTS = { DCPower: "DC power", Import: "Import energy", Export: "Export energy", ImportPower: "Import power" };
/** Colour and dash by column: the whole in the ink of the page, phases in colours that all eyes tell apart. */
const LOOKS = { "": [0, 1], L1: [1, 1], L2: [2, 2], L3: [3, 3], S1: [1, 1], S2: [2, 2], S3: [3, 3], S4: [4, 4], T1: [1, 1], T2: [2, 2] };

/** Plots of one device. */
export class Plots {
  constructor(site, device) {
    this.site = site;
    this.device = device;
    this.base = "";
    this.buttons = make("div", { class: "choices", role: "group", "aria-label": "quantity to plot" });
    this.places = make("div", { class: "plots" });
    this.node = make("section", { class: "panel", "aria-labelledby": "plots-title" }, make("h2", { id: "plots-title" }, "History"), this.buttons, this.places);
    this.onTheme = () => this.redraw();
    document.addEventListener("themechange", this.onTheme);
    this.#prepare();
    this.timer = setInterval(() => document.hidden || this.load("hour"), MINUTE);
  }

  close() {
    this.isClosed = true;
    clearInterval(this.timer);
    document.removeEventListener("themechange", this.onTheme);
    this.minute?.close();
    this.hour?.close();
  }

  redraw() {
    this.minute?.redraw();
    this.hour?.redraw();
  }

  /** uPlot is had only when somebody wants a plot. */
  async #prepare() {
    const { default: uPlot } = await import("../vendor/uplot/uPlot.esm.js");
    if (this.isClosed) return;
    this.minute = new Plot(uPlot, { span: MINUTE, title: "the last minute", key: "minute" });
    this.hour = new Plot(uPlot, { span: HOUR, title: "the last hour, means of minutes", key: "hour" });
    this.places.append(this.minute.node, this.hour.node);
    this.offer();
  }

  /** Have a button for each quantity that the device has, and choose the first if none is chosen. */
  offer() {
    const found = rows(this.device.names).filter(({ cells }) => [...cells.values()].some((name) => this.#isPlottable(name)));
    this.rows = new Map(found.map((row) => [row.base, row]));
    const often = OFTEN.filter((base) => this.rows.has(base));
    const offered = often.length ? often : [...this.rows.keys()].slice(0, 6);
    const wanted = JSON.stringify(offered.map((base) => [base, this.#label(base)]));
    if (this.offered !== wanted) {
      this.offered = wanted;
      this.buttons.replaceChildren(...offered.map((base) => this.#button(base)));
    }
    if (!this.minute || !offered.length) return;
    const base = this.isChosen && this.rows.has(this.base) ? this.base : offered[0];
    if (this.plotted !== JSON.stringify(this.#plan(base))) this.#plot(base);
  }

  #label(base) {
    return BUTTON_TEXTS[base] ?? this.site.label(base);
  }

  /** What is plotted of a quantity: its label, unit, and measurements with their columns. */
  #plan(base) {
    const cells = [...this.rows.get(base).cells].filter(([, name]) => this.#isPlottable(name)).sort(([a], [b]) => (a < b ? -1 : 1));
    return { label: this.#label(base), unit: this.site.unit(this.device, cells[0][1]), cells };
  }

  #isPlottable(name) {
    return typeof (this.device.values[name] ?? 0) === "number";
  }

  #button(base) {
    const button = make("button", { type: "button", "data-quantity": base, "aria-pressed": String(base === this.base) }, this.#label(base));
    button.addEventListener("click", () => this.choose(base));
    return button;
  }

  /** Plot what somebody wants to see. */
  choose(base) {
    this.isChosen = true;
    this.#plot(base);
  }

  /** Plot a quantity with all its columns. */
  #plot(base) {
    if (!this.rows?.has(base) || !this.minute) return;
    const plan = this.#plan(base);
    const { label, unit, cells } = plan;
    this.base = base;
    this.plotted = JSON.stringify(plan);
    for (const button of this.buttons.children) button.setAttribute("aria-pressed", String(button.dataset.quantity === base));
    const names = cells.map(([, name]) => name);
    const series = cells.map(([column, name], at) => seriesOf(column, name, at));
    this.minutePoints = new Points(names, MINUTE);
    this.hourPoints = new Points(names, HOUR);
    this.means = new Means(this.hourPoints);
    for (const plot of [this.minute, this.hour]) {
      plot.hidden.clear();
      plot.data = null;
      plot.choose(label, unit, series);
    }
    this.update();
    this.load();
  }

  /** Have what the daemon remembers, of one span or both. */
  async load(span = "") {
    const points = this.minutePoints;
    if (!points) return;
    const query = new URLSearchParams({ measurement: points.names.join(), ...(span && { span }) });
    const told = await ask(`api/history/${encodeURIComponent(this.device.id)}?${query}`);
    if (!told || this.isClosed || points !== this.minutePoints) return;
    if (told.Minute) points.replace(told.Minute.Timestamps, told.Minute.Values);
    if (told.Hour) this.hourPoints.replace(told.Hour.Timestamps, told.Hour.Values);
    this.show();
  }

  /** Take the latest values. */
  update() {
    const { device } = this;
    if (!this.minutePoints) return;
    if (device.stamp) {
      this.minutePoints.add(device.stamp, device.values);
      this.means.add(device.stamp, device.values);
    }
    this.show();
  }

  /** Draw what is known up to now. */
  show() {
    if (!this.minutePoints) return;
    const { patience, now, isOld } = this.device;
    for (const points of [this.minutePoints, this.hourPoints]) points.forget(now - points.span);
    this.minute.show(this.minutePoints.plotted(patience), now, isOld);
    this.hour.show(this.hourPoints.plotted(Math.max(patience, 1.5 * MINUTE)), now, isOld);
  }
}

function seriesOf(column, name, at) {
  const [color, dash] = LOOKS[column] ?? [at % 5, at % 5];
  return { label: columnText(column), name, color, dash };
}
