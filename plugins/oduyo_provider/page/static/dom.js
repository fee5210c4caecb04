// Builds elements. Text goes in as text: nothing here reads HTML, so no ERP text can become any.

import { count, fieldLabel, formatTime, t } from "./texts.js";

const SVG = "http://www.w3.org/2000/svg";

export function make(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function draw(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export function heading(title, ...rest) {
  return make("header", {}, make("h1", {}, title), make("div", { class: "rest" }, ...rest));
}

// Control characters and spaces that nobody would see become visible signs.
export function show(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, (sign) =>
    sign === "\n" ? "↵" : sign === "\t" ? "⇥" : `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

// The beginning of a text, in at most so many whole signs: some are two units long, and half of one is none.
export function cut(text, most) {
  const signs = Array.from(show(text));
  return signs.length <= most ? signs.join("") : `${signs.slice(0, most - 1).join("")}…`;
}

// A code or an id in one line; a longer one is folded, and opens with a click.
export function fold(text, most) {
  const shown = show(text), short = cut(text, most);
  if (short === shown) return make("span", { class: "whole" }, shown);
  return make("details", { class: "fold" }, make("summary", { title: t("unfold") }, short), make("span", {}, shown));
}

// A field's value: dates and other short ones never break inside, sentences break between words, long ones are folded.
export function value(text) {
  if (!text) return t("empty");
  return text.length <= 24 || text.length > 200 ? fold(text, 60) : make("span", {}, show(text));
}

// The API's name of a field, and what people call it.
export function field(name) {
  const label = fieldLabel(name);
  return [make("span", { class: "whole" }, name), label ? make("span", { class: "label" }, ` · ${label}`) : ""];
}

export function pill(name, label) {
  return make("span", { class: `pill ${name}` }, label);
}

// The time in a text that comes from the server.
export function fillTime(text, at) {
  return at === null || at === undefined ? text : text.replace("{at}", formatTime(at, true));
}

// more: what stands behind the text.
export function sentence(state, more = "") {
  return make("p", { class: `sentence ${state.tone}`, role: "status" }, make("span", { class: "mark", "aria-hidden": "true" }), make("span", {}, fillTime(state.text, state.at), more && " ", more));
}

// A figure with its name; with something to do it is a button.
export function figure(name, label, number, act) {
  const inside = [make("span", { class: `dot ${name}`, "aria-hidden": "true" }), make("strong", {}, count(number)), ` ${label}`];
  return act ? make("button", { type: "button", class: "figure", onclick: act }, inside) : make("span", { class: "figure" }, inside);
}

// The sentence that says how a run stands keeps its place: screen readers say only what changes inside an element that stays.
function replaceAround(part, children) {
  const isSaid = (one) => one.getAttribute?.("role") === "status";
  const said = [...part.children].find(isSaid), place = children.findIndex(isSaid);
  if (!said || place < 0) return part.replaceChildren(...children);
  [...part.childNodes].forEach((one) => one === said || one.remove());
  said.before(...children.slice(0, place));
  said.after(...children.slice(place + 1));
  if (!said.isEqualNode(children[place])) {
    said.className = children[place].className;
    said.replaceChildren(...children[place].childNodes);
  }
}

// Show something anew where it has changed: what was unfolded stays so, and whoever is on a link or a button stays on it, or on what
// takes its place. Figures change, names do not.
export function renew(part, view, children) {
  const told = JSON.stringify(view);
  if (part.told === told) return;
  const list = () => [...part.querySelectorAll("a, button, summary")];
  const name = (one) => one && one.tagName + (one.getAttribute("href") ?? one.textContent.replace(/[\d.,]+/g, ""));
  const place = list().indexOf(document.activeElement), focused = name(list()[place]);
  const open = [...part.querySelectorAll("details")].map((one) => one.open);
  part.told = told;
  replaceAround(part, children);
  part.querySelectorAll("details").forEach((one, number) => { one.open = open[number] ?? false; });
  const found = place < 0 ? [] : list();
  (found.find((one) => name(one) === focused) ?? found[Math.min(place, found.length - 1)])?.focus({ preventScroll: true });
}
