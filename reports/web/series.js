// Small charts over the snapshots of a process: each has a scale of its own that begins at 0, and its numbers as a table.

const CHART = { width: 300, height: 132, left: 6, right: 8, top: 18, bottom: 20 };

function timeText(seconds) {
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  return seconds < 7200 ? `${(seconds / 60).toFixed(1)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function pauseText(nanoseconds) {
  return nanoseconds < 1e9 ? `${(nanoseconds / 1e6).toFixed(nanoseconds < 1e7 ? 2 : 0)} ms` : `${(nanoseconds / 1e9).toFixed(1)} s`;
}

// Where each snapshot stands from left (0) to right (1), and what it is called: by time, where that can be told.
function snapshotAxis() {
  const { snapshots, one_process: one } = page.history, times = snapshots.map((snapshot) => snapshot.seconds);
  const timed = one && times.every((time, i) => i === 0 || time > times[i - 1]), last = times.length - 1;
  return { at: times.map((time, i) => (timed ? (time - times[0]) / (times[last] - times[0]) : i / last)),
    names: times.map((time, i) => (timed ? timeText(time) : `snapshot ${i + 1}`)), timed };
}

// A round number a little above `most`, so that no point lies on it.
function niceTop(most) {
  if (most <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12].find((step) => step * power >= most * 1.08) * power;
}

function changeText(first, last) {
  if (last === first) return "unchanged";
  if (!first) return "from nothing";
  const times = last / first;
  if (times >= 2) return `× ${times.toFixed(times < 10 ? 1 : 0)}`;
  return `${last > first ? "+" : "−"}${Math.abs(100 * (times - 1)).toFixed(Math.abs(times - 1) < 0.1 ? 1 : 0)} %`;
}

function chartFrame({ title, said, names, top, text }, marks) {
  const { width, height, left, right, bottom } = CHART, floor = height - bottom;
  const line = (y, kind) => drawn("line", { class: kind, x1: left, x2: width - right, y1: y, y2: y });
  const svg = drawn("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": said },
    line(CHART.top, "grid"), line(floor, "axis"), drawn("text", { x: left, y: CHART.top - 4 }, text(top)), marks,
    drawn("text", { x: left, y: height - 5 }, names[0]), drawn("text", { x: width - right, y: height - 5, "text-anchor": "end" }, names[names.length - 1]));
  return element("figure", { class: "chart" }, element("figcaption", {}, title), svg);
}

// `title`: elements. `what`: the same in plain words. `text` writes a value.
function lineChart({ title, what, values, text }) {
  const axis = snapshotAxis(), { width, height, left, right, bottom } = CHART, floor = height - bottom;
  const top = niceTop(Math.max(...values)), said = values.map((value, i) => `${axis.names[i]}: ${text(value)}`);
  const x = (i) => (left + 4 + axis.at[i] * (width - left - right - 8)).toFixed(1), y = (value) => (floor - (value / top) * (floor - CHART.top)).toFixed(1);
  const line = values.map((value, i) => `${x(i)},${y(value)}`).join(" ");
  const last = values.length - 1;
  return chartFrame({ title, said: `${what}. ${said.join("; ")}`, names: axis.names, top, text }, [
    drawn("polygon", { class: "area", points: `${x(0)},${floor} ${line} ${x(last)},${floor}` }), drawn("polyline", { class: "line-of", points: line }),
    values.length > 60 ? null : values.map((value, i) => drawn("circle", { class: "dot", cx: x(i), cy: y(value), r: 3.2 }, drawn("title", {}, said[i])))]);
}

// A bar a snapshot: what happened since the one before.
function barChart({ title, what, values, text, tips }) {
  const { width, height, left, right, bottom } = CHART, floor = height - bottom, top = niceTop(Math.max(...values));
  const slot = (width - left - right) / values.length, names = page.history.snapshots.map((_, i) => `snapshot ${i + 1}`);
  const bars = values.map((value, i) => {
    const tall = (value / top) * (floor - CHART.top);
    return drawn("rect", { class: "bar-of", x: (left + slot * (i + 0.15)).toFixed(1), width: (slot * 0.7).toFixed(1), y: (floor - tall).toFixed(1), height: tall.toFixed(1) }, drawn("title", {}, tips[i]));
  });
  return chartFrame({ title, said: `${what}. ${tips.join("; ")}`, names, top, text }, bars);
}

// "200 → 600 objects, × 3"
function rangeText(values, text) {
  const first = values[0], last = values[values.length - 1];
  return `${text(first)} → ${text(last)}, ${changeText(first, last)}`;
}

// `series`: {title, values, text}. A row each, and a column a snapshot; of many snapshots the other way round.
function numbersTable(series) {
  const { snapshots } = page.history, axis = snapshotAxis(), most = 12;
  const names = snapshots.map((snapshot, i) => element("span", { title: snapshot.file }, axis.timed ? axis.names[i] : `${i + 1}: ${baseName(snapshot.file)}`));
  const table = snapshots.length > most
    ? simpleTable(["snapshot", ...series.map((one) => one.title)], snapshots.map((_, i) => [names[i], ...series.map((one) => one.text(one.values[i]))]), 1)
    : simpleTable([axis.timed ? "taken after" : "snapshot", ...names], series.map((one) => [one.title, ...one.values.map(one.text)]), 1);
  return element("details", { class: "numbers" }, element("summary", {}, "Numbers"), table);
}

const objectsText = (count) => plural(count, "object");
