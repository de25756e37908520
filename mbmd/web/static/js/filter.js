// Which devices are shown, and in which order; pure.

import { headline } from "./model.js";

const names = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Whether a device has all words of a search, each somewhere in what it is known by. */
export function matches(device, words) {
  const { meter, info } = device;
  const known = [device.id, device.name, device.place, device.type, meter.Serial, meter.Manufacturer, meter.Model];
  const text = [...known, info.Adapter].filter(Boolean).join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

/** The words of a search. */
export function wordsOf(search) {
  return search.toLowerCase().split(/\s+/).filter(Boolean);
}

const STATES = ["offline", "unknown", "online"];

/** By what devices can be sorted; some stand in groups then. */
export const ORDERS = {
  name: { text: "by name", key: (device, whole) => whole.name || whole.id },
  id: { text: "by id", key: (device, whole) => whole.id },
  place: { text: "by place", key: (device, whole) => whole.name || whole.id, group: (device) => device.place },
  bus: { text: "by bus", key: (device, whole) => whole.id, group: (device, buses) => buses.get(device.id) ?? "" },
  power: { text: "by power", rank: (device) => -Math.abs(headline(device).value ?? 0) },
  state: { text: "by state", rank: (device) => STATES.indexOf(device.state) },
};

/**
 * Devices in an order, in groups of which some orders have only one, without a title.
 * @param {import("./model.js").Device[]} devices
 * @param {string} order a key of ORDERS
 * @param {Map<string, import("./model.js").Device>} all for finding the device whose part one is
 * @param {Map<string, string>} buses addresses by device
 */
export function arranged(devices, order, all, buses) {
  const { key = (device) => device.id, rank = () => 0, group = () => "" } = ORDERS[order] ?? ORDERS.name;
  const sorted = devices
    .map((device) => ({ device, key: key(device, all.get(device.whole) ?? device), rank: rank(device) }))
    .sort((a, b) => a.rank - b.rank || names.compare(a.key, b.key) || names.compare(a.device.id, b.device.id));
  const groups = new Map();
  for (const { device } of sorted) {
    const title = group(device, buses);
    groups.set(title, [...(groups.get(title) ?? []), device]);
  }
  return [...groups].map(([title, members]) => ({ title, members })).sort((a, b) => byTitle(a.title, b.title));
}

function byTitle(a, b) {
  // Devices without a place come last.
  return Number(a === "") - Number(b === "") || names.compare(a, b);
}
