// Every change with before and after: searched, filtered, sorted and paged by the server.

import { airflowLink, asked, keepAddress, recordAddress } from "./address.js";
import { cut, field, fold, make, pill, show, value } from "./dom.js";
import { count, filterLabel, formatTime, t, tn } from "./texts.js";

const SEARCH_AFTER_MS = 250;
const FILTERS = ["outcome", "action", "known", "of", "reason"];
// Name of a column → what the server sorts by; a column without one cannot be sorted.
const COLUMNS = [["outcome", "outcome"], ["code", "code"], ["erp_id", "integration_id"], ["oduyo_id", "oduyo_id"], ["fields", ""], ["reason", ""]];
// Name of a column → the API's field that it shows.
const API_NAMES = { code: "code", erp_id: "integration_id", oduyo_id: "id" };

// load(pairs) fetches a page, address(file, pairs) is that of a download, task() the task whose run is shown.
export function makeTable(load, address, task) {
  const state = { filters: Object.fromEntries(FILTERS.map((name) => [name, new Set(asked.getAll(name))])), search: asked.get("search") ?? "", sort: asked.get("sort") ?? "", page: Number(asked.get("page")) || 1, turn: 0 };
  const search = make("input", { type: "search", placeholder: t("search_help"), "aria-label": t("search"), maxlength: 200, spellcheck: "false" });
  search.value = state.search;
  const chips = make("div", { class: "chips filters", role: "group", "aria-label": t("filter") });
  const downloads = [make("a", { class: "button", download: true }, t("download_xlsx")), make("a", { class: "button", download: true }, t("download_csv"))];
  const found = make("span", { class: "soft found", role: "status" });
  const body = make("tbody", {});
  const head = make("tr", {});
  const box = make("div", { class: "wide", "aria-busy": "true" }, make("table", { class: "changes", "aria-label": t("changes") }, make("thead", {}, head), body));
  const pager = make("nav", { class: "pager", "aria-label": t("pages") });
  // What there is to see of a table with lines; one without is a sentence.
  const tools = [search, ...downloads, chips, box, make("div", { class: "under" }, found, pager)];
  const nothing = make("p", { class: "none", hidden: true });
  const element = make("section", { "aria-labelledby": "changes-title" }, make("div", { class: "title" }, make("h2", { id: "changes-title" }, t("changes")), search, downloads),
    nothing, tools.slice(3));
  body.replaceChildren(showNone(t("reading")));

  let timer = 0, last = null;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { state.search = search.value; state.page = 1; refresh(); }, SEARCH_AFTER_MS);
  });

  const listPairs = () => [...FILTERS.flatMap((name) => [...state.filters[name]].map((value) => [name, value])), ["search", state.search], ["sort", state.sort]];

  function listHead() {
    head.replaceChildren(...COLUMNS.map(([name, key]) => {
      if (!key) return make("th", { scope: "col", class: name }, t(`column_${name}`));
      const order = state.sort === key ? "ascending" : state.sort === `-${key}` ? "descending" : null;
      const turn = () => { state.sort = order === "ascending" ? `-${key}` : order === "descending" ? "" : key; state.page = 1; listHead(); head.querySelector(`.${name} button`).focus(); refresh(); };
      return make("th", { scope: "col", class: name, "aria-sort": order }, make("button", { type: "button", onclick: turn, title: t("sort") }, t(`column_${name}`),
        make("span", { class: "arrow", "aria-hidden": "true" }, order === "ascending" ? " ↑" : order === "descending" ? " ↓" : "")),
        API_NAMES[name] && API_NAMES[name] !== t(`column_${name}`).toLowerCase() ? make("div", { class: "api" }, API_NAMES[name]) : "");
    }));
  }

  // What is asked for has a chip for as long as it is, also where the run has no such line any more: nothing is hidden by what nobody sees.
  function listAsked(view, listed) {
    const reasons = Object.fromEntries(view.reasons.map((one) => [one.reason, { label: one.text, count: one.count }]).reverse());
    return FILTERS.flatMap((kind) => [...state.filters[kind]].filter((name) => !listed.some((chip) => chip.kind === kind && chip.name === name))
      .map((name) => ({ kind, name, label: filterLabel(kind, name), ...(kind === "reason" ? reasons[name] : {}) })));
  }

  function listChips(view) {
    const focused = document.activeElement?.dataset?.chip;
    const listed = view.filters.map((chip) => ({ ...chip, label: filterLabel(chip.kind, chip.name) }));
    const make_chip = ({ kind, name, label, count: number }) => make("button", { type: "button", class: `chip ${kind === "reason" ? kind : name}`, "data-chip": `${kind} ${name}`, "aria-pressed": String(state.filters[kind].has(name)), onclick: () => {
      if (!state.filters[kind].delete(name)) state.filters[kind].add(name);
      state.page = 1;
      listChips(view);
      refresh();
    } }, kind === "reason" ? "" : make("span", { class: `dot ${name}`, "aria-hidden": "true" }), `${cut(label, 80)} `, number === undefined ? "" : make("strong", {}, count(number)));
    chips.replaceChildren(...[...listed, ...listAsked(view, listed)].map(make_chip));
    if (focused) ([...chips.children].find((chip) => chip.dataset.chip === focused) ?? chips.lastElementChild)?.focus();
  }

  // What the reader asks for is pale until it is there; what the page reads again by itself is not.
  function refresh() {
    box.setAttribute("aria-busy", "true");
    return read();
  }

  async function read() {
    const turn = ++state.turn;
    const pairs = listPairs();
    downloads[0].href = address("changes.xlsx", pairs);
    downloads[1].href = address("changes.csv", pairs);
    keepAddress([["task", task()], ...pairs, ["page", state.page > 1 ? String(state.page) : ""]]);
    try {
      // A search reads a part of the lines for each answer: ask on until all are read.
      for (let unread = true; unread && turn === state.turn;) {
        const view = await load([...pairs, ["page", String(state.page)]]);
        unread = view.unread > 0;
        if (turn === state.turn) showPage(view);
      }
    } catch (error) {
      if (turn === state.turn) found.textContent = error.message;
    } finally {
      if (turn === state.turn) box.removeAttribute("aria-busy");
    }
  }

  function showPage(view) {
    const none = view.unread ? t("reading") : [t("no_match"), " ", lookFurther(state.search, task())];
    body.replaceChildren(...(view.lines.length ? view.lines.map(showLine) : [showNone(none)]));
    const range = view.found ? t("range", { first: count(view.first), last: count(view.first + view.lines.length - 1), all: count(view.found) }) : "";
    found.textContent = [range, view.unread ? tn("unread", view.unread) : ""].filter(Boolean).join(" · ");
    if (view.unread) return; // how many pages there are is not known yet
    state.page = view.page;
    listPages(view);
  }

  function listPages({ page, pages }) {
    const turnTo = (sign, to, name) => make("button", { type: "button", disabled: to < 1 || to > pages || to === page, "aria-label": t(name), onclick: () => {
      state.page = to;
      element.scrollIntoView();
      refresh();
    } }, sign);
    pager.replaceChildren(...(pages > 1 ? [turnTo("«", 1, "first_page"), turnTo("‹", page - 1, "previous_page"),
      make("span", {}, t("page_of", { n: count(page), all: count(pages) })), turnTo("›", page + 1, "next_page"), turnTo("»", pages, "last_page")] : []));
  }

  listHead();
  return {
    element,
    // Show the lines that these pairs of name and value ask for, and only them.
    filter(pairs) {
      for (const name of FILTERS) state.filters[name] = new Set(pairs.filter(([key, value]) => key === name && value).map(([, value]) => value));
      state.search = pairs.find(([key]) => key === "search")?.[1] ?? "";
      search.value = state.search;
      state.page = 1;
      if (last) listChips(last);
      refresh();
      element.scrollIntoView();
    },
    async update(view) {
      last = view;
      nothing.textContent = view.nothing;
      nothing.hidden = view.lines > 0;
      for (const tool of tools) tool.hidden = !view.lines;
      listChips(view);
      if (view.lines) await read();
      else box.removeAttribute("aria-busy");
    },
  };
}

