// CPython: what waits for its cycle collector, what the collector costs, and how full the pools of its allocator are.

// Of a sum that only rises: what each snapshot has more than the one before.
const rises = (values) => values.map((value, i) => value - (i ? values[i - 1] : 0));

function backlogCharts() {
  const { snapshots } = page.history, column = (name) => snapshots.map((snapshot) => snapshot.collector[name]);
  const waiting = column("waiting"), bytes = column("waiting_bytes"), paused = rises(column("nanoseconds")), runs = rises(column("timed"));
  const tips = paused.map((pause, i) => `${i ? `between snapshots ${i} and ${i + 1}` : "before snapshot 1"}: ${plural(runs[i], "collection")}, ${pauseText(pause)}`);
  const range = (values, text) => element("span", { class: "range" }, rangeText(values, text));
  return [element("div", { class: "charts" },
    lineChart({ values: waiting, text: countText, what: "Garbage that waits for the collector, objects", title: ["Garbage that waits for the collector", range(waiting, objectsText)] }),
    lineChart({ values: bytes, text: bytesText, what: "Garbage that waits for the collector, bytes", title: ["The same in bytes", range(bytes, bytesText)] }),
    barChart({ values: paused, text: pauseText, tips, what: "Time the program stood still for collections", title: ["Time spent in collections, up to each snapshot",
      element("span", { class: "range" }, `${pauseText(paused.reduce((a, b) => a + b, 0))} in all, longest ${pauseText(Math.max(...column("longest_nanoseconds")))}`)] })),
  numbersTable([{ title: "waiting", values: waiting, text: countText }, { title: "bytes", values: bytes, text: bytesText }, { title: "tracked", values: column("tracked"), text: countText },
    { title: "collections", values: runs, text: countText }, { title: "time in them", values: paused, text: pauseText }])];
}

function collectorSection(state) {
  const waiting = state.generations.reduce((sum, row) => sum + row.waiting, 0), bytes = state.generations.reduce((sum, row) => sum + row.waiting_bytes, 0);
  const runs = state.generations.reduce((sum, row) => sum + row.timed, 0), time = state.generations.reduce((sum, row) => sum + row.nanoseconds, 0);
  const longest = Math.max(...state.generations.map((row) => row.longest_nanoseconds));
  const sentence = waiting ? `${plural(waiting, "object")} (${bytesText(bytes)}) are garbage in cycles that the collector has not freed yet.` : "No garbage waits for the collector.";
  const generations = state.generations.map((row, i) => [i === 3 ? "frozen" : `generation ${i}`, countText(row.tracked), countText(row.waiting), bytesText(row.waiting_bytes), `${countText(row.count)} of ${countText(row.threshold)}`,
    countText(row.collections), countText(row.collected), countText(row.uncollectable), pauseText(row.longest_nanoseconds)]).filter((row, i) => i < 3 || row[1] !== "0");
  return section("Cycle collector", element("p", {}, sentence, state.enabled ? "" : element("b", {}, " It is switched off: it runs only when told to."),
      runs ? ` ${plural(runs, "collection")} took ${pauseText(time)} since the agent looks, the longest ${pauseText(longest)}.` : ""),
    page.history && page.history.has_collector ? backlogCharts() : null,
    simpleTable(["generation", "tracked", "garbage", "bytes", "count towards next", "collections", "collected", "uncollectable", "longest"], generations, 1),
    state.waiting.length ? [element("h4", {}, "The garbage, by type"), sortableTable([{ title: "type", cell: (row) => typeName(row[0]), by: (row) => row[0] },
      { title: "objects", number: true, cell: (row) => countText(row[1]), by: (row) => row[1] }, { title: "bytes", number: true, cell: (row) => bytesText(row[2]), by: (row) => row[2] },
      ...[0, 1, 2].map((number) => ({ title: `generation ${number}`, number: true, cell: (row) => countText(row[3][number]), by: (row) => row[3][number] }))], state.waiting, 20)] : null);
}

// ---- pools

const LEVELS = ["empty", "under ¼ full", "¼ to ½", "½ to ¾", "over ¾", "full"];
function levelOf(part, whole) {
  if (!part) return 0;
  return part >= whole ? 5 : 1 + Math.min(3, Math.floor((4 * part) / whole));
}
// Rounded down: 100 % only when all.
function percentText(part, whole) {
  const tenths = whole ? Math.floor((1000 * part) / whole) : 0;
  return tenths < 10 || (tenths >= 990 && tenths < 1000) ? `${(tenths / 10).toFixed(1)} %` : `${Math.floor(tenths / 10)} %`;
}

