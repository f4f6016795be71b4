// One finding: the sentence, what to do, the graph, and what it rests on.

// Of what should be gone: the reference that still has it.
function lastHoldCard(finding) {
  const last = finding.path[finding.path.length - 1];
  if (finding.ring || !last || !last.last_hold) return null;
  return element("section", { class: "advice safe" }, element("h2", {}, "Let go of it at ", memberName(last.member || last.from)),
    last.at ? element("p", { class: "soft" }, "declared at ", element("code", {}, last.at)) : null);
}

function adviceCard(finding) {
  const advice = finding.advice;
  if (!advice) return lastHoldCard(finding);
  const effect = advice.breaks < finding.instances ? `breaks ${countText(advice.breaks)} of the ${countText(finding.instances)} cycles`
    : advice.breaks > 1 ? `breaks all ${countText(advice.breaks)} cycles` : "breaks the cycle";
  return element("section", { class: `advice ${advice.safe ? "safe" : ""}` },
    element("h2", {}, advice.safe ? "Fix: " : "Maybe: ", advice.action),
    element("p", {}, advice.reason.charAt(0).toUpperCase() + advice.reason.slice(1), ". That ", effect, " and frees ", bytesText(advice.frees), "."),
    sourceLines(advice));
}

function sourceLines(advice) {
  if (!advice.at) return null;
  if (!advice.source.length) return element("p", { class: "soft" }, "declared at ", element("code", {}, advice.at));
  return element("figure", { class: "source" }, element("figcaption", {}, advice.at),
    element("pre", {}, advice.source.map((line) => element("span", { class: line.here ? "line here" : "line", "data-line": line.line }, line.text + "\n"))));
}

// By events: the call that took the reference.
const takerText = (edge) => frameText(page.stacks[edge.taken][0]);
function takerLine(edge, rail = "│     ") {
  if (edge.taken === undefined) return null;
  return element("div", { class: "step taker", title: page.stacks[edge.taken].map(frameText).join("\n") }, rail, "taken by ", takerText(edge));
}

// The cycle as text: a click on a step shows it in the graph.
function stepsSection(finding, show) {
  if (finding.ring) {
    const steps = finding.edges.slice(0, finding.ring).map((edge, i) => [
      element("button", { class: "step object", onclick: () => show("n", edge.a) }, i ? "│  " : "╭▶ ", nodeTitle(finding.nodes[edge.a])),
      element("button", { class: `step ${edge.weaken ? "weaken" : ""}`, onclick: () => show("e", i) }, "│     ", cut(edge.member || "(no name)", 300),
        edge.count > 1 ? ` × ${countText(edge.count)}` : "", edge.weaken ? element("b", {}, "  ◀ mend here") : "", place(edge.at), edge.kind === "strong" ? "" : element("span", { class: "place" }, kindText(edge))), takerLine(edge)]);
    return section("Cycle", element("div", { class: "steps" }, steps, element("div", { class: "step" }, "╰─ back to ", nodeTitle(finding.nodes[finding.edges[0].a]))));
  }
  if (!finding.path.length) return null;
  const [root, ...rest] = finding.path;
  return section("What keeps it alive", element("div", { class: "steps" },
    element("div", { class: "step object" }, "root ", cut(root.from, 300)),
    rest.map((edge) => [element("div", { class: "step object" }, "→ ", edge.left_out ? `… ${countText(edge.left_out)} more ` : "", typeName(edge.from)),
      element("div", { class: edge.last_hold ? "step weaken" : "step" }, "      ", cut(edge.member, 300), edge.last_hold ? element("b", {}, "  ◀ still held here") : "", place(edge.at)), takerLine(edge, "      ")]),
    element("div", { class: "step object" }, "→ ", typeName(finding.path[finding.path.length - 1].to))));
}

const section = (title, ...content) => element("section", {}, element("h2", {}, title), ...content);

function holderTable(holders, account) {
  if (!holders || !holders.length) return null;
  const rows = holders.map((holder) => element("tr", { class: holder.pays ? "pays" : "free" },
    element("td", { class: "number" }, countText(holder.count)), element("td", {}, memberName(holder.member), " ", place(holder.at)),
    element("td", { class: "kind" }, kindText(holder)), element("td", { class: "addresses" }, (holder.of || []).join(", "))));
  const paid = holders.filter((holder) => holder.pays).length;
  if (account) {
    const sum = [];
    if (account[3] !== 0) sum.push(element("tr", { class: "unexplained" }, element("td", { class: "number" }, countText(account[3])), element("td", { colspan: "3" }, account[3] > 0 ? "unexplained: nobody we can see has them" : "too many: more holders than counts")));
    sum.push(element("tr", { class: "sum" }, element("td", { class: "number" }, countText(account[0])), element("td", { colspan: "3" }, "strong count")));
    rows.splice(paid, 0, ...sum);
  }
  return element("div", { class: "table-wrap" }, element("table", { class: "holders" }, element("thead", {}, element("tr", {},
    ["units", "held by", "reference", "at"].map((title, i) => element("th", { class: i === 0 && "number" }, title)))), element("tbody", {}, rows)));
}

function stackList(stack) {
  if (stack === null || stack === undefined) return null;
  return element("ol", { class: "stack" }, page.stacks[stack].map((frame) => {
    const [name, where, whole, path] = page.frames[frame];
    return element("li", { title: `${whole}\n${path}` }, element("code", {}, name), " ", element("span", { class: "place" }, where));
  }));
}

