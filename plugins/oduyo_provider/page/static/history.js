// One record: what it is now on both sides, why, and what each run did to it.

import { airflowLink, asked, dagAddress, recordAddress, runAddress } from "./address.js";
import { field, fold, heading, make, pill, show, value } from "./dom.js";
import { count, formatTime, t } from "./texts.js";

// A form that leads to a record's own address.
// The task whose page led here comes first.
export function makeRecordSearch(dagId, text) {
  const input = make("input", { type: "search", placeholder: t("record_help"), "aria-label": t("record_search"), maxlength: 4000, spellcheck: "false" });
  input.value = text;
  const go = (event) => {
    event.preventDefault();
    if (input.value.trim()) airflowLink(recordAddress(dagId, input.value.trim(), asked.get("task") ?? ""), {}).click();
  };
  return make("form", { class: "tools", role: "search", onsubmit: go }, input, make("button", { type: "submit", class: "button" }, t("record_search")));
}

export function describeRecord(view) {
  const back = airflowLink(dagAddress(view.dag_id), {}, `← ${t("all_runs")}`);
  const found = view.record;
  const title = found ? [fold(found.code || found.integration_id, 40)] : [show(view.asked)];
  const places = view.looked.map((place) => make("p", { class: "soft small" }, describePlace(view, place)));
  const parts = [heading(title, back), makeRecordSearch(view.dag_id, view.asked)];
  if (found) parts.push(listIds(found), ...places, ...showRecord(view, found));
  else if (view.candidates.length) parts.push(listCandidates(view), ...places);
  else parts.push(make("p", { class: "notice" }, t("record_none", { text: view.asked })), ...places);
  if (view.is_unread) parts.push(make("p", { class: "notice" }, t("history_unread")));
  return parts;
}

const hasRead = (place) => place.rows !== undefined;

function describePlace(view, looked) {
  if (!hasRead(looked)) return t("looked_history");
  const [before, after] = t("looked", { rows: count(looked.rows), rows_at: formatTime(looked.rows_at, true), records: count(looked.records), records_at: formatTime(looked.records_at, true) }).split("{run}");
  return [before, airflowLink(runAddress(view.dag_id, looked.run_id, looked.task), {}, looked.run_id), looked.task && ` (${t("of_task", { task: looked.task })})`, after];
}

// What an id can be read of leads to its record; a row without one is nobody's, and stands here alone.
function listCandidates(view) {
  return make("section", { "aria-label": t("record_choice") }, make("h2", {}, t("record_choice")),
    make("ul", { class: "candidates" }, view.candidates.map((one) => make("li", {}, nameCandidate(view, one), make("span", { class: "soft" }, ` ${describeCandidate(one)}`)))),
    view.is_cut ? make("p", { class: "soft small" }, t("record_more")) : "");
}

function nameCandidate(view, one) {
  const name = show(one.code || one.integration_id || one.oduyo_id);
  return one.address ? airflowLink(recordAddress(view.dag_id, one.address, one.task), {}, name) : name;
}

function describeCandidate(one) {
  const ids = [["column_erp_id", one.integration_id], ["column_oduyo_id", one.oduyo_id]].map(([name, id]) => id && `${t(name)} ${show(id)}`);
  return [...ids, one.description === one.code ? "" : show(one.description), one.address ? "" : t("record_unnamed")].filter(Boolean).join(" · ");
}

function listIds(found) {
  const ids = [["column_erp_id", found.integration_id], ...found.oduyo.map((record) => ["column_oduyo_id", record.id])];
  return make("div", { class: "soft ids" }, ids.filter(([, id]) => id).map(([name, id]) => make("div", {}, t(name), " ", fold(id, 40))));
}

// What a run made of the record and read of it stands below that run, and only where there is one.
function showRecord(view, found) {
  const ofRun = [section("record_now", found.states.map(showState)), section("record_sides", [showSides(found)])];
  return [...(view.looked.some(hasRead) ? ofRun : []),
    section("record_ledger", [showLedger(found.memory, found.is_memory_unread)]),
    section("record_history", [listHistory(view, found)])];
}

