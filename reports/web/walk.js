// Only where `reftally view` serves the page: search all objects, step to holders and held, draw picked ones.

const canWalk = () => document.getElementById("walk") !== null;
const walk = { picked: [], drawing: 0 };

async function ask(what, terms) {
  const answer = await fetch(`${what}?${new URLSearchParams(terms)}`);
  if (!answer.ok) throw new Error(`the server refused: ${answer.status}`);
  return answer.json();
}

function walkLink(row) {
  return element("a", { class: "walk-link", href: `#walk/${row.id}` }, element("code", {}, row.type), element("span", { class: "place" }, row.address));
}

function pickButton(row) {
  return element("button", { class: "pick", title: "draw it", onclick: () => pick(row.id) }, "⊕");
}

function walkTable(rows, total, withMember) {
  if (!rows.length) return element("p", { class: "soft" }, "none");
  const columns = [{ title: "object", cell: (row) => [pickButton(row), " ", walkLink(row)], by: (row) => row.type },
    { title: "bytes", number: true, cell: (row) => bytesText(row.bytes), by: (row) => row.bytes },
    { title: "retained", number: true, cell: (row) => bytesText(row.retained), by: (row) => row.retained }];
  if (withMember) columns.unshift({ title: "member", cell: (row) => memberName(row.member), by: (row) => row.member }, { title: "reference", cell: (row) => kindText(row), by: (row) => row.kind });
  return element("div", {}, sortableTable(columns, rows), total > rows.length ? element("p", { class: "soft" }, `the first ${rows.length} of ${countText(total)}`) : null);
}

async function pick(id) {
  if (!walk.picked.includes(id)) walk.picked.push(id);
  await drawPicked();
}

async function drawPicked() {
  const place = document.getElementById("picked"), turn = ++walk.drawing;
  if (!place || !walk.picked.length) return;
  const { svg } = await ask("graph", { ids: walk.picked.join(",") });
  const drawing = svg && importDrawing(svg);
  if (turn !== walk.drawing) return;
  place.replaceChildren(drawing ? new GraphView(drawing, (node) => {
    const match = node && node.match(/^walk-n(\d+)$/);
    if (match) location.hash = `walk/${match[1]}`;
  }, element("button", { class: "clear", onclick: () => { walk.picked = []; place.replaceChildren(); } }, "clear")).panel : "Graphviz could not draw these in time.");
}

async function showSearch(query, place) {
  const { types, objects } = await ask("search", { q: query });
  place.replaceChildren(
    types.length ? element("p", {}, types.slice(0, 20).map((row, i) => [i ? ", " : "", `${countText(row.count)} `, element("code", {}, row.type)])) : "",
    objects.length ? walkTable(objects, 0, false) : element("p", { class: "soft" }, "no such object"));
}

async function showObject(id, place) {
  const object = await ask("object", { id });
  const [root] = object.roots;
  place.replaceChildren(element("div", { "data-object": id },
    element("h2", {}, pickButton(object), " ", element("code", {}, object.type), " ", element("span", { class: "place" }, object.address)),
    element("p", {}, `${bytesText(object.bytes)}, retains ${bytesText(object.retained)}`, object.account ? ` · ${sumText(object.account)}` : ""),
    object.roots.length ? element("p", {}, "held by root ", object.roots.map((name, i) => [i ? ", " : "", element("code", {}, name)])) : null,
    !root && object.way.length ? section("Shortest way to a root", element("ol", {}, object.way.map((step) => element("li", {}, memberName(step.member), " of ", walkLink(step))))) : null,
    object.dominators.length ? section("Freed with", element("p", {}, object.dominators.map((row, i) => [i ? " ‹ " : "", walkLink(row)]))) : null,
    section(`Held by (${countText(object.holder_count)})`, walkTable(object.holders, object.holder_count, true)),
    section(`Holds (${countText(object.held_count)})`, walkTable(object.held, object.held_count, true)),
    object.dominated.length ? section("Frees with it, heaviest first", walkTable(object.dominated, 0, false)) : null,
    object.born.length ? section("Born in", element("ol", { class: "stack" }, object.born.map((frame) => element("li", {}, element("code", {}, frame))))) : null));
}

function walkView(id) {
  const found = element("div", { id: "found" }), picked = element("div", { id: "picked" });
  const failed = (error) => found.replaceChildren(element("p", { class: "badge error" }, String(error)));
  const box = element("input", { type: "search", id: "walk-search", placeholder: "type or 0x address, Enter", "aria-label": "search objects" });
  const form = element("form", { onsubmit: (event) => { event.preventDefault(); showSearch(box.value, found).catch(failed); } }, box);
  if (id) showObject(id, found).catch(failed);
  else showSearch("", found).catch(failed);
  setTimeout(() => drawPicked().catch(failed));
  return element("article", { class: "walk" }, element("h1", {}, "Every object"), form, picked, found);
}
