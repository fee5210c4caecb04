// Builds elements. Text goes in as text: nothing here reads HTML, so no ERP text can become any.

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

const NUMBERS = new Intl.NumberFormat("en");
const TIMES = new Intl.DateTimeFormat("en-GB", { day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
const FULL_TIMES = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

export const count = (value) => NUMBERS.format(value);

export function formatTime(iso, full = false) {
  const time = new Date(iso);
  return Number.isNaN(time.getTime()) ? "" : (full ? FULL_TIMES : TIMES).format(time);
}

export function formatDuration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.round((seconds % 3600) / 60)} min`;
}

// Control characters and spaces that nobody would see become visible signs.
export function show(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, (sign) =>
    sign === "\n" ? "↵" : sign === "\t" ? "⇥" : `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

export function pill(name, label) {
  return make("span", { class: `pill ${name}` }, label);
}

export function sentence(state) {
  return make("p", { class: `sentence ${state.tone}`, role: "status" }, make("span", { class: "mark", "aria-hidden": "true" }), state.text);
}

// Addresses of Airflow's own pages are relative to Airflow's base, one level above this page. The frame may not
// navigate the window around it, so a link of that window's own document is followed instead.
export function airflowLink(address, attributes, ...children) {
  const href = `../${address}`;
  const follow = (event) => {
    if (window.parent === window || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const around = window.parent.document;
    const link = around.createElement("a");
    link.href = new URL(href, document.baseURI).href;
    around.body.append(link);
    link.click();
    link.remove();
  };
  return make("a", { ...attributes, href, onclick: follow }, ...children);
}
