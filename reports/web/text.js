"use strict";
// Elements, numbers and names. Text from a program is only ever put into a page as text.

function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  append(made, children);
  return made;
}

function append(parent, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(child.nodeType ? child : document.createTextNode(String(child)));
  }
}

const SVG = "http://www.w3.org/2000/svg";
function drawn(tag, attributes, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
  append(made, children);
  return made;
}

function bytesText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; bytes >= 999.95 && unit + 1 < units.length; unit++) bytes /= 1000;
  return `${bytes.toFixed(1)} ${units[unit]}`;
}

const countText = (count) => String(count).replace(/\B(?=(\d{3})+$)/g, ",");
const plural = (count, noun) => `${countText(count)} ${noun}${count === 1 ? "" : "s"}`;
const arrows = (text) => text.replaceAll(" -> ", " → ");  // in a headline: "->" may be broken in two
const baseName = (path) => path.slice(path.lastIndexOf("/") + 1);
const cut = (text, most) => (text.length > most ? text.slice(0, most) + "…" : text);

// A type's name as a reader wants it, with the whole of it as tooltip.
const shortName = (type) => page.short[type] || type;
const typeName = (type) => element("code", { class: "type", title: cut(type, 2000) }, shortName(type));
const memberName = (member) => element("code", { class: "member", title: cut(member, 2000) }, cut(member, 240));
const place = (at) => (at ? element("span", { class: "place", title: at }, baseName(at)) : null);

function frameText(frame) {
  const [name, where] = page.frames[frame];
  return where && !name.startsWith(where) ? `${name}  ${where}` : name;
}

function sumText([strong, heap, roots, rest]) {
  const tail = rest < 0 ? `, which is ${-rest} too many` : ` + ${rest} unexplained`;
  return `strong count ${countText(strong)} = ${countText(heap)} in the heap + ${countText(roots)} from roots${tail}`;
}

function kindText(row) {
  if (row.certainty === "exact") return row.kind;
  return `${row.kind}, ${row.certainty === "counted" ? "told by counts" : "a word that looks like it"}`;
}
