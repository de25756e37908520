// All devices at a glance.

import { ask } from "./api.js";
import { Card, offlineText } from "./card.js";
import { icon, make, write } from "./dom.js";
import { ORDERS, arranged, matches, wordsOf } from "./filter.js";
import { headline, traced } from "./model.js";

const KEY = "mbmd-order";
/** Milliseconds between two looks at whose power is the largest, so that cards do not hop about. */
const CALM = 5000;
/** How roomy cards are, each up to a number of devices. */
const DENSITIES = [[4, "grand"], [12, "roomy"], [27, "cosy"], [Infinity, "dense"]];
/** Histories that are asked for at a time. */
const AT_ONCE = 3;

/** The view of `#/`. */
export class Overview {
  constructor(site, tools) {
    this.site = site;
    this.tools = tools;
    this.untraced = [];
    this.loading = 0;
    this.cards = new Map();
    this.arrangement = "";
    this.largest = 0;
    this.calmed = 0;
    this.summary = make("p", { class: "summary" });
    this.problem = make("a", { class: "problem" });
    this.lists = make("div", { class: "lists" });
    this.none = make("p", { class: "none" });
    const heading = make("h1", { tabindex: "-1" }, "Devices");
    const top = make("div", { class: "view-head" }, heading, this.summary, this.problem);
    this.node = make("section", { "data-view": "overview", "aria-labelledby": "title" }, top, this.none, this.lists);
    heading.id = "title";
    this.onTools = () => this.arrange();
    tools.onChange = this.onTools;
    this.update(new Set(site.devices.values()), true);
  }

  get title() {
    return "Devices";
  }

  close() {
    this.tools.onChange = () => {};
    this.isClosed = true;
  }

  /** Show devices with new values, and the status if that is new. */
  update(changed, isStatusNew) {
    const now = Date.now();
    if (isStatusNew || now - this.calmed > CALM) this.#showStatus(now);
    if ([...changed].some((device) => powerOf(device) > this.largest)) this.#measure();
    for (const device of changed) {
      const card = this.cards.get(device.id);
      if (!card) continue;
      card.showValues(this.largest);
      card.showTrace();
      this.#wantTrace(device);
    }
  }

  /** Called once a second. */
  tick() {
    for (const card of this.cards.values()) card.showAge();
  }

  /** After a reconnect: what was missed comes from the daemon, as soon as there are values again. */
  renew() {
    for (const device of this.site.devices.values()) device.isTraced = false;
  }

