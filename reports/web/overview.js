// The whole heap: where the bytes are.

function sizeTable(rows, what) {
  const numbers = [["objects", 1, countText], ["bytes", 2, bytesText], ["retained", 3, bytesText]];
  return sortableTable([{ title: what, cell: (row) => typeName(row[0]), by: (row) => row[0] },
    ...numbers.map(([title, at, text]) => ({ title, number: true, cell: (row) => text(row[at]), by: (row) => row[at] }))], rows, 50);
}

function birthTable(rows) {
  return sortableTable([
    { title: "born in", cell: (row) => (row.stack === null ? "unknown or left out" : element("details", {}, element("summary", {}, frameText(page.stacks[row.stack][0])), stackList(row.stack))), by: (row) => (row.stack === null ? "" : frameText(page.stacks[row.stack][0])) },
    { title: "objects", number: true, cell: (row) => countText(row.count), by: (row) => row.count },
    { title: "bytes", number: true, cell: (row) => bytesText(row.bytes), by: (row) => row.bytes },
    { title: "retained", number: true, cell: (row) => bytesText(row.retained), by: (row) => row.retained }], rows, 50);
}

function tabs(choices) {
  const body = element("div", { class: "tab-body" });
  const buttons = choices.map(([title, make]) => element("button", { role: "tab", class: "tab", onclick: (event) => {
    for (const button of buttons) button.setAttribute("aria-selected", button === event.target);
    body.replaceChildren(make() || "nothing recorded");
  } }, title));
  setTimeout(() => buttons[0].click());
  return element("div", {}, element("div", { class: "tabs", role: "tablist" }, buttons), body);
}

function mapView(source) {
  const svg = source && importDrawing(source);
  return svg ? new GraphView(svg, () => {}).panel : element("p", {}, "The map could not be drawn in time.");
}

function overviewView() {
  const { totals, overview, process } = page;
  const facts = [[countText(page.findings.length), "findings"], [countText(totals.blocks), "blocks"], [bytesText(totals.bytes), "in them"],
    [bytesText(totals.unreachable_bytes), "unreachable"], [`${countText(totals.explained)} of ${countText(totals.counted)}`, "counts explained"]];
  const born = overview && overview.births.some((row) => row.stack !== null);
  return element("article", { class: "overview" },
    element("h1", {}, process.program || "heap"),
    element("p", { class: "soft" }, `${process.command_line} · pid ${process.pid} · ${process.reason}`),
    element("div", { class: "facts" }, facts.map(([value, what]) => element("div", { class: "fact" }, element("b", {}, value), what))),
    overview ? [section("What retains the bytes", element("p", { class: "soft" }, "A box is freed with the box around it. Click to open one."), treemap(overview.tree)),
      section("Sizes", tabs([["by type", () => sizeTable(overview.types, "type")], ["by library", () => sizeTable(overview.libraries, "library of the birth")],
        ["by birth", () => born && birthTable(overview.births)], ["births as flame graph", () => flameGraph(overview.births)]])),
      section("Types and their references", element("p", { class: "soft" }, "The types that retain most; an arrow stands for all references between two of them, dotted where none owns."), mapView(overview.map))] : null,
    page.warnings.length ? section("Notes", element("ul", {}, page.warnings.map((warning) => element("li", {}, warning)))) : null,
    page.suppressed.length ? section("Suppressed", element("ul", {}, page.suppressed.map((finding) => element("li", {}, finding.summary, element("span", { class: "soft" }, ` ${finding.suppressed_by || ""}`))))) : null);
}
