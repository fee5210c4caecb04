// Every change with before and after: searched, filtered and paged by the server.

import { count, formatTime, make, pill, show } from "./dom.js";

const SEARCH_AFTER_MS = 250;

// load(values) fetches a page, address(pairs) is that of the download.
export function makeTable(load, address) {
  const state = { outcomes: new Set(), search: "", page: 1, turn: 0 };
  const search = make("input", { type: "search", placeholder: "Search id, code, text, reason…", "aria-label": "Search the changes", maxlength: 200, spellcheck: "false" });
  const chips = make("div", { class: "chips", role: "group", "aria-label": "Filter by outcome" });
  const download = make("a", { class: "button", download: true }, "Download CSV");
  const found = make("span", { class: "soft found", role: "status" });
  const body = make("tbody", {});
  const box = make("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "Changes" }, make("table", { class: "changes" },
    make("thead", {}, make("tr", {}, ["Outcome", "ERP id", "Ödüyo id", "Code", "Before → after", "Reason"].map((text) => make("th", { scope: "col" }, text)))), body));
  const pager = make("nav", { class: "pager", "aria-label": "Pages" });
  const element = make("section", { "aria-labelledby": "changes-title" }, make("h2", { id: "changes-title" }, "Changes"),
    make("div", { class: "tools" }, search, chips, download), box, make("div", { class: "under" }, found, pager));

  let timer = 0;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { state.search = search.value; state.page = 1; refresh(); }, SEARCH_AFTER_MS);
  });

  function listChips(outcomes) {
    const focused = document.activeElement?.dataset?.outcome;
    chips.replaceChildren(...outcomes.map(({ name, label, count: number }) => {
      const chip = make("button", { type: "button", class: `chip ${name}`, "data-outcome": name, "aria-pressed": String(state.outcomes.has(name)), onclick: () => {
        if (!state.outcomes.delete(name)) state.outcomes.add(name);
        state.page = 1;
        listChips(outcomes);
        refresh();
      } }, make("span", { class: `dot ${name}`, "aria-hidden": "true" }), `${label} `, make("strong", {}, count(number)));
      return chip;
    }));
    if (focused) chips.querySelector(`[data-outcome="${focused}"]`)?.focus();
  }

  async function refresh() {
    const turn = ++state.turn;
    const pairs = [...[...state.outcomes].map((name) => ["outcome", name]), ...(state.search ? [["search", state.search]] : [])];
    download.href = address(pairs);
    box.setAttribute("aria-busy", "true");
    try {
      const view = await load([...pairs, ["page", String(state.page)]]);
      if (turn === state.turn) showPage(view);
    } catch (error) {
      if (turn === state.turn) found.textContent = error.message;
    } finally {
      if (turn === state.turn) box.removeAttribute("aria-busy");
    }
  }

  function showPage(view) {
    state.page = view.page;
    body.replaceChildren(...(view.lines.length ? view.lines.map(showLine) : [make("tr", {}, make("td", { colspan: 6, class: "none" },
      state.search || state.outcomes.size ? "Nothing matches. Change the search or the filter." : "There is no change: both sides are alike."))]));
    found.textContent = view.found ? `${count(view.first)}–${count(view.first + view.lines.length - 1)} of ${count(view.found)}` : "";
    listPages(view);
  }

  function listPages({ page, pages }) {
    const turnTo = (label, to, name) => make("button", { type: "button", disabled: to < 1 || to > pages || to === page, "aria-label": name, onclick: () => {
      state.page = to;
      box.scrollTop = 0;
      refresh();
    } }, label);
    pager.replaceChildren(...(pages > 1 ? [turnTo("«", 1, "First page"), turnTo("‹", page - 1, "Previous page"),
      make("span", {}, `page ${count(page)} of ${count(pages)}`), turnTo("›", page + 1, "Next page"), turnTo("»", pages, "Last page")] : []));
  }

  return {
    element,
    async update(outcomes) {
      listChips(outcomes);
      await refresh();
    },
  };
}

function showLine(line) {
  return make("tr", {},
    make("td", {}, pill(line.outcome, line.label), line.at ? make("div", { class: "soft small" }, formatTime(line.at * 1000)) : ""),
    make("td", { class: "id" }, show(line.integration_id ?? "")),
    make("td", { class: "id" }, line.oduyo_id ?? "", (line.twins ?? []).length ? make("div", { class: "soft small" }, `twins: ${line.twins.join(", ")}`) : ""),
    make("td", { class: "code" }, show(line.code ?? "")),
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
  const value = isNew ? [make("span", { class: "value" }, show(after ?? ""))]
    : [make("del", {}, before ? show(before) : "empty"), make("span", { class: "arrow", "aria-label": "becomes" }, " → "), line.action === "delete" ? make("ins", {}, "deleted") : make("ins", {}, after ? show(after) : "empty")];
  const stored = (line.stored ?? {})[name];
  if (stored !== undefined) value.push(make("span", { class: "stored" }, ` stored as ${stored === null ? "empty" : `“${show(stored)}”`}`));
  return make("div", {}, make("dt", {}, name), make("dd", {}, value));
}
