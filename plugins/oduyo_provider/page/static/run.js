// The page of a run above its table: how it stands and why, whose turn it is, and its figures.

import { airflowLink, dagAddress, runAddress } from "./address.js";
import { figure, fillTime, heading, make, pill, sentence } from "./dom.js";
import { count, formatDuration, formatTime, t, tn } from "./texts.js";

const MARKS = { success: "✓", failed: "✗", upstream_failed: "–", skipped: "–", running: "…", up_for_retry: "↻", awaiting_input: "?", deferred: "?" };

// filter(pairs) shows the lines of the table that these pairs of name and value ask for.
export function describeRun(view, filter) {
  const back = airflowLink(dagAddress(view.dag_id), {}, `← ${t("all_runs")}`);
  const title = [formatTime(view.started_at, true) || t("run"), " ", pill(`tone-${view.sentence.tone}`, view.sentence.label)];
  const about = [view.run_id, view.task ? t("of_task", { task: view.task }) : "", view.duration_s === null || view.duration_s === undefined ? "" : t("took", { time: formatDuration(view.duration_s) })];
  // Whoever has to answer finds the way there at the end of the sentence that says so.
  const answer = view.approval?.waits ? airflowLink(view.approval.address, { class: "button strong" }, t("answer")) : "";
  const parts = [heading(title, back), make("p", { class: "soft small run-id" }, about.filter(Boolean).join(" · ")), sentence(view.sentence, answer)];
  if (view.is_empty) return [...parts, ...view.causes.map(showCause), view.steps.length ? listSteps(view.steps) : null];
  for (const note of view.notes) parts.push(make("p", { class: "note" }, note));
  for (const cause of view.causes) parts.push(showCause(cause));
  if (view.approval?.answered_at || view.progress) parts.push(make("div", { class: "beside" }, view.approval?.answered_at && showApproval(view.approval), view.progress && showProgress(view.progress, view.left_s)));
  if (view.tasks.length > 1) parts.push(chooseTask(view));
  if (view.steps.length) parts.push(listSteps(view.steps));
  if (view.actions.length || view.brakes.length) parts.push(listActions(view, filter));
  const sums = view.sums.filter((sum) => sum.count).map((sum) => showSum(view, sum, filter));
  const head = sums.length ? make("h2", { id: "sums-title" }, view.title) : null;
  return [...parts, make("section", { "aria-labelledby": head ? "sums-title" : null }, make("div", { class: "more" }, head, listMore(view, filter)), sums)];
}

function showCause(cause) {
  const when = cause.retry_at ? t("next_try", { time: formatTime(cause.retry_at, true) }) : "";
  const head = [make("strong", {}, cause.task), cause.label, t("try_of", { n: count(cause.tries), most: count(cause.max_tries) }), when];
  return make("section", { class: `cause ${cause.state}`, "aria-label": t("cause_of", { task: cause.task }) },
    make("p", { class: "small" }, head.filter(Boolean).flatMap((part, number) => (number ? [" · ", part] : [part])), " · ", airflowLink(cause.log, {}, t("log"))),
    make("p", { class: "text" }, cause.text));
}

function showApproval(approval) {
  // Who said no stands in the sentence.
  const said = approval.is_yes ? t("approved_by", { user: approval.by, time: formatTime(approval.answered_at, true) }) : "";
  return make("p", { class: "small" }, said, " ", airflowLink(approval.address, {}, t("question")));
}

function showProgress({ done, total }, left_s) {
  return make("div", { class: "progress" }, make("progress", { value: done, max: total, "aria-label": t("settled") }),
    make("span", {}, t("of", { n: count(done), all: count(total) }), left_s ? ` · ${t("left", { time: formatDuration(left_s) })}` : ""));
}

function chooseTask(view) {
  return make("nav", { class: "chips", "aria-label": t("tasks_of_run") }, view.tasks.map((task) => airflowLink(runAddress(view.dag_id, view.run_id, task),
    { class: "chip", "aria-current": task === view.task ? "page" : null }, task || t("dag_itself"))));
}

