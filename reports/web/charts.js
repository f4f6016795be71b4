// Flame graph, treemap and table. Colours come from the page's style; nothing depends on hue alone.

// Call stacks merged from the outermost frame down. `rows`: {stack, count, bytes}.
function flameTree(rows, weight) {
  const top = { name: "all", value: 0, below: new Map() };
  for (const row of rows) {
    if (row.stack === null) continue;
    top.value += row[weight];
    let at = top;
    for (const frame of [...page.stacks[row.stack]].reverse()) {
      if (!at.below.has(frame)) at.below.set(frame, { frame, value: 0, count: 0, bytes: 0, below: new Map() });
      at = at.below.get(frame);
      at.value += row[weight];
      at.count += row.count;
      at.bytes += row.bytes;
    }
  }
  return top;
}

function flameGraph(rows, weight = "bytes") {
  const tree = flameTree(rows, weight);
  if (!tree.value) return null;
  const detail = element("p", { class: "soft flame-detail" }, "Width: bytes. Callers above, allocation below.");
  const chart = element("div", { class: "flame", role: "img", "aria-label": "flame graph of birth stacks" });
  const level = (nodes, total, depth) => {
    if (!nodes.length || depth > 60) return null;
    const row = element("div", { class: "flame-row" });
    for (const node of nodes) {
      const share = node.value / total;
      if (share < 0.004) continue;
      const [name, where, whole] = page.frames[node.frame];
      const text = `${whole}\n${where}\n${plural(node.count, "object")}, ${bytesText(node.bytes)}`;
      row.append(element("div", { class: "flame-node", style: `width:${share * 100}%` },
        element("button", { class: `flame-bar tone${toneOf(name)}`, title: text, onclick: () => { detail.textContent = text.replace(/\n/g, " · "); } },
          frameText(node.frame)),
        level([...node.below.values()].sort((a, b) => b.value - a.value), node.value, depth + 1)));
    }
    return row;
  };
  chart.append(level([...tree.below.values()].sort((a, b) => b.value - a.value), tree.value, 0));
  return element("div", {}, chart, detail);
}

// Equal names have equal tones, whatever stands beside them.
function toneOf(name) {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)) >>> 0;
  return hash % 5;
}

// Squarified treemap (Bruls, Huizing, van Wijk 2000): rows of rectangles as near to squares as they can be.
function squarify(items, box) {
  const placed = [];
  let { x, y, width, height } = box, rest = items.reduce((sum, item) => sum + item.value, 0), at = 0;
  const worst = (row, sum, side, area) => {
    const thick = (sum * area) / side;
    return Math.max(...row.map((item) => { const long = (item.value * area) / thick; return Math.max(long / thick, thick / long); }));
  };
  while (at < items.length && width > 1 && height > 1 && rest > 0) {
    const side = Math.min(width, height), area = (width * height) / rest;
    const row = [items[at++]];
    let sum = row[0].value;
    while (at < items.length && worst([...row, items[at]], sum + items[at].value, side, area) <= worst(row, sum, side, area)) {
      sum += items[at].value;
      row.push(items[at++]);
    }
    const thick = (sum * area) / side;
    let along = 0;
    for (const item of row) {
      const long = (item.value * area) / thick;
      placed.push(width >= height ? { item, x, y: y + along, width: thick, height: long } : { item, x: x + along, y, width: long, height: thick });
      along += long;
    }
    if (width >= height) { x += thick; width -= thick; } else { y += thick; height -= thick; }
    rest -= sum;
  }
  return placed;
}

