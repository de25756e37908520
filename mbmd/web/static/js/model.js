// What the page knows: devices with their latest values, and the status of the daemon.

import { ask } from "./api.js";
import { quantityOf, split } from "./measurements.js";
import { Points } from "./series.js";

const MINUTE = 60000;
/** Milliseconds without values after which they count as old, or three intervals of the device, as set or as reached. */
const OLD = 5000;

/** One device; `values` are the latest by measurement, kept when it goes offline, so that one sees what was. */
export class Device {
  constructor(id) {
    this.id = id;
    this.meter = {};
    this.info = {};
    this.midnight = null;
    this.forget();
  }

  /** Be as if nothing was ever heard: another device stands under this id. */
  forget() {
    this.values = {};
    this.stamp = 0;
    this.heard = 0;
    this.trace = new Points(["value"], MINUTE);
    this.isTraced = false;
  }

  get name() {
    return this.meter.Name || this.info.Name || "";
  }

  get place() {
    return this.meter.Place || this.info.Place || "";
  }

  get type() {
    return this.meter.Type || this.info.Type || "";
  }

  /** The id of the device whose part this is; its own if it stands alone. */
  get whole() {
    return this.meter.Subdevice > 0 ? this.id.slice(0, this.id.lastIndexOf(".")) : this.id;
  }

  get state() {
    if (this.meter.Online) return "online";
    return this.meter.Trouble ? "offline" : "unknown";
  }

  /** Milliseconds between polls that may pass before values count as old. */
  get patience() {
    return Math.max(OLD, 3000 * Math.max(this.meter.Rate ?? 0, this.meter.Interval ?? 0));
  }

  /** The time by the daemon's clock, as its last poll tells it. */
  get now() {
    return this.heard ? this.stamp + Date.now() - this.heard : Date.now();
  }

  /** Whether what is shown is not how it is now. */
  get isOld() {
    return this.state === "offline" || (this.heard > 0 && Date.now() - this.heard > this.patience);
  }

  /** Names of what it offers, also of what has not come yet. */
  get names() {
    const told = this.info.Measurements ? Object.keys(this.info.Measurements) : [];
    return [...new Set([...told, ...Object.keys(this.values)])];
  }

  /** Whether it makes power: then more than zero is generation, where a meter has import. */
  get isSource() {
    return ["DCPower", "DCVoltage", "DCPowerS1", "DCVoltageS1"].some((name) => name in this.values);
  }
}

/** All devices, and what is known beside them. `changed` are the devices with new values since they were last shown. */
export class Site {
  constructor() {
    this.devices = new Map();
    this.status = null;
    this.catalogue = new Map();
    this.changed = new Set();
    this.isStatusNew = false;
    this.needsInfo = true;
  }

  /** Take a message of the stream. */
  take(message) {
    if ("Meters" in message) this.#takeStatus(message);
    else if ("Values" in message) this.#takeValues(message.Device, message.Timestamp, message.Values);
  }

