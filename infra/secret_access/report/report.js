"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const search = document.getElementById("search");
const map = document.getElementById("map");
const MARK = { o: "", a: "", b: "\u00d7", "?": "?", u: "!", "-": "" };
const COLOUR = { o: "--own", a: "--apart", b: "--breach", "?": "--open", u: "--open", "-": "--unknown" };
const view = { cloud: 0, rows: [], columns: [], row: 0, column: 0, size: 20, left: 0, top: 0 };
const reasons = data.clouds.map((cloud) => new Map(cloud.reasons.map((each) => [each.from + "\n" + each.to, each.lines])));

const cloud = () => data.clouds[view.cloud];
const namespaces = () => cloud().columns.slice(0, cloud().shown.length); /* keys that look like numbers come first */
const state = (row, column) => cloud().shown[view.rows[row]][view.columns[column]];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const element = (tag, text, parent) => {
  const made = document.createElement(tag);
  made.textContent = text;
  parent.append(made);
  return made;
};

/* Rows of namespaces that match the search, and of those that can use such a namespace's secrets; of these, the filter's. */
function select() {
  const wanted = search.value.trim().toLowerCase();
  const states = document.querySelector("input[name=filter]:checked").value;
  const names = namespaces();
  const matches = (name) => name.toLowerCase().includes(wanted);
  const owned = cloud().columns.map((_, index) => index).filter((index) => matches(cloud().columns[index]));
  view.columns = cloud().columns.map((_, index) => index);
  view.rows = names.map((_, index) => index).filter((index) => {
    const line = cloud().shown[index];
    const searched = matches(names[index]) || owned.some((column) => line[column] === "b");
    return searched && (states === "all" || [...line].some((letter) => states.includes(letter)));
  });
  go(view.row, view.column);
  const all = names.length;
  const what = all === 1 ? "namespace" : "namespaces";
  document.getElementById("shown").textContent =
    view.rows.length === all ? `${all} ${what}` : `${view.rows.length} of ${all} ${what}`;
}

/* Lines of tables and documents that have the text that is searched for. */
function filter() {
  const wanted = search.value.trim().toLowerCase();
  for (const each of document.querySelectorAll(".filtered tbody tr, details.filtered")) {
    each.hidden = !each.textContent.toLowerCase().includes(wanted);
  }
}

function draw() {
  const names = namespaces();
  const context = map.getContext("2d");
  const font = "12px system-ui, sans-serif";
  context.font = font;
  const width = (list) => Math.ceil(Math.max(0, ...list.map((text) => context.measureText(text).width)));
  const room = map.parentElement.clientWidth;
  const rowNames = view.rows.map((index) => names[index]);
  const columnNames = view.columns.map((index) => cloud().columns[index]);
  const longest = Math.min(width(rowNames), 180);
  const fit = Math.floor((room - longest - 16) / Math.max(view.columns.length, 1));
  view.size = Math.max(4, Math.min(28, fit));
  const labelled = view.size >= 12;
  view.left = labelled ? longest + 10 : 4;
  view.top = labelled ? Math.min(width(columnNames), 180) + 12 : 4;
  const ratio = window.devicePixelRatio || 1;
  const wide = view.left + view.columns.length * view.size + 4;
  const high = view.top + view.rows.length * view.size + 4;
  map.style.width = wide + "px";
  map.style.height = high + "px";
  map.width = Math.round(wide * ratio);
  map.height = Math.round(high * ratio);
  context.scale(ratio, ratio);
  context.font = font;
  const gap = view.size >= 8 ? 1 : 0;
  const paint = Object.fromEntries(Object.entries(COLOUR).map(([letter, name]) => [letter, colour(name)]));
  const ink = colour("--ink");
  const page = colour("--page");
  if (labelled) {
    context.fillStyle = ink;
    context.textBaseline = "middle";
    context.textAlign = "right";
    rowNames.forEach((name, row) => context.fillText(name, view.left - 6, view.top + (row + 0.5) * view.size, 180));
    context.textAlign = "left";
    columnNames.forEach((name, column) => {
      context.save();
      context.translate(view.left + (column + 0.5) * view.size, view.top - 6);
      context.rotate(-Math.PI / 2);
      context.fillText(name, 0, 0, 180);
      context.restore();
    });
  }
  context.textAlign = "center";
  context.font = `bold ${Math.round(view.size * 0.7)}px system-ui, sans-serif`;
  for (let row = 0; row < view.rows.length; row++) {
    for (let column = 0; column < view.columns.length; column++) {
      const letter = state(row, column);
      const [x, y] = [view.left + column * view.size, view.top + row * view.size];
      context.fillStyle = paint[letter];
      context.fillRect(x, y, view.size - gap, view.size - gap);
      if (labelled && MARK[letter]) {
        context.fillStyle = page;
        context.fillText(MARK[letter], x + (view.size - gap) / 2, y + (view.size + gap) / 2);
      }
    }
  }
  if (view.rows.length && view.columns.length) {
    context.strokeStyle = colour("--cursor");
    context.lineWidth = 2;
    const [x, y] = [view.left + view.column * view.size, view.top + view.row * view.size];
    context.strokeRect(x - 1, y - 1, view.size - gap + 2, view.size - gap + 2);
  }
}

