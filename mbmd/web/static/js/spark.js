// The line of the last minute on a card.

import { draw } from "./dom.js";

const WIDTH = 120;
const HEIGHT = 32;
const MINUTE = 60000;

/** A line without axes; what it shows is told by the value beside it. */
export class Spark {
  constructor() {
    this.line = draw("path", { class: "spark-line" });
    this.area = draw("path", { class: "spark-area" });
    const box = { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" };
    this.node = draw("svg", box, this.area, this.line);
  }

  /** Show points that end at `now`. */
  show(points, now) {
    const runs = scaled(points, now);
    const lines = runs.map((run) => `M${run.join("L")}`);
    this.line.setAttribute("d", lines.join(""));
    const ends = runs.map((run) => [run[0].split(" ")[0], run.at(-1).split(" ")[0]]);
    this.area.setAttribute("d", lines.map((line, at) => `${line}V${HEIGHT}H${ends[at][0]}Z`).join(""));
  }
}

/** Points of the picture in runs without gaps. */
function scaled({ times, columns: [values] }, now) {
  const known = values.filter((value) => value !== null);
  const low = Math.min(...known);
  const high = Math.max(...known);
  // What hardly moves is drawn as a line that hardly moves.
  const span = Math.max(high - low, Math.abs(high) * 0.05, 1e-9);
  const middle = (high + low) / 2;
  const runs = [];
  let last = -Infinity;
  values.forEach((value, at) => {
    if (value === null) return;
    const x = (1 - (now - times[at]) / MINUTE) * WIDTH;
    const y = HEIGHT / 2 - ((value - middle) / span) * (HEIGHT - 6);
    if (times[at] - last > MINUTE / 6) runs.push([]);
    last = times[at];
    runs.at(-1).push(`${x.toFixed(1)} ${y.toFixed(1)}`);
  });
  return runs;
}