  #takeStatus(status) {
    this.status = status;
    this.isStatusNew = true;
    const there = new Set();
    for (const meter of status.Meters) {
      there.add(meter.Device);
      const device = this.#device(meter.Device);
      // Fewer requests than before: it is another device under the same id.
      if (meter.Requests < device.meter.Requests) device.forget();
      if (meter.Online !== device.meter.Online) this.needsInfo = true;
      device.meter = meter;
    }
    for (const id of this.devices.keys()) if (!there.has(id)) this.devices.delete(id);
  }

  #takeValues(id, stamp, values) {
    const device = this.devices.get(id);
    if (!device) return;
    Object.assign(device.values, values);
    device.stamp = stamp;
    device.heard = Date.now();
    device.trace.add(stamp, { value: traced(device).of(device.values) });
    this.changed.add(device);
  }

  #device(id) {
    if (!this.devices.has(id)) {
      this.devices.set(id, new Device(id));
      this.needsInfo = true;
    }
    return this.devices.get(id);
  }

  /** The unit of a measurement of a device. */
  unit(device, name) {
    // A power factor above 1 is one of SunSpec, which tells it in percent.
    if (name.startsWith("Cosphi") && Math.abs(device.values[name]) > 1.01) return "%";
    return device.info.Measurements?.[name] ?? this.catalogue.get(name)?.Unit ?? quantityOf(split(name)[0]).unit;
  }

  /** What a quantity is called; one of a user's own table is called what that says. */
  label(base) {
    const { label, isKnown } = quantityOf(base);
    return isKnown ? label : (this.catalogue.get(base)?.Description ?? base);
  }

  /** Ask for what the stream does not tell: descriptors, units, descriptions. */
  async loadInfo() {
    this.needsInfo = false;
    const [devices, catalogue] = await Promise.all([ask("api/devices"), ask("api/measurements")]);
    if (devices === null || catalogue === null) this.needsInfo = true;
    if (Array.isArray(catalogue)) this.catalogue = new Map(catalogue.map((row) => [row.Name, row]));
    for (const info of Array.isArray(devices) ? devices : []) {
      const device = this.devices.get(info.Device);
      if (device) device.info = info;
    }
    this.isStatusNew = true;
  }

  /** Ask for today's energy. */
  async loadToday() {
    const today = await ask("api/today");
    if (today === null) return;
    for (const device of this.devices.values()) {
      const told = today[device.id];
      device.midnight = told?.Energy ? { ...told, counters: {} } : null;
    }
    this.isStatusNew = true;
  }
}

/**
 * How much a counter of a device went up today, in kWh; null if that is not known. It goes on with every value, as what
 * counters in kWh were at midnight is kept; what counts in other units only the daemon adds up.
 */
export function today(device, name, unit) {
  const { counters, Energy } = device.midnight;
  const value = device.values[name];
  if (unit !== "kWh" || typeof value !== "number" || !(name in Energy)) return Energy[name] ?? null;
  counters[name] ??= value - Energy[name];
  return value - counters[name];
}

/** Measurements that stand for a device where it has no power, by their units. */
const NEXT_BEST = ["W", "kW", "°C", "m³/h", "l/h", "m³", "%", "A", "V", "Hz", "kWh"];

/**
 * The value that stands for a device, and which way power flows.
 * @param {Device} device
 * @param {(name: string) => string} [unit]
 * @returns {{name: string, value: number|undefined, flow: "import"|"export"|"generation"|"consumption"|""}}
 */
export function headline(device, unit = (name) => quantityOf(split(name)[0]).unit) {
  const { values } = device;
  if ("Power" in values) return { name: "Power", value: values.Power, flow: flow(values.Power, device.isSource) };
  if (values.ExportPower > 0) return { name: "ExportPower", value: values.ExportPower, flow: "export" };
  if ("ImportPower" in values) return { name: "ImportPower", value: values.ImportPower, flow: flow(values.ImportPower) };
  if ("DCPower" in values) return { name: "DCPower", value: values.DCPower, flow: flow(values.DCPower, true) };
  const names = Object.keys(values).filter((name) => typeof values[name] === "number");
  for (const wanted of NEXT_BEST) {
    const name = names.find((one) => unit(one) === wanted);
    if (name) return { name, value: values[name], flow: "" };
  }
  return { name: names[0] ?? "Power", value: values[names[0]], flow: "" };
}

/** Measurements of which the line on a device's card is made, and how: what comes in and goes out is one line. */
export function traced(device) {
  const { values } = device;
  const isSplit = !("Power" in values) && "ImportPower" in values && "ExportPower" in values;
  if (isSplit) return { names: ["ImportPower", "ExportPower"], of: (some) => some.ImportPower - some.ExportPower };
  const { name } = headline(device);
  return { names: [name], of: (some) => some[name] };
}

function flow(power, isSource = false) {
  if (Math.abs(power) < 0.5) return "";
  if (isSource) return power > 0 ? "generation" : "consumption";
  return power > 0 ? "import" : "export";
}
