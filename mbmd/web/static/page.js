// The readings as they arrive: a table for each device, phases in columns.

const COLUMNS = ["", "L1", "L2", "L3"];
const RETRY_MS = 2000;
const state = document.getElementById("state");
const cards = new Map();

function element(tag, text = "", parent = null) {
  const node = document.createElement(tag);
  node.textContent = text;
  parent?.append(node);
  return node;
}

function card(id) {
  if (cards.has(id)) return cards.get(id);
  const section = document.createElement("section");
  const heading = element("h2", `${id} `, section);
  const name = element("b", "", heading);
  const mark = element("span", "", heading);
  const table = element("table", "", section);
  const head = element("tr", "", element("thead", "", table));
  for (const column of ["", ...COLUMNS]) element("th", column, head).scope = "col";
  const made = { id, section, name, mark, body: element("tbody", "", table), rows: new Map(), requests: 0 };
  cards.set(id, made);
  const next = [...cards.values()].filter((other) => other.id > id).sort((a, b) => (a.id < b.id ? -1 : 1))[0];
  document.getElementById("devices").insertBefore(section, next?.section ?? null);
  return made;
}

function cell(device, measurement, description) {
  const [, base, phase = ""] = /^(.*?[^_])(L[123])?$/.exec(measurement);
  if (!device.rows.has(base)) {
    const row = element("tr", "", device.body);
    element("th", description.replace(/^L[123] /, ""), row).scope = "row";
    device.rows.set(base, COLUMNS.map(() => element("td", "", row)));
  }
  return device.rows.get(base)[COLUMNS.indexOf(phase)];
}

function format(value) {
  return Math.abs(value) >= 1000 ? value.toFixed(0) : value.toFixed(2);
}

function showReading({ Device, Value, IEC61850, Description }) {
  cell(card(Device), IEC61850, Description).textContent = format(Value);
}

function showMeter({ Device, Name, Place, Online, Requests }) {
  const shown = card(Device);
  // Fewer requests than before: it is another device under the same id.
  if (Requests < shown.requests) {
    shown.body.replaceChildren();
    shown.rows.clear();
  }
  shown.requests = Requests;
  shown.section.classList.toggle("offline", !Online);
  shown.section.title = Place;
  shown.name.textContent = Name && `${Name} `;
  shown.mark.textContent = Online ? "online" : "offline";
}

function showStatus({ Meters }) {
  Meters.forEach(showMeter);
  const there = new Set(Meters.map((meter) => meter.Device));
  for (const [id, { section }] of cards) {
    if (there.has(id)) continue;
    section.remove();
    cards.delete(id);
  }
  const online = Meters.filter((meter) => meter.Online).length;
  state.textContent = `${online} of ${Meters.length} devices online`;
}

function connect() {
  const url = new URL("ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if ("Device" in message) showReading(message);
    else showStatus(message);
  };
  socket.onclose = () => {
    state.textContent = "connection lost, values are old; connecting again …";
    setTimeout(connect, RETRY_MS);
  };
}

connect();
