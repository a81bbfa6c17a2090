// The page of `windlass serve`: draws the state that the server tells. What comes from the engine is put in as text, never as markup.
"use strict";

const SVG = "http://www.w3.org/2000/svg";
const MOST_LINES = 2000;
const by = (id) => document.getElementById(id);

let state = null;
let reading = null; // {id, abort}

/** An element with classes and texts or elements in it. */
function element(tag, classes, ...inside) {
  const made = document.createElement(tag);
  if (classes) made.className = classes;
  made.append(...inside.filter((one) => one !== null));
  return made;
}

function drawing(tag, attributes, ...inside) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

/** How a container is doing: a word for people, and which colour it has. */
function doing(container) {
  if (container.state === "running") {
    if (container.health === "unhealthy") return ["unhealthy", "bad"];
    if (container.health === "starting") return ["starting", "busy"];
    return [container.health === "healthy" ? "healthy" : "running", "good"];
  }
  if (container.state === "exited") {
    return container.exit_code === 0 ? ["done (0)", "still"] : [`exited (${container.exit_code ?? "?"})`, "bad"];
  }
  if (container.state === "absent") return ["not there", "still"];
  if (container.state === "created") return ["created", "still"];
  return [container.state, container.state === "dead" ? "bad" : "busy"];
}

function plural(number, word) {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

/** `container web` as `web`. */
function short(name) {
  return name.replace(/^(container|image|network|volume|secret) /, "");
}

function draw() {
  document.title = `${state.project} · windlass`;
  by("project").textContent = state.project;
  const own = state.containers.filter((one) => !one.lease);
  const runs = own.filter((one) => one.state === "running").length;
  const ill = own.filter((one) => doing(one)[1] === "bad").length;
  const leases = state.leases.length ? `, ${plural(state.leases.length, "lease")}` : "";
  by("summary").textContent = `${runs} of ${plural(own.length, "container")} running${ill ? `, ${ill} not well` : ""}${leases}`;
  drawContainers();
  drawLeases();
  drawGraph();
}

/** Keeps the elements that are there, so that focus and place stay where they are. */
function keep(list, items, key, make) {
  const known = new Map([...list.children].map((child) => [child.dataset.key, child]));
  let place = list.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const child = known.get(name) ?? element("li", "");
    child.dataset.key = name;
    known.delete(name);
    make(item, child);
    if (child !== place) list.insertBefore(child, place);
    else place = place.nextElementSibling;
  }
  for (const gone of known.values()) gone.remove();
}

function drawContainers() {
  const own = state.containers.filter((one) => !one.lease);
  by("none").hidden = own.length > 0;
  keep(by("list"), own, (one) => `${one.name} ${one.id ?? ""}`, (container, child) => {
    const note = container.declared ? "" : " · not in the file";
    item(child, short(container.name), doing(container), container.image + note, container.ports.join(", "), container.id);
  });
}

/** A part of a list that opens the log of a container, if it is there. */
function item(child, name, [word, colour], about, ports, id) {
  let button = child.firstElementChild;
  if (!button) {
    button = element("button", "item");
    button.type = "button";
    button.setAttribute("aria-controls", "drawer");
    child.append(button);
  }
  const open = reading !== null && reading.id === id;
  button.className = `item ${colour}`;
  button.disabled = !id;
  button.setAttribute("aria-expanded", String(open));
  button.setAttribute("aria-label", `${name}: ${word}${ports ? `, ports ${ports}` : ""}${id ? ", show its log" : ""}`);
  button.replaceChildren(
    element("span", "name", name),
    element("span", `state ${colour}`, word),
    element("span", "about", about),
    ...(ports ? [element("span", "about ports", ports)] : []),
  );
  button.onclick = () => (open ? closeLog() : openLog(name, id, button));
}

function drawLeases() {
  by("leases-part").hidden = state.leases.length === 0;
  keep(by("leases"), state.leases, (lease) => lease.id, (lease, child) => {
    const container = state.containers.find((one) => one.id === lease.served?.container);
    const look = lease.status === "ready" && container ? doing(container) : [lease.status, "busy"];
    const of = lease.of.container ?? `image ${lease.of.image}`;
    const life = lease.held ? "held by its connection" : lease.left_s === null ? `${lease.ttl_s} s once it is ready` : `until renewed, ${lease.ttl_s} s at a time`;
    const ports = Object.entries(lease.served?.ports ?? {})
      .map(([port, places]) => `${port} at ${places.map((place) => `${place.host}:${place.port}`).join(", ")}`);
    item(child, `${of} · ${lease.id}`, look, life, ports.join(" · "), container?.id);
  });
}