  #showStatus(now) {
    const { devices } = this.site;
    for (const [id, { device }] of this.cards) if (devices.get(id) !== device) this.cards.delete(id);
    for (const device of devices.values()) {
      if (this.cards.has(device.id)) this.cards.get(device.id).showState();
      else this.cards.set(device.id, new Card(this.site, device));
    }
    const isCalm = now - this.calmed > CALM;
    if (isCalm) {
      this.calmed = now;
      this.#measure();
    }
    if (isCalm || this.tools.order !== "power") this.arrange();
    this.#showSummary();
  }

  /** Find the power at which bars are full. */
  #measure() {
    this.largest = nice(Math.max(0, ...[...this.site.devices.values()].map(powerOf)));
  }

  #showSummary() {
    const devices = [...this.site.devices.values()];
    const online = devices.filter(({ state }) => state === "online").length;
    write(this.summary, this.site.status ? `${online} of ${devices.length} online` : "waiting for the daemon");
    const worst = oldestProblem(devices);
    this.problem.hidden = !worst;
    if (!worst) return;
    this.problem.setAttribute("href", `#/device/${encodeURIComponent(worst.id)}`);
    const text = `${worst.name || worst.id} ${offlineText(worst)}`;
    if (!this.problem.firstChild) this.problem.append(icon("offline"), make("span"));
    write(this.problem.lastChild, text);
  }

  /** Put the cards that are wanted in their order; nothing is touched when that is as it was. */
  arrange() {
    const { devices } = this.site;
    const words = wordsOf(this.tools.search);
    const shown = [...devices.values()].filter((device) => this.#isWanted(device, words));
    const groups = arranged(shown, this.tools.order, devices, busesOf(this.site.status));
    const wanted = JSON.stringify(groups.map(({ title, members }) => [title, members.map(({ id }) => id)]));
    this.#tellNone(shown.length, devices.size);
    this.lists.dataset.density = DENSITIES.find(([most]) => devices.size <= most)[1];
    if (wanted === this.arrangement) return;
    this.arrangement = wanted;
    const focused = document.activeElement;
    this.lists.replaceChildren(...groups.map((group) => this.#group(group, groups.length)));
    if (this.lists.contains(focused)) focused.focus({ preventScroll: true });
  }

  #isWanted(device, words) {
    const { state } = this.tools;
    if (state === "online" ? device.state !== "online" : state === "offline" && device.state === "online") return false;
    return matches(device, words);
  }

  #group({ title, members }, count) {
    const shown = title || (this.tools.order === "place" && count > 1 ? "elsewhere" : "");
    const heading = make("h2", { class: shown ? "group-title" : "spoken" }, shown || "All devices");
    const list = make("ul", { class: "cards" }, ...members.map(({ id }) => this.cards.get(id).node));
    return make("section", { class: "group" }, heading, list);
  }

  #tellNone(shown, all) {
    this.none.hidden = shown > 0 || !this.site.status;
    write(this.none, all ? "No device is like that." : "The daemon has no devices.");
  }

  /** Have the last minute of a device from the daemon, if that was not done; a few devices at a time. */
  #wantTrace(device) {
    if (device.isTraced || !device.heard) return;
    device.isTraced = true;
    this.untraced.push(device);
    if (this.loading < AT_ONCE) this.#loadTraces();
  }

  async #loadTraces() {
    this.loading += 1;
    while (this.untraced.length && !this.isClosed) await this.#loadTrace(this.untraced.shift());
    this.loading -= 1;
  }

  async #loadTrace(device) {
    const { names, of } = traced(device);
    const query = new URLSearchParams({ measurement: names.join(), span: "minute" });
    const { Minute } = (await ask(`api/history/${encodeURIComponent(device.id)}?${query}`)) ?? {};
    if (!Minute) return;
    const columns = names.map((name) => Minute.Values[name] ?? []);
    const value = Minute.Timestamps.map((_, at) => of(Object.fromEntries(names.map((name, column) => [name, columns[column][at]]))));
    device.trace.replace(Minute.Timestamps, { value: value.map((one) => one ?? null) });
    this.cards.get(device.id)?.showTrace();
  }
}

function powerOf(device) {
  const { value, flow } = headline(device);
  return flow ? Math.abs(value) : 0;
}

/** A round number not below another, so that the measure of all bars seldom changes. */
function nice(value) {
  if (value === 0) return 0;
  const size = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 5, 7.5, 10].map((step) => step * size).find((one) => one >= value) ?? value;
}

function oldestProblem(devices) {
  const since = ({ meter }) => meter.LastSeen ?? "";
  return devices.filter(({ state }) => state === "offline").sort((a, b) => (since(a) < since(b) ? -1 : 1))[0];
}

function busesOf(status) {
  return new Map((status?.Buses ?? []).flatMap(({ Adapter, Devices }) => Devices.map((id) => [id, Adapter])));
}

/** The controls of the overview: what is searched for, wanted and first. */
export class Tools {
  constructor(root) {
    this.onChange = () => {};
    this.input = root.querySelector("input[type=search]");
    this.select = root.querySelector("select[name=state]");
    this.sort = root.querySelector("select[name=order]");
    this.sort.append(...Object.entries(ORDERS).map(([value, { text }]) => make("option", { value }, text)));
    this.sort.value = kept();
    root.addEventListener("submit", (event) => event.preventDefault());
    for (const control of [this.input, this.select, this.sort]) control.addEventListener("input", () => this.#changed());
    this.input.addEventListener("keydown", (event) => event.key === "Escape" && this.clear());
  }

  get search() {
    return this.input.value;
  }

  get state() {
    return this.select.value;
  }

  get order() {
    return this.sort.value;
  }

  clear() {
    this.input.value = "";
    this.#changed();
  }

  #changed() {
    try {
      localStorage.setItem(KEY, this.order);
    } catch {
      // A browser that keeps nothing forgets the order with the page.
    }
    this.onChange();
  }
}

function kept() {
  try {
    const order = localStorage.getItem(KEY);
    return Object.hasOwn(ORDERS, order) ? order : "name";
  } catch {
    return "name";
  }
}
