// What grew from snapshot to snapshot: places, types, the heap.

const growthText = (growth) => (growth.is_bytes ? bytesText : countText);

// The last two steps are what a reader looks for; the way to them stands before, smaller.
function placeName(place) {
  const steps = place.split(" -> "), way = steps.slice(0, -2).join(" → ");
  return [way ? element("span", { class: "way", title: cut(way, 2000) }, cut(way, 120), " →") : null, memberName(steps.slice(-2).join(" → "))];
}

function growthChart(finding) {
  const { growth } = finding, text = growthText(growth);
  const of = growth.is_bytes ? "" : ` ${shortName(finding.subject)}`;
  return lineChart({ values: growth.held, text, what: `${cut(growth.place, 300)}${of}`, title: [
    element("a", { href: `#f-${finding.fingerprint}` }, placeName(growth.place)),
    element("span", { class: "range" }, rangeText(growth.held, text), of, growth.is_bytes ? "" : element("span", { class: "soft" }, ` · with what they hold ${bytesText(growth.grown)} more`))] });
}

// In a finding's own page.
function growthSection(finding) {
  if (!finding.growth || !page.history) return null;
  return section("Growth", element("div", { class: "charts" }, growthChart(finding)),
    numbersTable([{ title: finding.growth.is_bytes ? "bytes" : "objects", values: finding.growth.held, text: growthText(finding.growth) }]));
}

function typeChart([type, objects, bytes]) {
  return lineChart({ values: bytes, text: bytesText, what: shortName(type), title: [typeName(type),
    element("span", { class: "range" }, rangeText(bytes, bytesText), element("span", { class: "soft" }, ` · ${countText(objects[0])} → ${objectsText(objects[objects.length - 1])}`))] });
}

function heapCharts(snapshots) {
  const rows = [["Bytes of all objects", snapshots.map((snapshot) => snapshot.bytes), bytesText], ["Objects and blocks", snapshots.map((snapshot) => snapshot.objects), countText]];
  return rows.map(([title, values, text]) => lineChart({ values, text, what: title, title: [title, element("span", { class: "range" }, rangeText(values, text))] }));
}

// Names the place that most of it is at, when there is one.
function growthHeadline(first, last, places) {
  if (Math.abs(last.bytes - first.bytes) < first.bytes / 100) return `The heap stayed at ${bytesText(last.bytes)}`;
  const [most] = [...places].sort((a, b) => b.growth.grown - a.growth.grown), grown = last.bytes - first.bytes;
  return [`The heap ${grown > 0 ? "grew" : "shrank"} from ${bytesText(first.bytes)} to ${bytesText(last.bytes)}`,
    most && grown > 0 && most.growth.grown * 3 > grown ? [", most at ", memberName(most.growth.place.split(" -> ").slice(-2).join(" → "))] : ""];
}

function placesSection(places) {
  const most = 24;
  if (!places.length)
    return section("Places that hold more with every snapshot", element("p", { class: "soft" }, page.history.snapshots.length < 3 ? "Two snapshots tell no trend: a third one shows the places that grow." : "None: no container of the program held more in every snapshot."));
  return section("Places that hold more with every snapshot", element("div", { class: "charts" }, places.slice(0, most).map(growthChart)),
    places.length > most ? element("p", { class: "soft" }, `${countText(places.length - most)} more are in the list of findings`) : null,
    numbersTable(places.slice(0, most).map((finding) => ({ title: placeName(finding.growth.place), values: finding.growth.held, text: growthText(finding.growth) }))));
}

function growthView() {
  const { snapshots, types, one_process: one } = page.history, first = snapshots[0], last = snapshots[snapshots.length - 1];
  const places = page.findings.filter((finding) => finding.growth);
  return element("article", { class: "growth" }, element("h1", {}, growthHeadline(first, last, places)),
    element("p", { class: "soft" }, one ? `${snapshots.length} snapshots, ${timeText(first.seconds)} to ${timeText(last.seconds)} after the program began.` : `${snapshots.length} snapshots of several processes.`, " Each chart has a scale of its own, from 0."),
    placesSection(places),
    section("Whole heap", element("div", { class: "charts" }, heapCharts(snapshots)),
      numbersTable([{ title: "bytes", values: snapshots.map((snapshot) => snapshot.bytes), text: bytesText }, { title: "objects", values: snapshots.map((snapshot) => snapshot.objects), text: countText }])),
    types.length ? section("Types that grew most", element("div", { class: "charts" }, types.map(typeChart)),
      numbersTable(types.map(([type, , bytes]) => ({ title: typeName(type), values: bytes, text: bytesText })))) : null);
}
