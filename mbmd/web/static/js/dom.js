// Elements, made and changed without ever parsing text: names come from users and devices.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element with attributes (null and false are left out) and children, of which strings become text.
 * @param {string} tag
 * @param {Record<string, string|number|boolean|null|undefined>} [attributes]
 * @param {...(Node|string|null|undefined)} children
 */
export function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children) if (child !== null && child !== undefined) node.append(child);
  return node;
}

/** An element of SVG. */
export function draw(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** A symbol of the page's sprite; what it means must also stand beside it as text. */
export function icon(name) {
  return draw("svg", { class: "icon", "aria-hidden": "true" }, draw("use", { href: `#icon-${name}` }));
}

/** Show another symbol. */
export function setIcon(svg, name) {
  const use = svg.firstElementChild;
  if (use.getAttribute("href") !== `#icon-${name}`) use.setAttribute("href", `#icon-${name}`);
}

/** Text for who hears the page. */
export function spoken(text) {
  return make("span", { class: "spoken" }, text);
}

/** Let an element hold one text; the page is touched only if it is another one. */
export function write(node, text) {
  const first = node.firstChild;
  if (first === null) node.textContent = text;
  else if (first.data !== text) first.data = text;
}

/** Set or take away an attribute, only if that changes it. */
export function mark(node, name, value) {
  if (value === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}
