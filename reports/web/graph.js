// A picture to pan, zoom and click: wheel with Ctrl or after a click, drag, + - 0, double click.

// Graphviz escapes what it is given; even so only what a drawing needs is let in.
const DRAWING_TAGS = new Set(["svg", "g", "path", "polygon", "polyline", "ellipse", "text", "title", "a", "tspan"]);
function importDrawing(source) {
  const parsed = new DOMParser().parseFromString(source, "image/svg+xml").documentElement;
  if (parsed.nodeName !== "svg") return null;
  for (const node of [...parsed.querySelectorAll("*")])
    if (!DRAWING_TAGS.has(node.nodeName)) node.remove();
  for (const link of [...parsed.querySelectorAll("a")]) {
    const title = link.getAttribute("xlink:title");
    if (title) link.parentNode.prepend(drawn("title", {}, title));
    link.replaceWith(...link.childNodes);
  }
  for (const node of [parsed, ...parsed.querySelectorAll("*")])
    for (const { name } of [...node.attributes])
      if (name.startsWith("on") || name.includes("href")) node.removeAttribute(name);
  // A node's first title is its tooltip, the second its name in the DOT file.
  for (const group of parsed.querySelectorAll("g.node, g.edge, g.cluster, g.graph")) {
    const titles = [...group.children].filter((child) => child.nodeName === "title");
    const inner = group.querySelector("g > title");
    for (const title of titles) title.remove();
    if (inner) group.prepend(inner);
  }
  return document.importNode(parsed, true);
}

const ZOOM_STEP = 1.25, LEAST_ZOOM = 0.1, MOST_ZOOM = 12;

class GraphView {
  // `onNode` is called with the id of a node or edge that was clicked, or with null; `more` stands beside the buttons.
  constructor(svg, onNode, more = null) {
    this.svg = svg;
    this.full = svg.viewBox.baseVal ? [...svg.getAttribute("viewBox").split(/[ ,]+/).map(Number)] : [0, 0, 100, 100];
    this.width = this.full[2];
    this.height = this.full[3];
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    this.canvas = element("div", { class: "canvas", tabindex: "0", role: "img", "aria-label": "graph of the finding" }, svg);
    this.scaleText = element("span", { class: "scale" });
    this.panel = element("div", { class: "graph-panel" },
      element("div", { class: "graph-tools" }, more,
        element("button", { title: "closer (+)", "aria-label": "closer", onclick: () => this.zoom(ZOOM_STEP) }, "+"),
        element("button", { title: "farther (-)", "aria-label": "farther", onclick: () => this.zoom(1 / ZOOM_STEP) }, "−"),
        element("button", { title: "all of it (0)", "aria-label": "all of it", onclick: () => this.fit() }, "⤢"), this.scaleText), this.canvas);
    this.onNode = onNode;
    this.listen();
    requestAnimationFrame(() => this.fit());
  }

  // As big as the panel and the rest of the window allow, but never bigger than drawn.
  fit() {
    const box = this.canvas.getBoundingClientRect();
    if (!box.width) return;
    const pixelsPerUnit = 4 / 3;
    this.natural = pixelsPerUnit;
    const wanted = Math.min(box.width / this.width, pixelsPerUnit);
    const above = Math.min(Math.max(box.top, 0), window.innerHeight / 2);
    const tallest = Math.max(300, window.innerHeight - above - 24);
    const scale = Math.min(wanted, Math.max(tallest / this.height, wanted * 0.35));
    this.canvas.style.height = `${Math.min(tallest, Math.max(150, this.height * scale)) + 8}px`;
    this.show(scale, this.full[0] + this.width / 2, this.full[1] + this.height / 2);
  }

  show(scale, x, y) {
    const box = this.canvas.getBoundingClientRect();
    this.scale = Math.min(Math.max(scale, LEAST_ZOOM), MOST_ZOOM);
    this.x = x;
    this.y = y;
    const width = box.width / this.scale, height = this.canvas.clientHeight / this.scale;
    this.svg.setAttribute("viewBox", `${x - width / 2} ${y - height / 2} ${width} ${height}`);
    this.scaleText.textContent = `${Math.round((100 * this.scale) / this.natural)} %`;
  }

