// The health of buses, and of what readings are sent to.

import { STATE_TEXTS } from "./card.js";
import { icon, make, mark, setIcon, write } from "./dom.js";
import { count, durationText, millisText, quantityText, whenText } from "./format.js";

/** The view of `#/buses`. */
export class BusesView {
  constructor(site) {
    this.site = site;
    this.boxes = new Map();
    this.lists = { Buses: make("div", { class: "boxes" }), Sinks: make("div", { class: "boxes" }) };
    this.sinks = make("section", { "aria-labelledby": "sinks-title" }, make("h2", { id: "sinks-title" }, "Sinks"), this.lists.Sinks);
    this.summary = make("p", { class: "summary" });
    const top = make("div", { class: "view-head" }, make("h1", { tabindex: "-1", id: "title" }, "Buses"), this.summary);
    this.node = make("section", { "data-view": "buses", "aria-labelledby": "title" }, top, this.lists.Buses, this.sinks);
    this.update(new Set(), true);
  }

  get title() {
    return "Buses";
  }

  close() {}

  tick() {}

  renew() {}

  /** Show the status if that is new; values are not shown here. */
  update(_, isStatusNew) {
    const { status } = this.site;
    if (!isStatusNew || !status) return;
    const { Buses = [], Sinks = [] } = status;
    write(this.summary, `up for ${durationText(status.UpTime)}, ${quantityText(status.Memory.Alloc / 2 ** 20, "MB")} of memory`);
    this.sinks.hidden = !Sinks.length;
    const shown = [
      ...Buses.map((bus) => this.#box(`bus ${bus.Adapter}`, this.lists.Buses, () => new Bus(this.site, bus.Adapter), bus)),
      ...Sinks.map((sink) => this.#box(`sink ${sink.Name}`, this.lists.Sinks, () => new Sink(sink.Name), sink)),
    ];
    for (const [key, box] of this.boxes) {
      if (shown.includes(key)) continue;
      box.node.remove();
      this.boxes.delete(key);
    }
  }

  #box(key, list, create, told) {
    if (!this.boxes.has(key)) {
      this.boxes.set(key, create());
      list.append(this.boxes.get(key).node);
    }
    this.boxes.get(key).show(told);
    return key;
  }
}

/** A panel with a state and a list of terms. */
class Box {
  constructor(title, level, attributes) {
    this.icon = icon("unknown");
    this.state = make("span", { class: "badge" }, this.icon, make("span"));
    const head = make("div", { class: "title-line" }, make(level, {}, title), this.state);
    this.terms = make("dl", { class: "about" });
    this.text = make("p", { class: "advice" });
    this.node = make("article", { class: "panel", ...attributes }, head, this.terms, this.text);
  }

  /** Show the state, and rows of terms and texts; those without text are left out. */
  fill(isUp, word, rows, text) {
    mark(this.state, "data-state", isUp ? "online" : "offline");
    setIcon(this.icon, isUp ? "online" : "offline");
    write(this.state.lastChild, word);
    const shown = rows.filter((row) => row[1]);
    const wanted = shown.map(([term]) => term).join();
    if (this.terms.dataset.terms !== wanted) {
      this.terms.dataset.terms = wanted;
      this.terms.replaceChildren(...shown.map(([term]) => make("div", {}, make("dt", {}, term), make("dd"))));
    }
    shown.forEach(([, value], at) => write(this.terms.children[at].lastChild, value));
    write(this.text, text);
  }
}

class Bus extends Box {
  constructor(site, address) {
    super(address, "h2", { "data-bus": address });
    this.site = site;
    this.load = make("span");
    this.loadText = make("span", { class: "load-text" });
    this.terms.before(make("div", { class: "load" }, make("span", { class: "load-bar", "aria-hidden": "true" }, this.load), this.loadText));
    this.devices = make("ul", { class: "chips" });
    this.node.append(this.devices);
  }

  show(bus) {
    this.fill(bus.Connected, bus.Connected ? "connected" : "not connected", busRows(bus), adviceText(bus.Advice));
    this.load.style.transform = `scaleX(${Math.min(1, bus.Load).toFixed(3)})`;
    mark(this.load, "data-level", bus.Load > 0.9 ? "high" : null);
    write(this.loadText, `load ${quantityText(100 * bus.Load, "%")}`);
    this.#showDevices(bus.Devices);
  }

  #showDevices(ids) {
    if (this.devices.dataset.ids !== ids.join()) {
      this.devices.dataset.ids = ids.join();
      const chip = (id) => make("a", { href: `#/device/${encodeURIComponent(id)}` }, icon("unknown"), make("span"), make("span", { class: "spoken" }));
      this.devices.replaceChildren(...ids.map((id) => make("li", {}, chip(id))));
    }
    ids.forEach((id, at) => {
      const device = this.site.devices.get(id);
      const link = this.devices.children[at].firstChild;
      const state = device?.state ?? "unknown";
      mark(link, "data-state", state);
      setIcon(link.children[0], state);
      write(link.children[1], device?.name || id);
      write(link.children[2], ` ${STATE_TEXTS[state]}`);
    });
  }
}

function adviceText(advice) {
  return Array.isArray(advice) ? advice.join(" ") : (advice ?? "");
}

function busRows(bus) {
  const { RoundTrip = {} } = bus;
  return [
    ["Round trip", millisText(RoundTrip.Median)],
    ["95 % within", millisText(RoundTrip.P95)],
    ["Requests", count(bus.Requests)],
    ["Timeouts", count(bus.Timeouts)],
    ["Checksum errors", count(bus.ChecksumErrors)],
    ["Late answers", bus.StaleAnswers ? count(bus.StaleAnswers) : ""],
    ["Echoes", bus.Echoes ? count(bus.Echoes) : ""],
    ["Reconnects", count(bus.Reconnects)],
    ["Whole round", bus.Round ? millisText(bus.Round) : ""],
    ["Rate missed", bus.Missed >= 0.05 ? quantityText(100 * bus.Missed, "%") : ""],
    ["Pause between units", bus.UnitPause ? millisText(bus.UnitPause) : ""],
  ];
}

class Sink extends Box {
  constructor(name) {
    super(name, "h3", { "data-sink": name });
  }

  show(sink) {
    const rows = [
      ["Sent", count(sink.Sent)],
      ["Waiting", count(sink.Waiting)],
      ["Waiting, size", sink.WaitingBytes ? quantityText(sink.WaitingBytes / 1024, "kB") : ""],
      ["Oldest waiting", sink.Oldest ? whenText(sink.Oldest) : ""],
      ["Dropped", count(sink.Dropped)],
      ["Refused", sink.Refused ? count(sink.Refused) : ""],
      ["Expired", sink.Expired ? count(sink.Expired) : ""],
      ["Failures", count(sink.Failures)],
    ];
    this.fill(sink.Connected, sink.Connected ? "connected" : "not connected", rows, sink.Trouble);
  }
}
