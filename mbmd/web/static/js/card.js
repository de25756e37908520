// One device at a glance.

import { icon, make, mark, setIcon, spoken, write } from "./dom.js";
import { Figure } from "./figure.js";
import { clockText, minuteText, quantityText, whenText } from "./format.js";
import { columnText, rows } from "./measurements.js";
import { headline, today } from "./model.js";
import { Spark } from "./spark.js";

export const STATE_TEXTS = { online: "online", offline: "offline", unknown: "waiting" };
const FLOW_ICONS = { import: "in", export: "out", generation: "sun", consumption: "in", "": "none" };
/** Quantities whose phases or strings stand below the value, the first that a device has. */
const PARTS = ["Power", "DCPower", "Current", "Voltage"];

/** The card of a device. */
export class Card {
  constructor(site, device) {
    this.site = site;
    this.device = device;
    this.icon = icon("unknown");
    this.link = make("a", { href: `#/device/${encodeURIComponent(device.id)}` });
    this.id = make("span", { class: "card-id" });
    this.state = make("span", { class: "card-state" });
    this.place = make("p", { class: "card-place" });
    this.value = new Figure("span", "Power", { class: "big" });
    this.flowIcon = icon("none");
    this.flow = make("span", { class: "flow" });
    this.spark = new Spark();
    this.bar = make("span");
    this.parts = make("dl", { class: "parts" });
    this.today = make("p", { class: "today" });
    this.trouble = make("p", { class: "trouble" });
    this.figures = [];
    this.node = this.#put();
    this.showState();
    this.showValues(0);
  }

  #put() {
    const head = make("div", { class: "card-head" }, this.icon, make("h3", {}, this.link), this.id, this.state);
    const flow = make("span", { class: "flow-side" }, this.flowIcon, this.flow);
    const share = make("div", { class: "share", "aria-hidden": "true" }, this.bar);
    const values = [this.value.node, flow, this.spark.node, share, this.parts, this.today];
    return make("li", { class: "card", "data-device": this.device.id }, head, this.place, ...values, this.trouble);
  }

  /** Show what the status tells. */
  showState() {
    const { device } = this;
    mark(this.node, "data-state", device.state);
    setIcon(this.icon, device.state);
    write(this.state, STATE_TEXTS[device.state]);
    write(this.link, device.name || device.id);
    write(this.id, device.name ? device.id : "");
    write(this.place, device.place);
    this.showAge();
    this.#showHeadline();
    this.#chooseParts();
    this.#showToday();
  }

  /** Show whether the values are old; then the line of the last minute goes on without them. */
  showAge() {
    const { isOld } = this.device;
    this.node.classList.toggle("old", isOld);
    write(this.trouble, troubleText(this.device));
    if (isOld) this.showTrace();
  }

  /** Show the latest values; `largest` is the power at which the bar is full. */
  showValues(largest) {
    const { value, flow } = this.#showHeadline();
    this.#showShare(flow ? Math.abs(value) / (largest || Infinity) : 0);
    for (const [figure, unit] of this.figures) figure.show(this.device.values[figure.node.dataset.measurement], unit);
    this.#showToday();
  }

  #showHeadline() {
    const { device, site } = this;
    const told = headline(device, (one) => site.unit(device, one));
    const { name, value, flow } = told;
    mark(this.value.node, "data-measurement", name);
    this.value.show(value, site.unit(device, name));
    mark(this.node, "data-flow", flow);
    setIcon(this.flowIcon, FLOW_ICONS[flow]);
    write(this.flow, flow || (name === "Power" ? "" : site.label(name)));
    return told;
  }

  /** Draw the last minute. */
  showTrace() {
    const { trace, now } = this.device;
    trace.forget(now - trace.span);
    this.spark.show(trace, now);
  }

  #showShare(part) {
    const shown = `scaleX(${Math.min(1, part).toFixed(2)})`;
    if (this.bar.style.transform !== shown) this.bar.style.transform = shown;
  }

  #chooseParts() {
    const names = partNames(this.device);
    const terms = names.map(({ base, column }) => (column ? columnText(column) : this.site.label(base)));
    const wanted = JSON.stringify(names.map(({ name }, at) => [name, terms[at], this.site.unit(this.device, name)]));
    if (this.wanted === wanted) return;
    this.wanted = wanted;
    this.figures = names.map(({ name }) => [new Figure("dd", name), this.site.unit(this.device, name)]);
    this.parts.replaceChildren(
      ...names.map(({ column }, at) => make("div", {}, make("dt", { class: column ? null : "long" }, terms[at]), this.figures[at][0].node)),
    );
    for (const [figure, unit] of this.figures) figure.show(this.device.values[figure.node.dataset.measurement], unit);
  }

  #showToday() {
    const { device, site } = this;
    const shown = energies(device, (name) => site.unit(device, name));
    if (this.today.childElementCount !== shown.length + 1) {
      const items = shown.map(({ sign, text }) => make("span", {}, icon(sign), spoken(text), make("span")));
      this.today.replaceChildren(make("span", { class: "today-when" }), ...items);
    }
    const when = shown.length ? todayText(device) : "";
    write(this.today.firstElementChild, when);
    // Dense cards have no room for the word.
    mark(this.today, "title", when || null);
    shown.forEach(({ sign, text }, at) => {
      const item = this.today.children[at + 1];
      setIcon(item.children[0], sign);
      write(item.children[2], text.slice(text.indexOf(" ") + 1));
      write(item.children[1], text.slice(0, text.indexOf(" ") + 1));
    });
  }
}

