// The page: what is asked for stands in its address, what is shown comes from the server.

import { airflowLink, count, formatDuration, formatTime, make, pill, sentence } from "./dom.js";
import { drawChart } from "./chart.js";
import { makeTable } from "./table.js";

const asked = new URLSearchParams(location.search);
const dagId = asked.get("dag_id");
const runId = asked.get("run_id");
const main = document.getElementById("main");

const POLL_MS = 3000;
const MARKS = { success: "✓", failed: "✗", upstream_failed: "–", skipped: "–", running: "…", up_for_retry: "↻" };

class Unavailable extends Error {}

// What is asked for: pairs of name and value, empty values left out.
const ask = (path, pairs) => `${path}?${new URLSearchParams(pairs.filter(([, value]) => value))}`;
const pageAddress = (values) => ask("page", Object.entries(values));

async function load(path, pairs = []) {
  const answer = await fetch(ask(path, pairs), { credentials: "same-origin" });
  if (answer.ok) return answer.json();
  if (answer.status === 401) throw new Unavailable("You are no longer logged in. Reload Airflow and log in again.");
  if (answer.status === 403) throw new Unavailable("You may not read this DAG's runs. Ask your Airflow administrator for the right to read them.");
  const told = await answer.json().catch(() => ({}));
  const text = told.message || (typeof told.detail === "string" ? told.detail : "");
  throw new Unavailable(text || `The api-server answered HTTP ${answer.status}. Reload the page; if it stays so, its log says why.`);
}

function heading(title, ...rest) {
  return make("header", {}, make("h1", {}, title), make("div", { class: "rest" }, ...rest));
}

// ── all DAGs ─────────────────────────────────────────────────────────────────────────────────────────────────

async function showDags() {
  const { dags } = await load("dags");
  if (!dags.length) {
    main.replaceChildren(heading("Ödüyo"), make("p", { class: "notice" },
      "No DAG that you may read has staged runs yet. They appear here once a run has begun; if runs are there, see that "
      + "ODUYO_STAGING_PATH names the same place for the api-server and the workers."));
    return;
  }
  const rows = dags.map(({ dag_id, last }) => make("a", { class: "card", href: pageAddress({ dag_id }) },
    make("strong", {}, dag_id), make("span", { class: "soft" }, last.started_at ? formatTime(last.started_at, true) : ""), sentence(last.sentence)));
  main.replaceChildren(heading("Ödüyo"), make("nav", { class: "cards", "aria-label": "DAGs" }, rows));
}

// ── one DAG ──────────────────────────────────────────────────────────────────────────────────────────────────

async function showDag() {
  const view = await load("dag", [["dag_id", dagId]]);
  const reported = view.runs.filter((run) => run.duration_s !== null);
  const open = (run) => location.assign(pageAddress({ dag_id: dagId, run_id: run.run_id, task: run.task }));
  const chart = reported.length
    ? make("section", { "aria-labelledby": "chart-title" }, make("h2", { id: "chart-title" }, `The last ${reported.length} runs`),
      drawChart(reported.slice(0, 30).reverse(), view.series, open))
    : null;
  main.replaceChildren(heading(view.dag_id), sentence(view.sentence), chart ?? "",
    make("section", { "aria-labelledby": "runs-title" }, make("h2", { id: "runs-title" }, "Runs"), listRuns(view)));
  if (view.sentence.tone === "busy") setTimeout(() => showDag().catch(showFault), 5 * POLL_MS);
}

function listRuns(view) {
  const hasTasks = view.runs.some((run) => run.task);
  const names = Object.entries(view.series);
  const head = ["Run", ...(hasTasks ? ["Task"] : []), "State", ...names.map(([, label]) => label), "Duration"];
  const rows = view.runs.map((run) => make("tr", {},
    make("th", { scope: "row" }, make("a", { href: pageAddress({ dag_id: view.dag_id, run_id: run.run_id, task: run.task }) },
      run.started_at ? formatTime(run.started_at, true) : run.run_id), make("div", { class: "soft small" }, run.started_at ? run.run_id : "")),
    hasTasks ? make("td", {}, run.task) : null,
    make("td", {}, pill(`tone-${run.sentence.tone}`, run.dry_run ? "dry run" : { good: "in step", warn: "rows left out", bad: "not in step", busy: "going" }[run.sentence.tone] ?? "")),
    names.map(([name]) => make("td", { class: "number" }, run.series[name] === undefined ? "–" : count(run.series[name]))),
    make("td", { class: "number" }, formatDuration(run.duration_s))));
  return make("div", { class: "scroll" }, make("table", {},
    make("thead", {}, make("tr", {}, head.map((text, column) => make("th", { scope: "col", class: column > (hasTasks ? 2 : 1) ? "number" : null }, text)))),
    make("tbody", {}, rows)));
}

// ── one run ──────────────────────────────────────────────────────────────────────────────────────────────────

async function showRun() {
  let task = asked.get("task") ?? "";
  const summary = make("div", {});
  const which = () => [["dag_id", dagId], ["run_id", runId], ["task", task]];
  const table = makeTable((pairs) => load("changes", [...which(), ...pairs]), (pairs) => ask("changes.csv", [...which(), ...pairs]));
  main.replaceChildren(summary, table.element);
  const refresh = async () => {
    const view = await load("run", which());
    task = view.task ?? task;
    // Whoever is on one of its links with the keyboard stays there; the next turn brings the rest.
    if (!summary.contains(document.activeElement) || !view.is_going) summary.replaceChildren(...describeRun(view));
    table.element.hidden = Boolean(view.is_empty);
    if (!view.is_empty) await table.update(view.chips);
    return view.is_going;
  };
  const poll = async () => {
    try {
      if (document.hidden || await refresh()) setTimeout(poll, POLL_MS);
    } catch (error) {
      if (error instanceof Unavailable) showFault(error);
      else setTimeout(poll, 3 * POLL_MS); // the network, for a moment
    }
  };
  if (await refresh()) setTimeout(poll, POLL_MS);
}

