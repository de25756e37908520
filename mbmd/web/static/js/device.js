// One device: what it is, how it is asked, its values and their course.

import { STATE_TEXTS, troubleText } from "./card.js";
import { icon, make, mark, setIcon, write } from "./dom.js";
import { count, quantityText, rateText, whenText } from "./format.js";
import { Plots } from "./plots.js";
import { Values } from "./values.js";

/** The view of `#/device/ID`. */
export class DeviceView {
  constructor(site, id) {
    this.site = site;
    this.id = id;
    this.heading = make("h1", { tabindex: "-1", id: "title" }, id);
    this.badgeIcon = icon("unknown");
    this.badge = make("span", { class: "badge" }, this.badgeIcon, make("span"));
    this.subtitle = make("p", { class: "summary" });
    this.notice = make("p", { class: "notice" });
    const back = make("a", { href: "#/", class: "back" }, icon("back"), "all devices");
    const top = make("div", { class: "view-head" }, back, make("div", { class: "title-line" }, this.heading, this.badge), this.subtitle, this.notice);
    this.body = make("div", { class: "device-body" });
    this.node = make("section", { "data-view": "device", "aria-labelledby": "title" }, top, this.body);
    this.update(new Set(), true);
  }

  get title() {
    const { device } = this;
    return device?.name ? `${device.name} (${device.id})` : this.id;
  }

  close() {
    this.plots?.close();
  }

  /** Show new values, and the status if that is new. */
  update(changed, isStatusNew) {
    if (isStatusNew) this.#showStatus();
    if (!this.device || !changed.has(this.device)) return;
    this.values.update();
    this.plots.offer();
    this.plots.update();
  }

  /** Called once a second. */
  tick() {
    if (!this.device) return;
    this.#showAge();
    if (this.device.isOld) this.plots.show();
  }

  /** After a reconnect: what was missed comes from the daemon. */
  renew() {
    this.plots?.load();
  }

  #showStatus() {
    const device = this.site.devices.get(this.id) ?? [...this.site.devices.values()].find(({ name }) => name === this.id);
    if (device !== this.device) this.#be(device);
    if (!device) {
      write(this.notice, this.site.status ? `There is no device ${this.id}.` : "Waiting for the daemon.");
      return;
    }
    write(this.heading, device.name || device.id);
    mark(this.node, "data-state", device.state);
    mark(this.badge, "data-state", device.state);
    setIcon(this.badgeIcon, device.state);
    write(this.badge.lastChild, STATE_TEXTS[device.state]);
    write(this.subtitle, [device.name && device.id, device.place, modelOf(device)].filter(Boolean).join(" · "));
    this.#showAbout();
    this.#showAge();
    this.values.offer();
    this.plots.offer();
  }

  /** Be about a device, or about none. */
  #be(device) {
    this.plots?.close();
    this.device = device;
    this.body.replaceChildren();
    if (!device) return;
    this.plots = new Plots(this.site, device);
    this.values = new Values(this.site, device, (base) => this.#plot(base));
    this.about = make("dl", { class: "about" });
    const about = make("section", { class: "panel", "aria-labelledby": "about-title" }, make("h2", { id: "about-title" }, "About the device"), this.about);
    const values = make("section", { class: "values-part", "aria-labelledby": "values-title" }, make("h2", { id: "values-title" }, "Values"), this.values.node);
    this.body.append(this.plots.node, values, about);
  }

  #plot(base) {
    this.plots.choose(base);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.plots.node.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
  }

  #showAge() {
    this.node.classList.toggle("old", this.device.isOld);
    write(this.notice, troubleText(this.device));
  }

  #showAbout() {
    const shown = aboutRows(this.device, this.site).filter(([, text]) => text);
    const wanted = shown.map(([term]) => term).join();
    if (this.about.dataset.terms !== wanted) {
      this.about.dataset.terms = wanted;
      this.about.replaceChildren(...shown.map(([term]) => make("div", {}, make("dt", {}, term), make("dd"))));
    }
    shown.forEach(([, text], at) => write(this.about.children[at].lastChild, text));
  }
}

function modelOf({ meter }) {
  const { Manufacturer = "", Model = "" } = meter;
  // Many models begin with the name of who makes them.
  return Model.startsWith(Manufacturer) ? Model : `${Manufacturer} ${Model}`;
}

/** What is told about a device, as terms and texts; those without text are left out. */
function aboutRows(device, site) {
  const { meter, info } = device;
  const bus = site.status?.Buses?.find(({ Devices }) => Devices.includes(device.id));
  return [
    ["Id", device.id],
    ["Name", device.name],
    ["Place", device.place],
    ["Type", device.type],
    ["Manufacturer", meter.Manufacturer],
    ["Model", meter.Model],
    ["Options", meter.Options],
    ["Serial number", meter.Serial],
    ["Version", meter.Version],
    ["Bus", info.Adapter || bus?.Adapter],
    ["Unit", info.Unit ? String(info.Unit) : ""],
    ["Subdevice", meter.Subdevice ? `${meter.Subdevice} of ${device.whole}` : ""],
    ["Polled", rateText(meter.Rate)],
    ["Reached", meter.Interval ? rateText(meter.Interval) : ""],
    ["Reads of a poll", planText(meter.Plan)],
    ["Last seen", meter.LastSeen ? whenText(meter.LastSeen) : "never"],
    ["Requests", count(meter.Requests ?? 0)],
    ["Errors", errorsText(meter)],
    ["Refused by the device", (meter.Refused ?? []).join(", ")],
    ["Held back as not plausible", heldBackText(meter.HeldBack)],
  ];
}

function planText(plan) {
  return plan?.Reads ? `${count(plan.Reads)}, of ${count(plan.Registers)} registers` : "";
}

function errorsText({ Errors = 0, Requests = 0, ErrorKinds = {} }) {
  const kinds = Object.entries(ErrorKinds).map(([kind, times]) => `${kind} × ${count(times)}`);
  const share = Errors && Requests ? ` (${quantityText((100 * Errors) / Requests, "%")})` : "";
  return `${count(Errors)}${share}${kinds.length ? `: ${kinds.join(", ")}` : ""}`;
}

function heldBackText(heldBack = {}) {
  return Object.entries(heldBack)
    .map(([name, what]) => (typeof what === "object" ? name : `${name}: ${what}`))
    .join(", ");
}
