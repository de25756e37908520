// What measurements are called and where they stand: rows of quantities, columns of phases, tariffs and strings.

/** Groups in the order in which they are shown. */
export const GROUPS = [
  ["power", "Power"],
  ["current", "Current"],
  ["voltage", "Voltage"],
  ["dc", "DC side"],
  ["energy", "Energy"],
  ["reactive", "Reactive energy"],
  ["quality", "Quality"],
  ["other", "More values"],
];

/** Quantities: group, label and unit, in the order in which they are shown. */
const QUANTITIES = {
  Power: ["power", "Power", "W"],
  ImportPower: ["power", "Import", "W"],
  ExportPower: ["power", "Export", "W"],
  ReactivePower: ["power", "Reactive", "var"],
  ApparentPower: ["power", "Apparent", "VA"],
  Cosphi: ["power", "Power factor", ""],
  Current: ["current", "Current", "A"],
  Voltage: ["voltage", "Voltage", "V"],
  VoltageBetween: ["voltage", "Phase to next phase", "V"],
  VoltageL_N_avg: ["voltage", "Mean, phase to neutral", "V"],
  DCPower: ["dc", "Power", "W"],
  DCVoltage: ["dc", "Voltage", "V"],
  DCCurrent: ["dc", "Current", "A"],
  DCEnergy: ["dc", "Energy", "kWh"],
  Import: ["energy", "Import", "kWh"],
  Export: ["energy", "Export", "kWh"],
  Sum: ["energy", "Sum", "kWh"],
  ReactiveImport: ["reactive", "Import", "kvarh"],
  ReactiveExport: ["reactive", "Export", "kvarh"],
  ReactiveSum: ["reactive", "Sum", "kvarh"],
  Frequency: ["quality", "Frequency", "Hz"],
  THD: ["quality", "Voltage distortion", "%"],
  ThreePhase_Vec_A: ["quality", "Vector current", "%"],
  PhaseAngle: ["quality", "Phase angle", "°"],
  HeatSinkTemp: ["other", "Heat sink", "°C"],
  ChargeState: ["other", "Charge", "%"],
  BatteryVoltage: ["other", "Battery", "V"],
};
const RANKS = new Map(Object.keys(QUANTITIES).map((base, rank) => [base, rank]));

/** Names that do not say by their end where they stand. */
const PLACED = {
  VoltageL1_L2: ["VoltageBetween", "L1"],
  VoltageL2_L3: ["VoltageBetween", "L2"],
  VoltageL3_L1: ["VoltageBetween", "L3"],
  VoltageL_L_avg: ["VoltageBetween", ""],
};
const ENDING = /^(.*[^_])(L[123]|T\d|S\d)$/;

/**
 * The quantity of a measurement, and its column, empty for the whole.
 * @param {string} name
 * @returns {[string, string]}
 */
export function split(name) {
  if (Object.hasOwn(PLACED, name)) return PLACED[name];
  const parts = ENDING.exec(name);
  return parts ? [parts[1], parts[2]] : [name, ""];
}

/** What is known of a quantity; of one of a user's own table nothing but its name. */
export function quantityOf(base) {
  const isKnown = Object.hasOwn(QUANTITIES, base);
  const [group, label, unit] = isKnown ? QUANTITIES[base] : ["other", base, ""];
  return { group, label, unit, isKnown };
}

/** The heading of a column. */
export function columnText(column) {
  return column || "All";
}

/**
 * The rows of a set of measurements, each with its names by column, in the order in which they are shown.
 * @param {Iterable<string>} names
 * @returns {{base: string, group: string, cells: Map<string, string>}[]}
 */
export function rows(names) {
  const found = new Map();
  for (const name of names) {
    const [base, column] = split(name);
    if (!found.has(base)) found.set(base, { base, group: quantityOf(base).group, cells: new Map() });
    found.get(base).cells.set(column, name);
  }
  const rank = ({ base }) => RANKS.get(base) ?? RANKS.size;
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || (a.base < b.base ? -1 : 1));
}

/** The columns that any of some rows has, the whole first, then phases, tariffs and strings. */
export function columns(some) {
  const order = (column) => "LTS".indexOf(column[0]) * 10 + Number(column[1]);
  const all = new Set(some.flatMap(({ cells }) => [...cells.keys()]));
  return [...all].sort((a, b) => (a ? order(a) : -1) - (b ? order(b) : -1));
}
