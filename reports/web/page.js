// The page: list, filter and search on the left, one finding or the overview on the right; the address says which.

let page = null;
const state = { query: "", severities: new Set(["error", "warning", "note"]), rule: "", order: "given", at: null };

async function unpack(text) {
  const packed = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// What search looks at: all words must occur, anywhere in names, files and sentences.
function haystack(finding) {
  if (finding.haystack) return finding.haystack;
  const parts = [finding.rule, finding.severity, finding.summary, finding.fingerprint, finding.subject || ""];
  for (const edge of [...finding.cycle, ...finding.path]) parts.push(edge.from, edge.member, edge.to, edge.at || "");
  for (const node of finding.nodes) parts.push(node.type, node.address || "");
  for (const birth of finding.births) if (birth.stack !== null) parts.push(...page.stacks[birth.stack].map(frameText));
  finding.haystack = parts.join("\n").toLowerCase();
  return finding.haystack;
}

function shownFindings() {
  const words = state.query.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = page.findings.filter((finding) => state.severities.has(finding.severity) && (!state.rule || finding.rule === state.rule) &&
    words.every((word) => haystack(finding).includes(word)));
  const orders = { retained: (a, b) => b.retained - a.retained, instances: (a, b) => b.instances - a.instances, rule: (a, b) => a.rule.localeCompare(b.rule) };
  return orders[state.order] ? shown.sort(orders[state.order]) : shown;
}

function listItem(finding) {
  return element("a", { class: "item", href: `#f-${finding.fingerprint}`, "aria-current": finding === state.at && "true" },
    element("span", { class: `mark ${finding.severity}`, title: finding.severity }, { error: "●", warning: "▲", note: "■" }[finding.severity]),
    element("span", { class: "item-text" }, element("b", {}, `${page.findings.indexOf(finding) + 1}. ${finding.rule}`), element("span", {}, cut(finding.summary, 140))),
    element("span", { class: "item-size" }, bytesText(finding.retained)));
}

function fillList() {
  const shown = shownFindings(), list = document.getElementById("list");
  list.replaceChildren(...shown.slice(0, 500).map(listItem));
  if (shown.length > 500) list.append(element("p", { class: "soft" }, `${countText(shown.length - 500)} more; search to see them`));
  document.getElementById("shown").textContent = shown.length === page.findings.length ? plural(shown.length, "finding") : `${countText(shown.length)} of ${plural(page.findings.length, "finding")}`;
}

function filters() {
  const rules = [...new Set(page.findings.map((finding) => finding.rule))];
  const count = (severity) => page.findings.filter((finding) => finding.severity === severity).length;
  return [
    element("input", { type: "search", id: "search", placeholder: "Search types, members, files  ( / )", "aria-label": "search findings", oninput: (event) => { state.query = event.target.value; fillList(); } }),
    element("div", { class: "chips" }, ["error", "warning", "note"].filter(count).map((severity) => element("button", { class: `chip ${severity}`, "aria-pressed": "true", onclick: (event) => {
      const on = !state.severities.has(severity);
      on ? state.severities.add(severity) : state.severities.delete(severity);
      event.currentTarget.setAttribute("aria-pressed", on);
      fillList();
    } }, `${severity} ${count(severity)}`))),
    element("div", { class: "selects" },
      rules.length > 1 ? element("select", { id: "rule", "aria-label": "rule", onchange: (event) => { state.rule = event.target.value; fillList(); } },
        element("option", { value: "" }, "all rules"), rules.map((rule) => element("option", { value: rule }, rule))) : null,
      element("select", { id: "order", "aria-label": "order", onchange: (event) => { state.order = event.target.value; fillList(); } },
        [["given", "worst first"], ["retained", "most retained"], ["instances", "most instances"], ["rule", "by rule"]].map(([value, text]) => element("option", { value }, text)))),
    element("p", { class: "soft", id: "shown" })];
}

function showAddress() {
  const address = decodeURIComponent(location.hash.slice(1));
  const match = address.match(/^f-([0-9a-f]+)(?:\/([ne])(\d+))?$/);
  const finding = match ? page.findings.find((one) => one.fingerprint === match[1]) : null;
  const main = document.getElementById("main");
  if (finding) {
    const { view, show } = findingView(finding);
    state.at = finding;
    main.replaceChildren(view);
    const rows = match[2] === "n" ? finding.nodes : finding.edges;
    if (match[2] && Number(match[3]) < rows.length) setTimeout(() => show(match[2], Number(match[3]), true));
  } else {
    const [name, rest] = address.split("/");
    state.at = null;
    main.replaceChildren((pages[name] || overviewView)(rest));
  }
  main.scrollTop = 0;
  document.getElementById("copy").disabled = !finding;
  fillList();
  const current = document.querySelector(".item[aria-current]");
  if (current) current.scrollIntoView({ block: "nearest" });
}
const pages = { overview: () => overviewView() };  // by the first part of the address

function step(by) {
  const shown = shownFindings(), at = shown.indexOf(state.at);
  const next = shown[at < 0 ? 0 : Math.min(Math.max(at + by, 0), shown.length - 1)];
  if (next) location.hash = `f-${next.fingerprint}`;
}

const themes = ["auto", "light", "dark"];
function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  document.getElementById("theme").textContent = { auto: "◐ auto", light: "○ light", dark: "● dark" }[theme];
  document.getElementById("theme").dataset.now = theme;
  try { localStorage.setItem("reftally-theme", theme); } catch { /* a file may have no storage */ }
}
function storedTheme() {
  try { return localStorage.getItem("reftally-theme") || "auto"; } catch { return "auto"; }
}

