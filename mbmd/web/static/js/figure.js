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
    this.shownIn = "";
  }

  /** Show a value; true if that changed what is seen. */
  show(value, unit) {
    // The unit may become known after the value.
    if (value === this.value && unit === this.shownIn) return false;
    this.value = value;
    this.shownIn = unit;
    const [number, shownUnit] = typeof value === "string" ? [value, ""] : quantity(value ?? NaN, unit, this.isScaled);
    this.node.classList.toggle("text", typeof value === "string");
    write(this.unit, shownUnit ? ` ${shownUnit}` : "");
    if (number === this.shown) return false;
    this.shown = number;
    write(this.number, number);
    return true;
  }
}