const ROLE_TEXT = { cycle: "in the cycle", member: "in the same component", held: "held by it", root: "root", path: "on the way from the root",
  subject: "the object itself", holder: "points to it", rest: "left out of the picture" };

// What a click on a node shows: its account, its fields in the picture, who made it, who holds it.
function nodeDetail(finding, id) {
  const node = finding.nodes[id];
  const fields = finding.edges.filter((edge) => edge.a === id);
  return element("div", { class: "detail", "data-node": id },
    element("h3", {}, nodeTitle(node)),
    node.type !== shortName(node.type) ? element("p", { class: "soft whole-name" }, element("code", {}, cut(node.type, 600))) : null,
    element("p", { class: "soft" }, [ROLE_TEXT[node.role], node.bytes ? bytesText(node.bytes) : "", node.count === 1 ? node.address : node.address ? `for example ${node.address}` : ""].filter(Boolean).join(" · ")),
    node.account ? element("p", {}, sumText(node.account), node.count > 1 && node.most !== node.account[0] ? ` (others up to ${countText(node.most)})` : "") : null,
    holderTable(node.holders, node.account),
    fields.length ? [element("h4", {}, "Fields in this picture"), element("table", {}, fields.map((edge) => element("tr", {}, element("td", {}, memberName(edge.member || edge.via || "…")),
      element("td", {}, edge.count > 1 ? `× ${countText(edge.count)}` : ""), element("td", {}, "→ ", nodeTitle(finding.nodes[edge.b])), element("td", { class: "kind" }, kindText(edge)))))] : null,
    node.born !== undefined && node.born !== null ? [element("h4", {}, "Born in"), stackList(node.born)] : null);
}

function edgeDetail(finding, id) {
  const edge = finding.edges[id];
  return element("div", { class: "detail", "data-edge": id }, element("h3", {}, memberName(edge.member || "…")),
    element("p", {}, nodeTitle(finding.nodes[edge.a]), " → ", nodeTitle(finding.nodes[edge.b]), edge.count > 1 ? `, ${plural(edge.count, "reference")}` : ""),
    element("p", { class: "soft" }, kindText(edge), edge.at ? `, declared at ${edge.at}` : ""),
    edge.weaken ? element("p", { class: "weaken-note" }, "This is the one to mend.") : null,
    edge.taken !== undefined ? [element("h4", {}, edge.count > 1 ? "One of them taken by" : "Taken by"), stackList(edge.taken)] : null);
}

const LEGEND = [["strong", "owns"], ["weaken", "to mend"], ["weak", "weak"], ["raw", "raw"]];
function legend() {
  return element("p", { class: "legend" }, LEGEND.map(([kind, text]) => element("span", {}, element("i", { class: `sample ${kind}` }), text)));
}

function findingView(finding) {
  const detail = element("aside", { class: "side", "aria-live": "polite" });
  const drawing = finding.picture ? importDrawing(finding.picture) : plainDrawing(finding);
  let graph = null;
  const show = (kind, id, quiet) => {
    detail.replaceChildren(kind === "n" ? nodeDetail(finding, id) : edgeDetail(finding, id));
    if (graph) graph.select(`f${finding.fingerprint}-${kind}${id}`);
    if (!quiet) history.replaceState(null, "", `#f-${finding.fingerprint}/${kind}${id}`);
  };
  if (drawing)
    graph = new GraphView(drawing, (id) => {
      const match = id && id.match(/-([ne])(\d+)$/);
      if (match) show(match[1], Number(match[2]));
    }, legend());
  const view = element("article", { class: "finding" },
    element("header", {}, element("p", { class: "tags" }, element("span", { class: `badge ${finding.severity}` }, finding.severity), element("span", { class: "rule" }, finding.rule), element("span", { class: "soft" }, `${bytesText(finding.retained)} retained · ${plural(finding.instances, "instance")}`)),
      element("h1", {}, arrows(finding.summary))),
    adviceCard(finding),
    graph ? element("div", { class: "graph-and-side" }, graph.panel, element("div", {}, detail, element("p", { class: "hint" }, "Click an object or an arrow for its account, holders and birth."))) : null,
    growthSection(finding),
    takersSection(finding),
    stepsSection(finding, show),
    balanceSection(finding.balance),
    countsSection(finding),
    !finding.ring && finding.holders.length ? section(`Account of ${shortName(finding.subject)}`, element("p", {}, finding.account ? sumText(finding.account) : ""), holderTable(finding.holders, finding.account)) : null,
    finding.births.length ? section("Born in", flameGraph(finding.births)) : finding.born !== null ? section("Born in", stackList(finding.born)) : null,
    section("Objects", element("p", {}, finding.members.map(([type, count], i) => [i ? ", " : "", `${countText(count)} `, typeName(type)]), finding.held ? `; ${plural(finding.held, "more object")} held by them` : "")),
    section("Evidence", element("ul", {}, finding.evidence.map((sentence) => element("li", {}, sentence)), element("li", {}, "fingerprint ", element("code", {}, finding.fingerprint)))));
  const first = finding.nodes.findIndex((node) => node.role === "cycle" || node.role === "subject");
  if (graph && first >= 0) show("n", first, true);
  return { view, show };
}