// The graph: each node right of all that need it, in columns; drawn anew only if it is another one.
let drawn = "";

function drawGraph() {
  const look = new Map(state.containers.filter((one) => !one.lease).map((one) => [one.name, doing(one)]));
  const text = JSON.stringify([state.graph, [...look]]);
  if (text === drawn) return;
  drawn = text;
  const nodes = new Map(state.graph.map((node) => [node.name, node]));
  const [columns, routes] = layers(nodes);
  const width = 168, height = 44, gapX = 52, gapY = 14, bend = 12;
  const places = new Map();
  let tallest = height;
  columns.forEach((column, x) => {
    let y = 8;
    for (const name of column) {
      places.set(name, [8 + x * (width + gapX), y]);
      y += nodes.has(name) ? height + gapY : bend;
    }
    tallest = Math.max(tallest, y);
  });
  const size = [columns.length * (width + gapX) - gapX + 16, tallest + 8];
  const picture = drawing("svg", { width: size[0], height: size[1], viewBox: `0 0 ${size[0]} ${size[1]}`, role: "list" });
  // It shrinks to its place, as far as it can be read.
  picture.style.minWidth = `${Math.round(size[0] * 0.7)}px`;
  const edges = [];
  for (const node of nodes.values()) {
    for (const need of node.needs) {
      if (!places.has(need.to)) continue;
      // Through the gaps of the columns that are between.
      const [x1, y1] = places.get(node.name), [x2, y2] = places.get(need.to);
      let at = [x1 + width, y1 + height / 2];
      let d = `M${at}`;
      const go = (to) => {
        const half = (to[0] - at[0]) / 2;
        d += ` C${at[0] + half},${at[1]} ${to[0] - half},${to[1]} ${to}`;
        at = to;
      };
      for (const stop of routes.get(`${node.name} > ${need.to}`) ?? []) {
        const [x, y] = places.get(stop);
        go([x, y + bend / 2]);
        at = [x + width, y + bend / 2];
        d += ` L${at}`;
      }
      go([x2, y2 + height / 2]);
      const strong = nodes.get(need.to).kind === "container";
      const edge = drawing("path", { class: strong ? "edge strong" : "edge", "aria-hidden": "true", d });
      edges.push([node.name, need.to, edge]);
      picture.append(edge);
    }
  }
  const boxes = new Map();
  for (const node of nodes.values()) {
    const name = node.name;
    const [x, y] = places.get(name);
    const [word, colour] = node.kind === "container" ? look.get(name) ?? ["not there", "still"] : [node.kind, node.kind];
    const needs = node.needs.map((need) => need.to + (need.condition ? ` (${need.condition})` : "")).join(", ");
    const box = drawing("g", { class: `node ${colour}`, transform: `translate(${x} ${y})`, role: "listitem", tabindex: "0",
      "aria-label": `${name}, ${word}${needs ? `; needs ${needs}` : ""}` },
      drawing("rect", { width, height, rx: 8 }),
      drawing("rect", { class: "stripe", width: 5, height: height - 12, x: 6, y: 6, rx: 2.5 }),
      drawing("text", { x: 20, y: 19 }, cut(short(name), 18)),
      drawing("text", { x: 20, y: 34, class: "word" }, word),
      drawing("title", {}, `${name}${needs ? `\nneeds ${needs}` : ""}`));
    const light = () => highlight(name, boxes, edges);
    box.addEventListener("mouseenter", light);
    box.addEventListener("focus", light);
    box.addEventListener("mouseleave", () => highlight(null, boxes, edges));
    box.addEventListener("blur", () => highlight(null, boxes, edges));
    boxes.set(name, box);
    picture.append(box);
  }
  by("graph").replaceChildren(picture);
}

function cut(text, most) {
  const letters = [...text];
  return letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : text;
}

/**
 * Columns of names: a node comes after all that need it, and near to them. Where an edge
 * goes past a column it has a place there, too; the places of each edge are the second part.
 */
