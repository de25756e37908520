// Numbers, times and durations as people read them, by the conventions of the browser's locale.

export const NONE = "–";
const LARGE_FROM = 10000;
const LARGER = { W: "kW", kW: "MW", MW: "GW", var: "kvar", kvar: "Mvar", VA: "kVA", kVA: "MVA" };
const DIGITS = { V: 1, A: 2, Hz: 2, kWh: 2, kvarh: 2, kW: 2, MW: 2, GW: 2, kvar: 2, Mvar: 2, kVA: 2, MVA: 2, "%": 1, "°C": 1, "°": 1 };

const numbers = Array.from({ length: 4 }, (_, digits) =>
  new Intl.NumberFormat(undefined, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);
const tiny = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 2, notation: "scientific" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dated = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

function digits(size, unit) {
  if (unit in DIGITS) return DIGITS[unit];
  if (unit in LARGER) return size >= 100 ? 0 : 1;
  if (unit === "") return size <= 1 ? 3 : 2;
  return size >= 1000 ? 0 : size >= 100 ? 1 : 2;
}

/**
 * A number with the digits that its unit deserves.
 * @param {number} value
 * @param {string} unit
 * @param {boolean} [isScaled] whether much power gets a larger unit
 * @returns {[string, string]} the number and its unit
 */
export function quantity(value, unit, isScaled = true) {
  if (!Number.isFinite(value)) return [NONE, ""];
  if (isScaled && unit in LARGER && Math.abs(value) >= LARGE_FROM) return quantity(value / 1000, LARGER[unit]);
  const count = digits(Math.abs(value), unit);
  const scale = 10 ** count;
  // Nothing is known of what is usual in units of a user's own table: a small number is not shown as none at all.
  if (!(unit in DIGITS || unit in LARGER) && value && Math.abs(value) * scale < 0.5) return [tiny.format(value), unit];
  // Adding zero makes 0 of -0, of which nobody wants to see the sign.
  return [numbers[count].format(Math.round(value * scale) / scale + 0), unit];
}

/** A quantity as one text. */
export function quantityText(value, unit) {
  const [number, shown] = quantity(value, unit);
  return shown ? `${number} ${shown}` : number;
}

/** A whole number. */
export function count(value) {
  return numbers[0].format(value);
}

/** A time of day with seconds, from milliseconds or RFC 3339. */
export function clockText(time) {
  return clock.format(new Date(time));
}

/** A time of day without seconds. */
export function minuteText(time) {
  return minute.format(new Date(time));
}

/** When something was: today's by the clock, others with their date. */
export function whenText(time) {
  const then = new Date(time);
  return then.toDateString() === new Date().toDateString() ? clock.format(then) : dated.format(then);
}

/** A duration in its two largest parts. */
export function durationText(seconds) {
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => seconds >= size);
  if (first < 0) return "0 s";
  const [size, unit] = parts[first];
  const rest = parts[first + 1];
  const more = rest ? Math.floor((seconds % size) / rest[0]) : 0;
  return `${Math.floor(seconds / size)} ${unit}${more ? ` ${more} ${rest[1]}` : ""}`;
}

/** A short time in milliseconds. */
export function millisText(seconds) {
  return seconds ? `${numbers[seconds < 0.01 ? 1 : 0].format(seconds * 1000)} ms` : NONE;
}

/** How often something is done. */
export function rateText(seconds) {
  return seconds ? `every ${quantityText(seconds, "s").replace(/\D?0+ s$/, " s")}` : "as often as the bus carries";
}