function section(name, children) {
  return make("section", { "aria-labelledby": `${name}-title` }, make("h2", { id: `${name}-title` }, t(name)), children);
}

function showState(state) {
  return make("p", {}, state.label ? [pill(state.outcome, state.label), " "] : "", [state.reason, state.answer].filter(Boolean).map(show).join(" · "));
}

// Field by field what the ERP's row and Ödüyo's record hold; what one side does not name is left empty.
function showSides(found) {
  if (!found.erp.length && !found.oduyo.length) return make("p", { class: "soft" }, t("record_gone"));
  const columns = [...found.erp.map((values) => [t("side_erp"), values]), ...found.oduyo.map((values) => [t("side_oduyo"), values])];
  const names = [...new Set(columns.flatMap(([, values]) => Object.keys(values)))].filter((name) => columns.some(([, values]) => values[name]));
  return make("div", { class: "wide" }, make("table", { class: "sides" },
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, t("field")), columns.map(([title]) => make("th", { scope: "col" }, title)))),
    make("tbody", {}, names.map((name) => make("tr", {}, make("th", { scope: "row" }, field(name)), columns.map(([, values]) => make("td", {}, values[name] ? value(values[name]) : "")))))));
}

function showLedger(ledger, isUnread) {
  if (!ledger) return make("p", { class: "soft" }, t(isUnread ? "ledger_unread" : "ledger_none"));
  const points = [[t("ledger_source"), ledger.source || t("ledger_nobody")],
    [t("column_oduyo_id"), ledger.oduyo_id],
    [t("ledger_missing"), ledger.missing && `${ledger.missing} (${formatTime(ledger.missing_since, true)})`],
    [t("ledger_refused"), ledger.refused && `${ledger.refused} (${formatTime(ledger.refused_since, true)})`],
    [t("ledger_retired"), ledger.retired_at && formatTime(ledger.retired_at, true)],
    [t("ledger_twins"), ledger.twins.join(", ")],
    [t("ledger_stored"), Object.entries(ledger.stored).map(([name, [sent, stored]]) => `${name}: ${sent} → ${stored ?? ""}`).join("; ")]];
  return make("dl", { class: "health" }, points.filter(([, text]) => text).map(([title, text]) => make("div", { class: "point plain" }, make("dt", {}, title), make("dd", {}, show(text)))));
}

function listHistory(view, found) {
  if (!found.history.length) return view.is_unread ? "" : make("p", { class: "soft" }, t("history_none"));
  const hasReasons = found.history.some((past) => past.reason || past.answer);
  const head = ["run", "column_outcome", "column_fields", ...(hasReasons ? ["column_reason"] : [])].map((name) => make("th", { scope: "col" }, t(name)));
  const rows = found.history.map((past) => {
    const [runId, ...task] = past.run.split("/");
    return make("tr", {}, make("td", { class: "whole" }, airflowLink(runAddress(view.dag_id, runId, task.join("/")), {}, formatTime(past.at, true))),
      make("td", {}, pill(past.outcome, past.label)), make("td", {}, make("dl", {}, (past.fields ?? []).map(showField))),
      hasReasons ? make("td", {}, [past.reason, past.answer].filter(Boolean).map(show).join(" · ")) : null);
  });
  const cut = found.dropped_until ? make("p", { class: "soft small" }, t("history_cut", { time: formatTime(found.dropped_until, true) })) : "";
  return [make("div", { class: "wide" }, make("table", { class: "history" }, make("thead", {}, make("tr", {}, head)), make("tbody", {}, rows))), cut];
}

function showField([name, before, after]) {
  const change = before === null ? [make("span", { class: "value" }, value(after))] : [make("del", {}, value(before))];
  // What a deletion takes away becomes nothing.
  if (before !== null && after !== null) change.push(make("span", { class: "arrow", role: "img", "aria-label": t("becomes") }, " → "), make("ins", {}, value(after)));
  return make("div", {}, make("dt", {}, field(name)), make("dd", {}, change));
}