const CELL = 11;
// A box that is as full as what it stands for; its colour says the same once more.
function poolCell(x, y, part, whole, kind, text) {
  const level = levelOf(part, whole), tall = part ? Math.max(1.5, ((CELL - 2) * part) / whole) : 0;
  return drawn("g", { class: `pool ${kind}` }, drawn("title", {}, text), drawn("rect", { class: "box", x: x + 0.5, y: y + 0.5, width: CELL - 1, height: CELL - 1 }),
    tall ? drawn("rect", { class: `level${level}`, x: x + 1, y: y + CELL - 1 - tall, width: CELL - 2, height: tall }) : null);
}

function poolLegend(counts, what) {
  return element("p", { class: "legend pools" }, element("b", {}, what), LEVELS.map((name, level) => element("span", {}, drawn("svg", { viewBox: `0 0 ${CELL} ${CELL}`, width: CELL + 3, height: CELL + 3, "aria-hidden": "true" }, poolCell(0, 0, [0, 0.22, 0.45, 0.7, 0.9, 1][level], 1, "", name)),
    ` ${name}: ${countText(counts[level])}`)));
}

// One square a pool, a block of squares an arena; emptiest arenas first.
function arenaTile([number, address, pools], capacity) {
  const columns = 8, count = pools.length / 2, rows = Math.ceil(count / columns);
  let live = 0;
  const cells = [];
  for (let i = 0; i < count; i++) {
    const block = pools[2 * i], blocks = pools[2 * i + 1];
    live += block * blocks;
    cells.push(poolCell((i % columns) * CELL, Math.floor(i / columns) * CELL, blocks, capacity.get(block) || blocks, blocks ? `c${block}` : "",
      blocks ? `pool of ${block}-byte blocks: ${countText(blocks)} of ${countText(capacity.get(block) || blocks)} in use` : "empty pool: free for blocks of any size"));
  }
  const whole = count * page.interpreter.allocator.pool_size, said = `arena ${number} at ${address}: ${plural(count, "pool")}, ${percentText(live, whole)} in use`;
  const svg = drawn("svg", { viewBox: `0 0 ${columns * CELL} ${rows * CELL}`, width: columns * CELL, height: rows * CELL, role: "img", "aria-label": said }, cells);
  return { part: live / whole, tile: element("figure", { class: live * 4 < whole ? "arena sparse" : "arena" }, svg, element("figcaption", { title: said }, percentText(live, whole))) };
}

function poolMap({ arenas, classes }) {
  const capacity = new Map(classes.map(([block, pools, , room]) => [block, room / pools])), counts = [0, 0, 0, 0, 0, 0];
  for (const [, , pools] of arenas) for (let i = 0; i < pools.length; i += 2) counts[levelOf(pools[i + 1], capacity.get(pools[i]) || pools[i + 1])]++;
  const tiles = arenas.map((arena) => arenaTile(arena, capacity)).sort((a, b) => a.part - b.part);
  return [element("p", { class: "soft" }, "A square is a pool: it holds blocks of one size, and is drawn as full as it is. A group of squares is an arena, with the part of it that is in use below; emptiest first."),
    poolLegend(counts, "Pools"), element("div", { class: "arenas" }, tiles.map(({ tile }) => tile))];
}

// Too many pools to draw: a square is an arena, or several.
function arenaMap({ cells, arenas_in_cell: each, pool_count: pools }) {
  const columns = 64, counts = [0, 0, 0, 0, 0, 0], order = [...cells].sort((a, b) => a[2] / a[3] - b[2] / b[3]);
  for (const [, , live, whole] of cells) counts[levelOf(live, whole)]++;
  const drawnCells = order.map(([number, held, live, whole], i) => poolCell((i % columns) * CELL, Math.floor(i / columns) * CELL, live, whole, live * 4 < whole ? "sparse" : "",
    `${each > 1 ? `arenas from ${number} on` : `arena ${number}`}: ${plural(held, "pool")}, ${percentText(live, whole)} of ${bytesText(whole)} in use`));
  const svg = drawn("svg", { viewBox: `0 0 ${columns * CELL} ${Math.ceil(cells.length / columns) * CELL}`, class: "arena-map", role: "img", "aria-label": `${plural(cells.length, "square")}: ${LEVELS.map((name, i) => `${counts[i]} ${name}`).join(", ")}` }, drawnCells);
  return [element("p", { class: "soft" }, `There are ${countText(pools)} pools, too many to draw each: a square is ${each > 1 ? `${each} arenas` : "one arena"}, drawn as full as ${each > 1 ? "they are" : "it is"}; emptiest first.`), poolLegend(counts, each > 1 ? `Groups of ${each} arenas` : "Arenas"), svg];
}