// `tree` rows: [parent, type, count, bytes, retained], parents first. Click opens a branch, the path above closes it.
function treemap(tree) {
  const below = new Map();
  tree.forEach(([parent], row) => below.set(parent, [...(below.get(parent) || []), row]));
  const path = element("p", { class: "crumbs" }), canvas = element("div", { class: "treemap" });
  const label = (row) => (row < 0 ? "whole heap" : `${countText(tree[row][2])} × ${shortName(tree[row][1])}`);
  const open = (row) => {
    path.replaceChildren();
    for (let at = row; ; at = tree[at][0]) {
      path.prepend(element("button", { class: "crumb", onclick: () => open(at) }, label(at)), at < 0 ? "" : " › ");
      if (at < 0) break;
    }
    canvas.replaceChildren();
    const width = canvas.clientWidth || 800, height = canvas.clientHeight || 380;
    place1(row, { x: 0, y: 0, width, height }, 0);
  };
  const place1 = (row, box, depth) => {
    const items = (below.get(row) || []).map((child) => ({ row: child, value: tree[child][4] })).filter((item) => item.value > 0);
    items.sort((a, b) => b.value - a.value);
    // What the branch has for itself keeps its share as empty space.
    const whole = row < 0 ? items.reduce((sum, item) => sum + item.value, 0) : tree[row][4];
    const own = whole - items.reduce((sum, item) => sum + item.value, 0);
    if (own > 0) items.push({ row: -1, value: own });
    for (const { item, x, y, width, height } of squarify(items, box)) {
      if (item.row < 0 || width < 3 || height < 3) continue;
      const [, type, count, bytes, retained] = tree[item.row];
      const text = `${plural(count, "object")} of ${shortName(type)}\n${bytesText(bytes)} themselves\n${bytesText(retained)} retained`;
      canvas.append(element("button", { class: `cell depth${depth} tone${toneOf(type)}`, title: text, onclick: () => open(item.row),
        style: `left:${x}px;top:${y}px;width:${width}px;height:${height}px` },
        width > 46 && height > 15 ? `${count > 1 ? `${countText(count)} × ` : ""}${shortName(type)} ${bytesText(retained)}` : ""));
      if (depth < 2 && width > 40 && height > 40) place1(item.row, { x: x + 3, y: y + 18, width: width - 6, height: height - 21 }, depth + 1);
    }
  };
  const whole = element("div", {}, path, canvas);
  new ResizeObserver(() => { if (canvas.clientWidth && canvas.clientWidth !== canvas.drawnWidth) { canvas.drawnWidth = canvas.clientWidth; open(-1); } }).observe(canvas);
  return whole;
}

// `columns`: {title, cell(row) -> text or element, by(row) -> number or text}. A click on a title sorts.
function sortableTable(columns, rows, most = 100) {
  const body = element("tbody"), more = element("button", { class: "more" });
  let order = [...rows], shown = most, sorted = null, down = true;
  const fill = () => {
    body.replaceChildren(...order.slice(0, shown).map((row) => element("tr", {}, columns.map((column) => element("td", { class: column.number && "number" }, column.cell(row))))));
    more.hidden = order.length <= shown;
    more.textContent = `${countText(order.length - shown)} more`;
  };
  const head = element("tr", {}, columns.map((column) => element("th", { class: column.number && "number" },
    element("button", { class: "sort", onclick: (event) => {
      down = sorted === column ? !down : true;
      sorted = column;
      const sign = down ? 1 : -1, compare = (a, b) => (typeof a === "number" ? b - a : String(a).localeCompare(String(b)));
      order = [...rows].sort((a, b) => sign * compare(column.by(a), column.by(b)));
      for (const other of head.querySelectorAll("th")) other.removeAttribute("aria-sort");
      event.target.closest("th").setAttribute("aria-sort", down ? "descending" : "ascending");
      fill();
    } }, column.title))));
  more.addEventListener("click", () => { shown += most * 2; fill(); });
  fill();
  return element("div", { class: "table-wrap" }, element("table", {}, element("thead", {}, head), body), more);
}

function simpleTable(titles, rows, numbersFrom = 0) {
  return element("div", { class: "table-wrap" }, element("table", {},
    element("thead", {}, element("tr", {}, titles.map((title, i) => element("th", { class: i >= numbersFrom && "number" }, title)))),
    element("tbody", {}, rows.map((row) => element("tr", {}, row.map((cell, i) => element("td", { class: i >= numbersFrom && "number" }, cell)))))));
}