/* Say what is known of the pair under the cursor, and why. */
function tell() {
  const cell = document.getElementById("cell");
  cell.textContent = "";
  if (!view.rows.length || !view.columns.length) {
    element("p", "No namespace matches.", cell);
    return;
  }
  const [row, column] = [view.rows[view.row], view.columns[view.column]];
  const [from, to] = [namespaces()[row], cloud().columns[column]];
  element("h3", from === to ? `${from} and its own secrets` : `${from} and the secrets of ${to}`, cell);
  for (const [when, key, done] of [["Before: the documents", "before", "proven for all names"], ["After: the cloud's answer", "after", "asked"]]) {
    element("h4", when, cell);
    const grid = cloud()[key];
    const letter = grid ? grid[row][column] : "-";
    const list = element("ul", "", cell);
    element("li", data.states[letter] + (letter === "a" ? `, ${done}` : ""), list);
  }
  const lines = reasons[view.cloud].get(from + "\n" + to) || [];
  if (lines.length) {
    element("h4", "Why", cell);
    const list = element("ul", "", cell);
    lines.forEach((line) => element("li", line, list));
  }
  const prefix = cloud().namespaces[to];
  if (prefix) element("p", `Secrets of ${to}: ${prefix}…`, cell);
  const link = element("a", `Documents of ${from}`, cell);
  link.href = "#documents";
  link.addEventListener("click", () => { search.value = from; select(); filter(); });
}

function go(row, column) {
  view.row = Math.max(0, Math.min(view.rows.length - 1, row));
  view.column = Math.max(0, Math.min(view.columns.length - 1, column));
  draw();
  tell();
}

/* The next pair, by rows, that is neither a namespace's own nor kept apart. */
function next() {
  const [wide, all] = [view.columns.length, view.rows.length * view.columns.length];
  for (let step = 1; step <= all; step++) {
    const at = (view.row * wide + view.column + step) % all;
    if (!"oa".includes(state(Math.floor(at / wide), at % wide))) return go(Math.floor(at / wide), at % wide);
  }
}

if (data.clouds.length) {
  const legend = document.getElementById("legend");
  for (const [letter, text] of Object.entries(data.states)) {
    if (!data.clouds.some((each) => each.shown.some((line) => line.includes(letter)))) continue;
    const item = element("li", "", legend);
    const mark = element("i", MARK[letter], item);
    mark.style.background = `var(${COLOUR[letter]})`;
    item.append(text);
  }
  map.addEventListener("keydown", (event) => {
    const moves = {
      ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
      PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -Infinity], End: [0, Infinity],
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (moves[event.key]) go(view.row + moves[event.key][0], view.column + moves[event.key][1]);
    else if (event.key === "n") next();
    else if (event.key === "Enter") document.querySelector("#cell a")?.click();
    else return;
    event.preventDefault();
  });
  const at = (event) => {
    const box = map.getBoundingClientRect();
    const row = Math.floor((event.clientY - box.top - view.top) / view.size);
    const column = Math.floor((event.clientX - box.left - view.left) / view.size);
    if (row >= 0 && column >= 0 && row < view.rows.length && column < view.columns.length) go(row, column);
  };
  map.addEventListener("pointermove", at);
  map.addEventListener("pointerdown", at);
  const tabs = [...document.querySelectorAll("[role=tab]")];
  const choose = (index) => {
    view.cloud = index;
    tabs.forEach((tab, each) => {
      tab.setAttribute("aria-selected", String(each === index));
      tab.tabIndex = each === index ? 0 : -1;
    });
    select();
  };
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => choose(index));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      const to = (index + step + tabs.length) % tabs.length;
      choose(to);
      tabs[to].focus();
    });
  });
  document.querySelectorAll("input[name=filter]").forEach((each) => each.addEventListener("change", select));
  search.addEventListener("input", select);
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  choose(0);
}
search.addEventListener("input", filter);
document.addEventListener("keydown", (event) => {
  const typing = ["INPUT", "TEXTAREA"].includes(document.activeElement.tagName);
  if (event.key === "/" && !typing) { search.focus(); event.preventDefault(); }
  if (event.key === "Escape" && typing) { search.value = ""; search.dispatchEvent(new Event("input")); }
});
