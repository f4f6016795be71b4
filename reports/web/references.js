// By reference count events: who took what was never given back, the sums by call path, and counts over time.

const takeText = (row) => (row.release ? "Given back, not taken, by" : row.certain ? "Never given back: taken by" : "Maybe taken by");

function takersSection(finding) {
  if (!finding.acquires) return null;
  return section("Who took it", finding.acquires.map((row) => element("div", { class: "taking" },
    element("h4", {}, `${plural(row.units, "reference")}. `, takeText(row), row.birth ? " the call it was born in" : ""), stackList(row.stack))));
}

// Sums stand where call paths part; what gave back all it took is one line. `node`: see balance_node of page_data.cc.
function balanceRows(node, level) {
  const [calls, balance, paths, balanced, own, more, moreBalance, below] = node;
  const row = (sum, kind, ...text) => element("div", { class: `sum-row ${kind}`, style: `--level:${Math.min(level, 30)}` }, element("span", { class: "number" }, sum > 0 ? `+${countText(sum)}` : countText(sum)), element("span", {}, text));
  if (balanced) return [row(0, "balanced", calls, element("span", { class: "place" }, `${plural(paths, "call path")}, balanced`))];
  const rows = [calls ? row(balance, below.length ? "" : "leaf", calls) : null];
  const under = calls ? level + 1 : level;
  if (own !== null && below.length) rows.push(balanceRows(["itself", own, 1, false, null, 0, 0, []], under));
  rows.push(below.map((child) => balanceRows(child, under)));
  if (more) rows.push(balanceRows([`and ${countText(more)} more`, moreBalance, 1, false, null, 0, 0, []], under));
  return rows;
}

function balanceSection(balance) {
  if (!balance) return null;
  return section("References by call path", element("p", { class: "soft" }, `Taken less given back, of ${plural(balance.objects, "object")}. An object's first reference counts as taken where it was born.`),
    element("div", { class: "sums", role: "tree" }, balanceRows(balance.top, 0)));
}

const secondsText = (seconds) => (seconds >= 1 ? `${seconds.toFixed(3)} s` : seconds >= 1e-3 ? `${(seconds * 1e3).toFixed(3)} ms` : `${(seconds * 1e6).toFixed(0)} µs`);
const callText = (stack) => (stack === null ? "an unknown call" : frameText(page.stacks[stack][0]));

// Steps from event to event. Where a point stands for many events, a band shows how far the count went.
function countChart(counts) {
  const width = 760, height = 190, left = 34, right = 10, top = 14, bottom = 24, floor = height - bottom;
  const { points } = counts, span = points[0][0] || 1, most = Math.max(1, ...points.map((point) => point[2]));
  const x = (seconds) => Number((left + (1 - seconds / span) * (width - left - right)).toFixed(1)), y = (count) => Number((floor - (count / most) * (floor - top)).toFixed(1));
  let line = `M${x(span)} ${y(counts.first)}`, band = [];
  points.forEach(([seconds, least, high, after], i) => {
    line += `H${x(seconds)}V${y(after)}`;
    const next = i + 1 < points.length ? points[i + 1][0] : 0;
    if (high - least > 1) band.push(drawn("rect", { class: "band", x: x(seconds), width: Math.max(1, x(next) - x(seconds)), y: y(high), height: y(least) - y(high) }));
  });
  line += `H${x(0)}`;
  const ticks = (most <= 5 ? [...Array(most + 1).keys()] : [0, Math.round(most / 2), most]).map((count) => [drawn("line", { class: count ? "grid" : "axis", x1: left, x2: width - right, y1: y(count), y2: y(count) }),
    drawn("text", { x: left - 6, y: y(count) + 4, "text-anchor": "end" }, countText(count))]);
  const open = counts.open.map(([seconds, thread, before, after, stack]) => drawn("circle", { class: after > before ? "open-dot" : "given-dot", cx: x(seconds), cy: y(after), r: 4.5 },
    drawn("title", {}, `${before} → ${after} by ${callText(stack)}, ${secondsText(seconds)} before the snapshot, thread ${thread}`)));
  const last = counts.last && drawn("line", { class: "last-given", x1: x(counts.last[0]), x2: x(counts.last[0]), y1: top, y2: floor });
  const said = `strong count of ${shortName(counts.type)} over ${secondsText(span)}, at most ${most}, at the end ${points[points.length - 1][3]}`;
  return drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": said, class: "count-chart" }, ticks, last || null,
    drawn("path", { class: "area", d: `${line}V${floor}H${x(span)}Z` }), band, drawn("path", { class: "line-of", d: line }), open,
    drawn("text", { x: left, y: height - 6 }, `${secondsText(span)} before`), drawn("text", { x: width - right, y: height - 6, "text-anchor": "end" }, "snapshot"));
}

function countsFigure(counts) {
  const rows = counts.open.map(([seconds, thread, before, after, stack]) => [secondsText(seconds), `${before} → ${after}`, after > before ? "taken" : "given back", `thread ${thread}`,
    stack === null ? "an unknown call" : element("details", {}, element("summary", {}, callText(stack)), stackList(stack))]);
  return element("figure", { class: "chart counts" },
    element("figcaption", {}, typeName(counts.type), " ", element("span", { class: "place" }, counts.address)), countChart(counts),
    counts.last ? element("p", {}, `It could have died ${secondsText(counts.last[0])} before the snapshot, when `, element("code", {}, callText(counts.last[4])), " gave back one; since then only what is left keeps it.") : null,
    rows.length ? simpleTable(["before the snapshot", "count", "", "", "call"], rows, 9) : null,
    element("p", { class: "soft" }, counts.left_out ? `${countText(counts.left_out)} earlier ones left out. ` : "", counts.pairs ? `${plural(counts.pairs, "reference")} taken and given back again. ` : "",
      counts.open.length ? "● taken and never given back, ○ given back by who had taken none." : ""));
}

function countsSection(finding) {
  if (!finding.counts) return null;
  return section("Strong count over time", finding.counts.map((row) => countsFigure(page.counts[row])));
}

function countsView() {
  return element("article", { class: "growth" }, element("h1", {}, `Strong counts over time of ${plural(page.counts.length, "object")}`),
    page.counts_left_out ? element("p", { class: "soft" }, `${plural(page.counts_left_out, "further object")} left out.`) : null,
    page.counts.map(countsFigure));
}