/** Why and since when a device is away. */
export function offlineText(device) {
  const { LastSeen, Trouble } = device.meter;
  const since = LastSeen ? `offline since ${whenText(LastSeen)}` : "never answered";
  return Trouble ? `${since}: ${Trouble}` : since;
}

/** What there is to say of a device that is away or silent; empty if it is neither. */
export function troubleText(device) {
  if (device.state === "offline") return offlineText(device);
  return device.isOld ? `no values since ${clockText(device.stamp)}` : "";
}

/** Up to three measurements that stand below a device's main value. */
function partNames(device) {
  const all = rows(device.names);
  for (const base of PARTS) {
    const row = all.find((one) => one.base === base);
    const columns = [...(row?.cells.keys() ?? [])].filter(Boolean).sort();
    if (columns.length > 1) return columns.slice(0, 3).map((column) => ({ base, column, name: row.cells.get(column) }));
  }
  const main = headline(device).name;
  return all
    .filter(({ group, cells }) => group !== "energy" && group !== "reactive" && cells.has("") && cells.get("") !== main)
    .sort((a, b) => worth(a) - worth(b))
    .slice(0, 3)
    .map(({ base }) => ({ base, column: "", name: base }));
}

const WORTHY = ["Current", "Voltage", "Cosphi", "Frequency"];

function worth({ base, group }) {
  return group === "other" ? -1 : WORTHY.includes(base) ? WORTHY.indexOf(base) : WORTHY.length;
}

/** Today's energy, or what the counters stand at where that is not known. */
function energies(device, unit) {
  const has = (name) => name in device.values || name in (device.midnight?.Energy ?? {});
  const one = (name, sign, word) => {
    const value = device.midnight ? today(device, name, unit(name)) : device.values[name];
    return value === null || value === undefined ? null : { sign, text: `${word} ${quantityText(value, device.midnight ? "kWh" : unit(name))}` };
  };
  const both = [has("Import") && one("Import", "in", "import"), has("Export") && one("Export", "out", device.isSource ? "generation" : "export")];
  const shown = both.filter(Boolean);
  if (shown.length) return shown;
  const sum = has("Sum") ? "Sum" : Object.keys(device.midnight?.Energy ?? {})[0];
  return [sum && one(sum, "sum", "sum")].filter(Boolean);
}

function todayText(device) {
  if (!device.midnight) return "total";
  return device.midnight.Complete ? "today" : `since ${minuteText(device.midnight.Since)}`;
}