function describeRun(view) {
  const back = make("a", { href: pageAddress({ dag_id: view.dag_id }) }, `← all runs of ${view.dag_id}`);
  const head = heading(view.started_at ? formatTime(view.started_at, true) : "Run", back);
  const parts = [head, make("p", { class: "soft small run-id" }, view.run_id, view.task ? ` · task ${view.task}` : "",
    view.duration_s !== null && view.duration_s !== undefined ? ` · took ${formatDuration(view.duration_s)}` : ""), sentence(view.sentence)];
  if (view.is_empty) return parts;
  if (view.progress && view.progress.total) parts.push(showProgress(view.progress));
  if (view.tasks.length > 1) parts.push(chooseTask(view));
  if (view.steps.length) parts.push(listSteps(view.steps));
  const sums = view.sums.filter((sum) => sum.count || sum.name === "extracted").map(showSum);
  const aside = [];
  if (view.aside.remote_duplicates) aside.push(`${count(view.aside.remote_duplicates)} further records in Ödüyo carry an integration_id that another record has.`);
  if (view.aside.altered) aside.push(`${count(view.aside.altered)} records hold a value that Ödüyo stored otherwise than sent.`);
  for (const [name, rows] of Object.entries(view.warnings)) aside.push(`${count(rows)} rows: ${name} (sent all the same).`);
  parts.push(make("div", { class: "two" },
    make("section", { "aria-labelledby": "sums-title" }, make("h2", { id: "sums-title" }, view.is_going ? "So far" : view.dry_run ? "The plan adds up" : "It adds up"), sums,
      aside.length ? make("ul", { class: "soft small" }, aside.map((text) => make("li", {}, text))) : null),
    make("section", { "aria-labelledby": "reasons-title" }, make("h2", { id: "reasons-title" }, "Reasons"), listReasons(view.reasons), listParams(view.params))));
  return parts;
}

function showProgress({ done, total }) {
  return make("div", { class: "progress" }, make("progress", { value: done, max: total, "aria-label": "Changes settled" }),
    make("span", {}, `${count(done)} of ${count(total)} (${Math.floor((100 * done) / total)} %)`));
}

function chooseTask(view) {
  return make("nav", { class: "chips", "aria-label": "Tasks of this run" }, view.tasks.map((task) => make("a",
    { class: "chip", href: pageAddress({ dag_id: view.dag_id, run_id: view.run_id, task }), "aria-current": task === view.task ? "page" : null }, task || "the DAG's own")));
}

function listSteps(steps) {
  return make("nav", { class: "steps", "aria-label": "Task logs" }, make("span", { class: "soft" }, "Task logs:"),
    steps.map((step) => airflowLink(step.log, { class: `step ${step.state}`, title: `${step.task}: ${step.state}` },
      make("span", { "aria-hidden": "true" }, MARKS[step.state] ?? "·"), ` ${step.task}`, make("span", { class: "unseen" }, `, ${step.state}`))));
}

function showSum(sum) {
  const shown = sum.parts.filter((part) => part.count);
  const bar = make("div", { class: "bar", "aria-hidden": "true" }, shown.map((part) => {
    const piece = make("span", { class: part.name, title: `${part.label}: ${count(part.count)}` });
    piece.style.flexGrow = String(part.count);
    return piece;
  }));
  return make("div", { class: "sum" }, make("p", {}, make("strong", { class: "big" }, count(sum.count)), ` ${sum.label}`), bar,
    make("ul", { class: "parts" }, shown.map((part) => make("li", {}, make("span", { class: `dot ${part.name}`, "aria-hidden": "true" }), make("strong", {}, count(part.count)), ` ${part.label}`))));
}

function listReasons(reasons) {
  const entries = Object.entries(reasons);
  if (!entries.length) return make("p", { class: "soft" }, "Nothing was rejected, refused or left undone.");
  return make("div", { class: "reasons" }, make("table", {}, make("tbody", {}, entries.map(([reason, number]) =>
    make("tr", {}, make("td", { class: "number" }, count(number)), make("td", {}, reason))))));
}

function listParams(params) {
  const entries = Object.entries(params);
  return entries.length ? make("p", { class: "soft small params" }, entries.map(([name, value]) => make("span", {}, `${name} `, make("code", {}, value)))) : null;
}

// ── around it ────────────────────────────────────────────────────────────────────────────────────────────────

function showFault(error) {
  const text = error instanceof Unavailable ? error.message : "The api-server cannot be reached. Reload the page.";
  const links = dagId && runId ? make("a", { href: pageAddress({ dag_id: dagId }) }, `all runs of ${dagId}`) : "";
  main.replaceChildren(heading(runId ?? dagId ?? "Ödüyo", links), make("p", { class: "notice", role: "alert" }, text));
}

// Airflow keeps its light and dark in a class of its own document.
function followTheme() {
  const set = () => {
    const classes = window.parent.document.documentElement.classList;
    const theme = classes.contains("dark") ? "dark" : classes.contains("light") ? "light" : "";
    if (theme) document.documentElement.dataset.theme = theme;
  };
  if (window.parent === window) return;
  try {
    set();
    new MutationObserver(set).observe(window.parent.document.documentElement, { attributes: true, attributeFilter: ["class"] });
  } catch (error) {
    console.info("The theme follows the system, as the page around cannot be read.", error);
  }
}

followTheme();
const begin = dagId && runId ? showRun : dagId ? showDag : showDags;
main.replaceChildren(make("p", { class: "soft" }, "Reading…"));
begin().catch(showFault);