// What is not in the table may be among the rows and records that were read, or in the history.
function lookFurther(search, task) {
  return search ? airflowLink(recordAddress(asked.get("dag_id"), search, task), {}, t("look_further", { text: search })) : "";
}

function showNone(text) {
  return make("tr", {}, make("td", { colspan: COLUMNS.length, class: "none" }, text));
}

function showLine(line) {
  const twins = (line.twins ?? []).flatMap((id) => [make("span", { class: "whole" }, id), " "]);
  return make("tr", {},
    make("td", { class: "outcome" }, pill(line.outcome, line.label), line.is_known ? make("div", { class: "soft small" }, t("known_before")) : "", line.at ? make("div", { class: "soft small whole" }, formatTime(line.at)) : ""),
    make("td", { class: "code" }, fold(line.code ?? "", 20)),
    make("td", { class: "erp_id" }, fold(line.integration_id ?? "", 19)),
    make("td", { class: "oduyo_id" }, fold(line.oduyo_id ?? "", 12), twins.length ? make("div", { class: "soft small" }, t("twins"), " ", twins) : ""),
    make("td", { class: "fields" }, make("dl", {}, listFields(line))),
    make("td", { class: "reason" }, line.reason ? show(line.reason) : "", line.answer ? make("div", { class: "soft small" }, show(line.answer)) : ""));
}

// The code of a new record stands in a column of its own already.
function listFields(line) {
  const isNew = line.action === "create" || !line.action;
  return (line.fields ?? []).filter(([name]) => !(isNew && name === "code")).map(([name, before, after]) => showField(name, before, after, line));
}

function showField(name, before, after, line) {
  const isNew = line.action === "create" || !line.action;
  const told = isNew ? [make("span", { class: "value" }, value(after))] : [make("del", {}, value(before))];
  if (!isNew && line.action !== "delete") told.push(make("span", { class: "arrow", role: "img", "aria-label": t("becomes") }, " → "), make("ins", {}, value(after)));
  const stored = (line.stored ?? {})[name];
  if (stored !== undefined) told.push(make("span", { class: "stored" }, " ", stored === null ? t("stored_empty") : t("stored_as", { value: show(stored) })));
  return make("div", {}, make("dt", {}, field(name)), make("dd", {}, told));
}
