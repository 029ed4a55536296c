"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const svg = document.querySelector("main svg");
  const aside = document.querySelector("aside");
  const find = document.getElementById("find");
  const nodes = [...svg.querySelectorAll("[data-node]")];
  const shapes = new Map(nodes.map((shape) => [Number(shape.dataset.node), shape]));
  const lines = [...svg.querySelectorAll(".line[data-from],.code")];
  let pinned = null;

  const make = (tag, attributes = {}, ...content) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...content);
    return made;
  };
  const above = (at) => {
    const found = [];
    for (let box = data.nodes[at].parent; box !== null; box = data.nodes[box].parent) found.push(box);
    return found;
  };
  const go = (at) => {
    const link = make("button", { class: "link" }, data.nodes[at].name);
    link.addEventListener("click", () => { pin({ node: at }); shapes.get(at).focus(); });
    return link;
  };
  const pairs = (rows) => {
    const list = make("dl");
    for (const [name, value] of rows) list.append(make("dt", {}, name), make("dd", {}, value));
    return list;
  };
  const section = (title, content) => [make("h3", {}, title), content];
  const list = (items) => make("ul", {}, ...items.map((item) => make("li", {}, ...[item].flat())));

  const wayButton = (at) => {
    const way = data.ways[at];
    const button = make("button", { class: "link" }, `${data.nodes[way.from].name} ${way.goal}`);
    button.addEventListener("click", () => pin({ way: at }));
    return [make("span", { class: `pill ${way.state}` }, way.state), " ", button];
  };
  const stops = (way) => list(way.stops.map((stop) => {
    const parts = [make("span", { class: `pill ${stop.state}` }, stop.code ?? stop.state), ` ${stop.question}: ${stop.detail} `];
    if (stop.on !== null) parts.push(go(stop.on));
    return parts;
  }));

  const showStart = () => {
    const counts = data.summary.map((line) => make("p", { class: "quiet" }, line));
    aside.replaceChildren(make("h2", {}, "What this shows"), ...counts,
      make("p", { class: "quiet" }, "Point at something, or go there with Tab; Enter keeps it, Esc lets go."),
      ...(data.ways.length ? section("Ways", list(data.ways.map((_, at) => wayButton(at)))) : []),
      ...(data.wrong.length ? section("Findings", list(data.wrong.map(([at, code, severity, message]) =>
        [make("span", { class: `pill ${severity}` }, code), ` ${message} `, go(at)]))) : []),
      ...(data.notes.length ? section("Notes", list(data.notes)) : []));
  };
  const showNode = (at) => {
    const node = data.nodes[at];
    const head = [make("h2", {}, node.name), make("p", { class: "quiet" }, node.kind)];
    if (node.fate) head.push(make("p", {}, make("span", { class: `pill ${node.fate}` }, node.fate)));
    const code = (text) => make("code", {}, text);
    const rows = [["type", code(node.ty)], ["id", code(node.id)], ["urn", code(node.urn)], ["declared at", code(node.place)]];
    const needs = data.edges.filter((edge) => edge[0] === at).map((edge) => go(edge[1]));
    const needed = data.edges.filter((edge) => edge[1] === at).map((edge) => go(edge[0]));
    const inside = data.nodes.flatMap((child, own) => (child.parent === at ? [go(own)] : []));
    const ways = data.ways.flatMap((way, own) =>
      way.from === at || way.to === at || way.stops.some((stop) => stop.on === at) ? [wayButton(own)] : []);
    aside.replaceChildren(...head,
      ...(node.findings.length ? section("Findings", list(node.findings.map(([code, severity, message]) =>
        [make("span", { class: `pill ${severity}` }, code), ` ${message}`]))) : []),
      ...(node.facts.length ? section("What matters", pairs(node.facts)) : []),
      ...section("Identity", pairs(rows.filter(([, value]) => value.textContent))),
      ...(node.tags.length ? section("Component", list(node.tags)) : []),
      ...(above(at).length ? section("Lies in", list(above(at).map(go))) : []),
      ...(inside.length ? section("Holds", list(inside)) : []),
      ...(needs.length ? section("Needs", list(needs)) : []),
      ...(needed.length ? section("Needed by", list(needed)) : []),
      ...(ways.length ? section("Ways", list(ways)) : []),
      ...(node.inputs.length ? section("Inputs", pairs(node.inputs.map(([name, value]) => [name, code(value)]))) : []));
  };
  const showWay = (at) => {
    const way = data.ways[at];
    aside.replaceChildren(make("h2", {}, `${data.nodes[way.from].name} ${way.goal}`),
      make("p", {}, make("span", { class: `pill ${way.state}` }, way.state)),
      ...section("Hop by hop", stops(way)));
  };

  const mark = (near, keep) => {
    svg.classList.toggle("dim", near !== null);
    for (const [at, shape] of shapes) shape.classList.toggle("near", near !== null && near.has(at));
    for (const line of lines) line.classList.toggle("near", near !== null && keep(line));
  };
  const show = (what) => {
    for (const shape of nodes) shape.classList.remove("here");
    if (what === null) { showStart(); mark(null); return; }
    if (what.way !== undefined) {
      const way = data.ways[what.way];
      showWay(what.way);
      mark(new Set([way.from, way.to, ...way.stops.map((stop) => stop.on)]), (line) => line.dataset.way === String(what.way));
      return;
    }
    shapes.get(what.node).classList.add("here");
    showNode(what.node);
    const own = new Set([what.node]);
    data.nodes.forEach((_, at) => { if (above(at).includes(what.node)) own.add(at); });
    const touches = (line) => own.has(Number(line.dataset.from)) || own.has(Number(line.dataset.to));
    const near = new Set(own);
    for (const line of lines.filter(touches)) near.add(Number(line.dataset.from)).add(Number(line.dataset.to));
    mark(near, touches);
  };
  const pin = (what) => { pinned = what; show(what); };

  for (const shape of nodes) {
    const at = Number(shape.dataset.node);
    shape.addEventListener("mouseenter", () => { if (!pinned) show({ node: at }); });
    shape.addEventListener("focus", () => { if (!pinned) show({ node: at }); });
    shape.addEventListener("click", (event) => { event.stopPropagation(); pin({ node: at }); });
    shape.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pin({ node: at }); }
    });
  }
  svg.addEventListener("mouseleave", () => { if (!pinned) show(null); });
  document.querySelector("main").addEventListener("click", () => pin(null));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { find.value = ""; pin(null); }
    if (event.key === "/" && document.activeElement !== find) { event.preventDefault(); find.focus(); }
  });
  find.addEventListener("input", () => {
    const text = find.value.trim().toLowerCase();
    if (!text) { pin(null); return; }
    const hits = data.nodes.flatMap((node, at) =>
      [node.name, node.kind, node.ty, ...node.tags].some((one) => one.toLowerCase().includes(text)) ? [at] : []);
    pinned = { search: true };
    aside.replaceChildren(make("h2", {}, `${hits.length} found`), list(hits.map(go)));
    mark(new Set(hits), () => false);
  });

  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  let scale = 1;
  const zoom = (to) => {
    scale = Math.min(4, Math.max(0.1, to));
    svg.setAttribute("width", width * scale);
    svg.setAttribute("height", height * scale);
  };
  const main = document.querySelector("main");
  const fit = () => zoom(Math.min(1.25, (main.clientWidth - 24) / width, (main.clientHeight - 24) / height));
  document.getElementById("fit").addEventListener("click", fit);
  document.getElementById("whole").addEventListener("click", () => zoom(1));
  document.getElementById("in").addEventListener("click", () => zoom(scale * 1.25));
  document.getElementById("out").addEventListener("click", () => zoom(scale / 1.25));
  // A picture that would be too small to read is scrolled instead.
  zoom(Math.max(0.6, Math.min(1.25, (main.clientWidth - 24) / width)));
  showStart();
})();
