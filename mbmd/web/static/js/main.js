// Puts the parts together: the stream feeds the model, and what changed is shown once a frame.

import { ask, whenRefused } from "./api.js";
import { BusesView } from "./buses.js";
import { Connection } from "./connection.js";
import { DeviceView } from "./device.js";
import { write } from "./dom.js";
import { clockText } from "./format.js";
import { Site } from "./model.js";
import { Overview, Tools } from "./overview.js";

const MINUTE = 60000;
/** Milliseconds without a message after which all that is shown counts as old. */
const OLD = 5000;
/** Milliseconds at least between two frames. */
const PAUSE = 200;

const site = new Site();
const main = document.querySelector("main");
const shown = document.querySelector("[data-connection]");
const tools = new Tools(document.querySelector(".tools"));
let view = null;
let connection = null;
let wantsSearch = false;
let isAwaited = false;
let lastFrame = 0;

function route() {
  const [, name = "", id = ""] = location.hash.replace(/^#/, "").split("/");
  if (name === "device" && id) return new DeviceView(site, decoded(id));
  return name === "buses" ? new BusesView(site) : new Overview(site, tools);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function navigate() {
  const isFirst = view === null;
  view?.close();
  view = route();
  main.replaceChildren(view.node);
  document.body.dataset.shows = view.node.dataset.view;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === (location.hash || "#/")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  retitle();
  if (isFirst) return;
  scrollTo(0, 0);
  // Who uses the keyboard or hears the page goes on at the heading of what is new.
  const next = wantsSearch ? tools.input : main.querySelector("h1");
  wantsSearch = false;
  next?.focus({ preventScroll: true });
}

function retitle() {
  const offline = [...site.devices.values()].filter(({ state }) => state === "offline").length;
  const title = `${offline ? `(${offline} offline) ` : ""}${view.title} · mbmd`;
  if (document.title !== title) document.title = title;
}

/**
 * Show what changed with a frame soon. Devices are polled one after the other, and a frame for each would cost much
 * more than the few that an eye can follow. A hidden page is given no frames, so that nothing is drawn for nobody.
 */
function showSoon() {
  if (isAwaited) return;
  isAwaited = true;
  setTimeout(() => requestAnimationFrame(show), Math.max(0, lastFrame + PAUSE - performance.now()));
}

function show() {
  isAwaited = false;
  lastFrame = performance.now();
  const { changed, isStatusNew } = site;
  site.changed = new Set();
  site.isStatusNew = false;
  view.update(changed, isStatusNew);
  if (isStatusNew) retitle();
}

function onMessage(message) {
  const isFirst = "Meters" in message && site.status === null;
  site.take(message);
  if (isFirst) renew();
  else if ("Meters" in message && site.needsInfo) loadInfo();
  showSoon();
}

async function loadInfo() {
  await Promise.all([site.loadInfo(), site.loadToday()]);
  showSoon();
}

async function renew() {
  await site.loadToday();
  view.renew();
}

function onState(state) {
  const before = shown.dataset.connection;
  if (before === state) return;
  shown.dataset.connection = state;
  write(shown.querySelector("span"), state === "lost" ? `connection lost at ${clockText(Date.now())}` : state);
  if (state === "live" && site.status !== null) {
    site.needsInfo = true;
    renew();
  }
  // A stream that is refused does not say why.
  if (state === "lost") ask("api/version");
  if (connection) showWhetherOld();
}

/** What is shown is old as soon as the connection is known to be lost, else when nothing is heard. */
function showWhetherOld() {
  document.body.classList.toggle("stale", shown.dataset.connection === "lost" || Date.now() - connection.heard > OLD);
}

function tick() {
  if (document.hidden) return;
  showWhetherOld();
  const isOld = document.body.classList.contains("stale");
  if (shown.dataset.connection === "live") write(shown.querySelector("span"), isOld ? "no news" : "live");
  view.tick();
}

function onKey(event) {
  const isTyping = event.target.closest("input, select, textarea");
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  wantsSearch = document.body.dataset.shows !== "overview";
  if (wantsSearch) location.hash = "#/";
  else tools.input.focus();
}

async function tellVersion() {
  const version = await ask("api/version");
  if (version) write(document.querySelector("[data-version]"), `mbmd ${version.Version}`);
}

whenRefused((isRefused) => {
  document.querySelector("[data-refused]").hidden = !isRefused;
});
addEventListener("hashchange", navigate);
addEventListener("keydown", onKey);
navigate();
connection = new Connection("ws?format=batch", onMessage, onState);
setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
setInterval(() => document.hidden || site.loadToday(), MINUTE);
tellVersion();