function classTable(allocator, map) {
  const pick = (button, block) => {
    const on = button.getAttribute("aria-pressed") !== "true";
    for (const other of button.closest("table").querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", on);
    map.classList.toggle("picking", on);
    for (const pool of map.querySelectorAll(".pool")) pool.classList.toggle("picked", on && pool.classList.contains(`c${block}`));
  };
  const bar = (part, whole) => [element("span", { class: "meter", "aria-hidden": "true" }, element("i", { class: `level${levelOf(part, whole)}`, style: `width:${(100 * part) / whole}%` })), element("span", { class: "percent" }, percentText(part, whole))];
  return sortableTable([{ title: "block size", number: true, cell: ([block]) => (allocator.arenas ? element("button", { class: "pick", "aria-pressed": "false", title: "show its pools in the map", onclick: (event) => pick(event.currentTarget, block) }, `${block} B`) : `${block} B`), by: (row) => row[0] },
    { title: "pools", number: true, cell: (row) => countText(row[1]), by: (row) => row[1] }, { title: "blocks in use", number: true, cell: (row) => countText(row[2]), by: (row) => row[2] },
    { title: "of", number: true, cell: (row) => countText(row[3]), by: (row) => row[3] }, { title: "occupancy", number: true, cell: (row) => bar(row[2], row[3]), by: (row) => row[2] / row[3] },
    { title: "lies idle", number: true, cell: (row) => bytesText(row[4]), by: (row) => row[4] }], allocator.classes, 64);
}

function keptTable(rows) {
  return sortableTable([{ title: "type", cell: (row) => typeName(row[0]), by: (row) => row[0] }, { title: "objects", number: true, cell: (row) => countText(row[1]), by: (row) => row[1] },
    { title: "bytes", number: true, cell: (row) => bytesText(row[2]), by: (row) => row[2] }], rows, 8);
}

function allocatorSection(allocator) {
  const { pool_count: pools, pool_bytes: bytes, live_bytes: live, empty_pools: empty, empty_bytes: emptyBytes, sparse_arenas: sparse, sparse_bytes: sparseBytes, arena_count: arenas } = allocator;
  const map = element("div", { class: "pool-map" }, allocator.arenas ? poolMap(allocator) : arenaMap(allocator));
  return section("Memory of small objects", element("p", {}, `CPython's allocator has ${bytesText(bytes)} in ${plural(pools, "pool")} of ${plural(arenas, "arena")}. `, element("b", {}, `${percentText(live, bytes)} of it is in use`),
      `; ${bytesText(bytes - live - emptyBytes)} lie idle in pools that are partly used, ${bytesText(emptyBytes)} in ${plural(empty, "empty pool")}.`),
    sparse ? element("p", { class: "sparse-note" }, `${plural(sparse, "arena")} (${bytesText(sparseBytes)}) ${sparse === 1 ? "is" : "are"} less than a quarter full: an arena goes back to the system only when its last block is freed.`) : null,
    map, sparse && page.interpreter.in_sparse_arenas.length ? [element("h4", {}, "What keeps the arenas that are less than a quarter full"), keptTable(page.interpreter.in_sparse_arenas)] : null,
    element("h4", {}, "By block size"), element("div", { class: "by-size" }, classTable(allocator, map)));
}

function interpreterView() {
  const state = page.interpreter, { allocator } = state;
  const facts = [[countText(state.generations.reduce((sum, row) => sum + row.waiting, 0)), "objects wait for the collector"]];
  if (allocator) facts.push([percentText(allocator.live_bytes, allocator.pool_bytes), `of ${bytesText(allocator.pool_bytes)} for small objects in use`]);
  facts.push([countText(state.interned[0]), `interned strings, ${bytesText(state.interned[1])}`]);
  if (state.immortal[0]) facts.push([countText(state.immortal[0]), `immortal objects, ${bytesText(state.immortal[1])}`]);
  return element("article", { class: "interpreter" }, element("h1", {}, "CPython: collector and allocator"),
    element("div", { class: "facts" }, facts.map(([value, what]) => element("div", { class: "fact" }, element("b", {}, value), what))),
    collectorSection(state), allocator ? allocatorSection(allocator) : null);
}