  // Keeps the point under the pointer where it is.
  zoom(factor, clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const dx = clientX === undefined ? 0 : clientX - box.left - box.width / 2;
    const dy = clientY === undefined ? 0 : clientY - box.top - box.height / 2;
    const before = this.scale, after = Math.min(Math.max(before * factor, LEAST_ZOOM), MOST_ZOOM);
    this.show(after, this.x + dx / before - dx / after, this.y + dy / before - dy / after);
  }

  select(id) {
    for (const chosen of this.svg.querySelectorAll(".chosen")) chosen.classList.remove("chosen");
    const group = id && this.svg.querySelector(`[id="${CSS.escape(id)}"]`);
    if (group) group.classList.add("chosen");
  }

  listen() {
    let from = null, moved = false;
    this.canvas.addEventListener("wheel", (event) => {
      if (!event.ctrlKey && document.activeElement !== this.canvas) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * 0.002), event.clientX, event.clientY);
    }, { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => {
      from = { x: event.clientX, y: event.clientY, viewX: this.x, viewY: this.y };
      moved = false;
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (!from || !(event.buttons & 1)) return;
      const dx = event.clientX - from.x, dy = event.clientY - from.y;
      moved = moved || Math.abs(dx) + Math.abs(dy) > 4;
      if (moved) this.show(this.scale, from.viewX - dx / this.scale, from.viewY - dy / this.scale);
    });
    this.canvas.addEventListener("click", (event) => {
      from = null;
      if (moved) return;
      const group = event.target.closest("g.node, g.edge");
      this.onNode(group ? group.id : null);
    });
    this.canvas.addEventListener("dblclick", (event) => this.zoom(2, event.clientX, event.clientY));
    this.canvas.addEventListener("keydown", (event) => {
      const step = 40 / this.scale;
      const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
      if (event.key === "+" || event.key === "=") this.zoom(ZOOM_STEP);
      else if (event.key === "-") this.zoom(1 / ZOOM_STEP);
      else if (event.key === "0") this.fit();
      else if (moves[event.key]) this.show(this.scale, this.x + moves[event.key][0], this.y + moves[event.key][1]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}

// The cycle alone, for findings that were not drawn by Graphviz: its nodes one below the other, an arc back.
function plainDrawing(finding) {
  const ring = finding.edges.slice(0, finding.ring);
  if (!ring.length) return null;
  const width = 250, height = 44, gap = 52, left = 20, x = left + 60;
  const svg = drawn("svg", { viewBox: `0 0 ${x + width + 320} ${ring.length * (height + gap) + 20}`, class: "plain" });
  svg.append(drawn("defs", {}, drawn("marker", { id: "tip", viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 7, markerHeight: 7, orient: "auto" },
    drawn("path", { d: "M0 0L10 5L0 10z", class: "tip" }))));
  ring.forEach((edge, i) => {
    const node = finding.nodes[edge.a], y = 10 + i * (height + gap);
    const group = drawn("g", { class: "node cycle", id: `f${finding.fingerprint}-n${edge.a}` },
      drawn("path", { d: `M${x} ${y}h${width}v${height}h${-width}z` }),
      drawn("text", { x: x + width / 2, y: y + 19, "text-anchor": "middle", "font-size": 12, "font-weight": "bold" }, nodeTitle(node)),
      drawn("text", { x: x + width / 2, y: y + 35, "text-anchor": "middle", "font-size": 10 }, node.account ? `strong count ${node.account[0]}` : bytesText(node.bytes)));
    const last = i + 1 === ring.length, top = 10;
    const way = last ? `M${x} ${y + height / 2}C${left - 40} ${y + height / 2} ${left - 40} ${top + height / 2} ${x} ${top + height / 2}`
      : `M${x + width / 2} ${y + height}v${gap - 2}`;
    svg.append(group, drawn("g", { class: `edge ring ${edge.weaken ? "weaken" : ""}`, id: `f${finding.fingerprint}-e${i}` },
      drawn("path", { d: way, fill: "none", "stroke-width": edge.weaken ? 3.5 : 2, "marker-end": "url(#tip)" }),
      drawn("text", { x: x + width / 2 + 10, y: y + height + gap / 2 + 4, "font-size": 11 }, (last ? "back by " : "") + cut(edge.via, 60))));
  });
  return svg;
}

function nodeTitle(node) {
  if (node.role === "rest") return node.count ? `… ${plural(node.count, "more object")}` : "… more objects";
  const type = shortName(node.type);
  if (node.elided) return `… ${countText(node.count)} more ${type}`;
  return node.count > 1 ? `${countText(node.count)} × ${type}` : type;
}