function listSteps(steps) {
  return make("nav", { class: "steps", "aria-label": t("logs") }, make("span", { class: "soft" }, t("logs")), steps.map((step) => {
    const parts = step.parts.map((part) => `${count(part.count)} ${part.label}`).join(", ");
    const said = parts || step.label;
    return airflowLink(step.log, { class: `step ${step.state}`, title: `${step.task}: ${said}` },
      make("span", { "aria-hidden": "true" }, MARKS[step.state] ?? "·"), ` ${step.task}`,
      step.parts.length ? make("span", { class: "soft" }, ` ${t("of", { n: count(step.done), all: count(step.instances) })}`) : "",
      make("span", { class: "unseen" }, `, ${said}`));
  }));
}

function listActions(view, filter) {
  const brakes = view.brakes.map((brake) => make("li", {}, make("code", {}, brake.name), ` ${brake.text}`));
  return make("section", { "aria-labelledby": "actions-title" }, make("div", { class: "actions" }, make("h2", { id: "actions-title" }, t("the_plan")),
    view.actions.map((action) => figure(action.name, action.label, action.count, () => filter([["action", action.name]])))),
    brakes.length ? make("ul", { class: "small" }, brakes) : null);
}

function showSum(view, sum, filter) {
  const shown = sum.parts.filter((part) => part.count);
  // One part alone fills the whole bar, which tells nothing.
  const bar = shown.length < 2 ? null : make("div", { class: "bar", "aria-hidden": "true" }, shown.map((part) => {
    const piece = make("span", { class: part.name, title: `${part.label}: ${count(part.count)}` });
    piece.style.flexGrow = String(part.count);
    return piece;
  }));
  // A figure is a button where a filter shows as many rows as it counts.
  const act = ({ name, count: number }) => {
    const shown = (view.figures[name] ?? []).find((one) => one.count === number);
    return shown ? () => filter(shown.filter) : null;
  };
  return make("div", { class: "sum" }, make("p", { class: "parts" }, make("span", {}, `${sum.label}: `, make("strong", { class: "big" }, count(sum.count))),
    shown.map((part) => figure(part.name, part.label, part.count, act(part)))), bar);
}

// A remark whose rows can be shown is a button.
function showRemark({ text, outcome, reason }, filter) {
  return outcome ? make("button", { type: "button", class: "figure", onclick: () => filter([["outcome", outcome], ["reason", reason]]) }, text) : text;
}

// What is looked up at times only stands folded, beside the heading, so that the table begins on the first screen.
function listMore(view, filter) {
  const rows = [];
  for (const side of view.left_out) {
    const told = [["new_rows", side.new], ["known_rows", side.known], ["gone_rows", side.gone]].map(([name, number]) => (number ? t(name, { n: count(number) }) : ""));
    rows.push(make("p", { class: side.new ? "new" : "soft" }, `${side.label}: ${told.filter(Boolean).join(", ")}`));
  }
  const reasons = view.reasons.map((reason) => make("tr", {}, make("td", { class: "number" }, count(reason.count)),
    make("td", {}, showRemark(reason, filter))));
  const params = Object.entries(view.params).map(([name, value]) => make("span", {}, `${name} `, make("code", {}, value)));
  return [...rows,
    view.aside.length ? make("details", {}, make("summary", {}, tn("remarks", view.aside.length)), make("ul", { class: "small" }, view.aside.map((one) => make("li", {}, showRemark(one, filter))))) : null,
    reasons.length ? make("details", {}, make("summary", {}, tn("reasons", reasons.length)), make("table", { class: "reasons" }, make("tbody", {}, reasons))) : null,
    params.length ? make("details", {}, make("summary", {}, t("settings")), make("p", { class: "soft small params" }, params)) : null];
}
