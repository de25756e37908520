// A value with its unit, in an element that carries the name of its measurement.

import { make, write } from "./dom.js";
import { NONE, quantity } from "./format.js";

/** An element that shows a measurement; texts stand as they are. `isScaled` allows larger units for large values. */
export class Figure {
  constructor(tag, name, attributes = {}, isScaled = true) {
    this.isScaled = isScaled;
    this.number = make("span", { class: "number" }, NONE);
    this.unit = make("span", { class: "unit" }, "");
    this.node = make(tag, { "data-measurement": name, ...attributes }, this.number, this.unit);
    this.value = undefined;
    this.shown = NONE;
  }

  /** Show a value; true if that changed what is seen. */
  show(value, unit) {
    if (value === this.value) return false;
    this.value = value;
    const [number, shownUnit] = typeof value === "string" ? [value, ""] : quantity(value ?? NaN, unit, this.isScaled);
    if (number === this.shown) return false;
    this.shown = number;
    write(this.number, number);
    write(this.unit, shownUnit ? ` ${shownUnit}` : "");
    return true;
  }
}
