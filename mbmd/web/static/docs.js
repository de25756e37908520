// Searches the description, and asks what is described.

const SHOWN_AT_MOST = 100_000;
const search = document.getElementById("search");
const found = document.getElementById("found");
const articles = [...document.querySelectorAll("article")].map((node) => ({
  node,
  text: node.textContent.toLowerCase(),
  link: document.querySelector(`[data-of="${node.id}"]`),
}));

function filter() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { node, text, link } of articles) {
    const fits = words.every((word) => text.includes(word));
    node.hidden = !fits;
    if (link) link.hidden = !fits;
    count += fits;
  }
  for (const section of document.querySelectorAll("section")) {
    section.hidden = !section.querySelector("article:not([hidden])");
  }
  found.textContent = words.length ? `${count} of ${articles.length} found` : "";
}

function address(form) {
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const { name, value, dataset } of form.querySelectorAll("input")) {
    if (dataset.in === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value) query.set(name, value);
  }
  const url = new URL(`..${path}`, location.href);
  url.search = query;
  return url;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function show(place, title, text) {
  const line = document.createElement("p");
  const code = document.createElement("code");
  code.textContent = title;
  line.append(code);
  const body = document.createElement("pre");
  body.tabIndex = 0;
  body.setAttribute("aria-label", "Answer");
  body.role = "region";
  body.textContent = text.length > SHOWN_AT_MOST ? `${text.slice(0, SHOWN_AT_MOST)} ...` : text;
  place.replaceChildren(line, body);
}

async function ask(form) {
  const place = form.nextElementSibling;
  const url = address(form);
  try {
    const answer = await fetch(url);
    show(place, `${answer.status} ${answer.statusText} ${url}`, pretty(await answer.text()));
  } catch (error) {
    show(place, `${url}`, `no answer: ${error.message}`);
  }
}

search.closest(".search").hidden = false;
search.addEventListener("input", filter);
for (const form of document.querySelectorAll("form")) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form);
  });
}