function layers(nodes) {
  const depth = new Map([...nodes.keys()].map((name) => [name, 0]));
  for (let round = 0; round < nodes.size; round++) {
    let moved = false;
    for (const node of nodes.values()) {
      for (const need of node.needs) {
        const least = Math.min(depth.get(node.name) + 1, nodes.size);
        if (depth.has(need.to) && depth.get(need.to) < least) {
          depth.set(need.to, least);
          moved = true;
        }
      }
    }
    if (!moved) break;
  }
  const used = [...new Set(depth.values())].sort((a, b) => a - b);
  const columns = used.map((at) => [...nodes.keys()].filter((name) => depth.get(name) === at).sort());
  const column = new Map(columns.flatMap((names, at) => names.map((name) => [name, at])));
  const before = new Map([...nodes.keys()].map((name) => [name, []]));
  const routes = new Map();
  for (const node of nodes.values()) {
    for (const need of node.needs) {
      if (!column.has(need.to)) continue;
      const stops = [];
      let last = node.name;
      for (let at = column.get(node.name) + 1; at < column.get(need.to); at++) {
        const stop = `${node.name} > ${need.to} > ${at}`;
        columns[at].push(stop);
        before.set(stop, [last]);
        stops.push(stop);
        last = stop;
      }
      before.get(need.to).push(last);
      routes.set(`${node.name} > ${need.to}`, stops);
    }
  }
  for (let at = 1; at < columns.length; at++) {
    const rank = new Map(columns.slice(0, at).flatMap((names) => names.map((name, index) => [name, index / names.length])));
    const middle = new Map(columns[at].map((name) => {
      const all = before.get(name).map((one) => rank.get(one) ?? 0);
      return [name, all.length ? all.reduce((sum, one) => sum + one, 0) / all.length : 0];
    }));
    columns[at].sort((a, b) => middle.get(a) - middle.get(b) || (a < b ? -1 : 1));
  }
  return [columns, routes];
}

function highlight(name, boxes, edges) {
  const near = new Set([name]);
  for (const [from, to, edge] of edges) {
    const touches = from === name || to === name;
    if (touches) near.add(from).add(to);
    edge.classList.toggle("lit", name !== null && touches);
    edge.classList.toggle("dim", name !== null && !touches);
  }
  for (const [box, group] of boxes) group.classList.toggle("dim", name !== null && !near.has(box));
}

// Logs.
let opener = null;

function closeLog() {
  if (!reading) return;
  reading.abort.abort();
  reading = null;
  by("drawer").hidden = true;
  document.body.classList.remove("reading");
  draw();
  opener?.focus();
}

async function openLog(name, id, button) {
  reading?.abort.abort();
  const mine = { id, abort: new AbortController() };
  reading = mine;
  opener = button;
  const log = by("log");
  log.replaceChildren();
  by("log-title").textContent = `Log of ${name}`;
  by("drawer").hidden = false;
  document.body.classList.add("reading");
  draw();
  log.focus();
  try {
    const reply = await fetch(`/v1/containers/${encodeURIComponent(mine.id)}/logs?follow=true&tail=500`, { signal: mine.abort.signal });
    if (!reply.ok) throw new Error((await reply.json()).error.message);
    const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      write(log, lines.filter((line) => line).map((line) => JSON.parse(line)));
    }
    note(log, "It writes no more.");
  } catch (error) {
    if (!mine.abort.signal.aborted) note(log, `The log broke off: ${error.message}`);
  }
}

function write(log, lines) {
  const pieces = document.createDocumentFragment();
  for (const line of lines.slice(-MOST_LINES)) {
    const time = element("time", "", line.time ? line.time.slice(11, 19) : "");
    if (line.time) time.dateTime = line.time;
    // Colours of terminals are left out.
    pieces.append(element("div", line.channel, time, element("span", "", line.line.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, ""))));
  }
  log.append(pieces);
  while (log.childElementCount > MOST_LINES) log.firstElementChild.remove();
  if (by("stick").checked) log.scrollTop = log.scrollHeight;
}

function note(log, text) {
  log.append(element("div", "note", text));
  if (by("stick").checked) log.scrollTop = log.scrollHeight;
}

by("close").addEventListener("click", closeLog);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeLog();
});
document.querySelector("main").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !document.activeElement.matches(".item")) return;
  const all = [...document.querySelectorAll("button.item:not(:disabled)")];
  const next = all[all.indexOf(document.activeElement) + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});

// The state, told by the server.
function listen() {
  const events = new EventSource("/v1/events");
  const link = (text, live) => {
    const place = by("link");
    if (place.textContent !== text) place.textContent = text;
    place.classList.toggle("live", live);
  };
  events.addEventListener("open", () => link("live", true));
  events.addEventListener("error", () => {
    link("not connected", false);
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
  events.addEventListener("state", (event) => {
    const told = JSON.parse(event.data);
    const place = by("problem");
    place.hidden = !told.error;
    place.textContent = told.error ? `${told.error.message}${told.error.hint ? ` — ${told.error.hint}` : ""}` : "";
    if (told.error) return;
    state = told;
    draw();
  });
}

listen();
