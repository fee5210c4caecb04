// The pages of all DAGs and of one: its health, its last runs, what is left to do before the first sync.

import { airflowLink, dagAddress, runAddress } from "./address.js";
import { drawChart } from "./chart.js";
import { fillTime, heading, make, pill, sentence } from "./dom.js";
import { count, formatDuration, formatTime, t, tn } from "./texts.js";

const CHART_RUNS = 30;

export function describeDags(dags) {
  if (!dags.length) return [heading("Ödüyo"), make("p", { class: "notice" }, t("no_dags"))];
  const cards = dags.map(({ dag_id, last }) => airflowLink(dagAddress(dag_id), { class: "card" },
    make("strong", {}, dag_id), make("span", { class: "soft" }, last ? formatTime(last.started_at, true) : ""),
    sentence(last ? last.sentence : { tone: "plain", text: t("no_run") })));
  return [heading("Ödüyo"), make("nav", { class: "cards", "aria-label": t("dags") }, cards)];
}

export function describeDag(view, open) {
  const parts = [heading(view.dag_id)];
  parts.push(sentence(view.sentence ?? { tone: "plain", text: t("no_run") }));
  if (view.before) parts.push(make("p", { class: "soft small" }, t("before"), " ", fillTime(view.before.text, view.before.at)));
  if (view.checklist.length) parts.push(listSteps(view.checklist));
  if (view.health.length) parts.push(listHealth(view));
  if (view.answers.length) parts.push(listAnswers(view.answers));
  if (!view.runs.length) return parts;
  const told = view.runs.filter((run) => Object.keys(run.series).length);
  const list = make("div", {}, make("h2", { id: "runs-title" }, t("runs")), listRuns(view));
  if (told.length < 2) return [...parts, list];
  return [...parts, list, make("section", { "aria-labelledby": "chart-title" }, make("h2", { id: "chart-title" }, tn("last_runs", Math.min(told.length, CHART_RUNS))),
    drawChart(told.slice(0, CHART_RUNS).reverse(), view.columns, view.series, open))];
}

function listHealth(view) {
  return make("section", { "aria-label": t("health") }, make("dl", { class: "health" }, view.health.map((point) => {
    const text = fillTime(point.text, point.at);
    const address = point.address || (point.run_id ? runAddress(view.dag_id, point.run_id, point.task) : "");
    return make("div", { class: `point ${point.tone}` }, make("dt", {}, point.title),
      make("dd", {}, make("span", { class: "mark", "aria-hidden": "true" }), address ? airflowLink(address, {}, text) : text),
      point.note ? make("dd", { class: "soft small note" }, fillTime(point.note, point.at)) : "");
  })));
}

function listAnswers(answers) {
  return make("details", { class: "answers" }, make("summary", {}, tn("site_answers", answers.length)), make("dl", {}, answers.map((point) =>
    make("div", {}, make("dt", {}, point.title), make("dd", {}, point.answer), point.setting ? make("dd", { class: "soft" }, point.setting) : ""))));
}

function listSteps(steps) {
  return make("section", { "aria-labelledby": "steps-title", class: "checklist" }, make("h2", { id: "steps-title" }, t("first_sync")), make("ol", {}, steps.map((step) =>
    make("li", { class: step.done ? "done" : null }, make("span", { class: "tick", role: "img", "aria-label": step.done ? t("is_done") : t("is_open") }, step.done ? "✓" : "○"),
      step.address ? airflowLink(step.address, {}, step.text) : make("span", {}, step.text)))));
}

function listRuns(view) {
  const hasTasks = view.runs.some((run) => run.task);
  const head = [[t("run")], ...(hasTasks ? [[t("task")]] : []), [t("state")], ...view.columns.map((name) => [view.series[name], "number"]), [t("duration"), "number"]];
  const rows = view.runs.map((run) => make("tr", {},
    make("th", { scope: "row" }, airflowLink(runAddress(view.dag_id, run.run_id, run.task), {}, formatTime(run.started_at, true) || run.run_id),
      make("div", { class: "soft small run-id", title: run.run_id }, run.started_at ? run.run_id : "")),
    hasTasks ? make("td", {}, run.task) : null,
    make("td", {}, pill(`tone-${run.sentence.tone}`, run.sentence.label),
      run.approval ? make("div", { class: "small" }, airflowLink(run.approval.address, {}, t("answer"))) : ""),
    view.columns.map((name) => make("td", { class: "number" }, listFigure(view, run, name))),
    make("td", { class: "number" }, formatDuration(run.duration_s))));
  return make("div", { class: "wide scrolls", tabindex: "0", role: "region", "aria-labelledby": "runs-title" }, make("table", { class: "runs" },
    make("thead", {}, make("tr", {}, head.map(([text, name]) => make("th", { scope: "col", class: name }, text)))), make("tbody", {}, rows)));
}

// A figure leads to its rows.
function listFigure(view, run, name) {
  const value = run.series[name];
  if (value === undefined) return "–";
  if (!value) return make("span", { class: "soft" }, "0");
  const isNew = name === "rejected" && run.new_left_out;
  return [airflowLink(runAddress(view.dag_id, run.run_id, run.task, run.filters[name]), { class: "plain" }, count(value)),
    isNew ? make("div", { class: "small new" }, t("new_rows", { n: count(run.new_left_out) })) : ""];
}