async function copyFinding() {
  if (!state.at) return;
  say((await copyText(markdownOf(state.at))) ? "Copied as Markdown" : "This browser does not let a page copy");
}

function say(text) {
  const toast = document.getElementById("toast");
  toast.textContent = text;
  toast.classList.add("shown");
  setTimeout(() => toast.classList.remove("shown"), 1800);
}

const KEYS = [["j / k", "next, previous finding"], ["/", "search"], ["o", "overview"], ["g", "growth (of several snapshots)"], ["p", "Python: collector and allocator"], ["n", "counts over time (of a run with --history)"], ["c", "copy as Markdown"], ["t", "light or dark"], ["+ − 0", "zoom (in a picture)"], ["?", "this help"]];
const help = () => document.getElementById("help");
const actions = {
  j: () => step(1), k: () => step(-1), "/": () => document.getElementById("search").focus(), o: () => { location.hash = "overview"; },
  g: () => { if (pages.growth) location.hash = "growth"; }, p: () => { if (pages.python) location.hash = "python"; }, n: () => { if (pages.counts) location.hash = "counts"; },
  c: copyFinding, t: () => document.getElementById("theme").click(), "?": () => (help().open ? help().close() : help().showModal()),
};

// What is folded on a screen is shown on paper.
function unfoldForPrint() {
  window.addEventListener("beforeprint", () => { for (const folded of document.querySelectorAll("main details.numbers:not([open])")) { folded.open = true; folded.dataset.folded = "true"; } });
  window.addEventListener("afterprint", () => { for (const folded of document.querySelectorAll("main details[data-folded]")) { folded.open = false; delete folded.dataset.folded; } });
}

function listenKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.id === "search") event.target.blur();
    if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|SELECT|TEXTAREA/.test(event.target.nodeName)) return;
    if (!actions[event.key]) return;
    event.preventDefault();
    actions[event.key]();
  });
}

function layOut() {
  document.getElementById("app").replaceChildren(
    element("nav", { id: "sidebar" },
      element("div", { class: "brand" }, element("a", { href: "#overview" }, element("b", {}, "Reftally"), element("span", { class: "soft" }, ` ${page.process.program}`))),
      page.findings.length ? filters() : element("p", { id: "shown", class: "soft" }), element("div", { id: "list" })),
    element("div", { id: "content" },
      element("div", { id: "bar" }, element("a", { class: "button", href: "#overview" }, "Overview"), page.history ? element("a", { class: "button", href: "#growth" }, "Growth") : null,
        page.interpreter ? element("a", { class: "button", href: "#python" }, "Python") : null, page.counts.length ? element("a", { class: "button", href: "#counts" }, "Counts") : null,
        canWalk() ? element("a", { class: "button", href: "#walk" }, "Every object") : null,
        element("span", { class: "space" }),
        element("button", { id: "copy", onclick: copyFinding }, "Copy as Markdown"), element("button", { onclick: () => window.print() }, "Print"),
        element("button", { id: "theme", title: "light or dark", onclick: (event) => setTheme(themes[(themes.indexOf(event.target.dataset.now) + 1) % 3]) }),
        element("button", { title: "keys", onclick: () => actions["?"]() }, "?")),
      element("main", { id: "main", tabindex: "-1" })),
    element("dialog", { id: "help", onclick: () => help().close() }, element("table", {}, KEYS.map(([key, text]) => element("tr", {}, element("td", {}, element("kbd", {}, key)), element("td", {}, text))))),
    element("div", { id: "toast", role: "status" }));
}

async function start() {
  page = await unpack(document.getElementById("data").textContent);
  if (canWalk()) pages.walk = walkView;
  if (page.history) pages.growth = growthView;
  if (page.counts.length) pages.counts = countsView;
  if (page.interpreter) pages.python = interpreterView;
  layOut();
  setTheme(storedTheme());
  listenKeys();
  unfoldForPrint();
  window.addEventListener("hashchange", showAddress);
  if (!location.hash && page.findings.length) history.replaceState(null, "", `#f-${page.findings[0].fingerprint}`);
  showAddress();
  document.body.dataset.ready = "true";
}
start().catch((error) => {
  document.getElementById("app").textContent = `This page could not be read (${error}). A browser of 2023 or later can.`;
});
