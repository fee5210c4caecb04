// The page: what is asked for stands in its address, what is shown comes from the server.

import { airflowLink, ask, asked, dagAddress, runAddress } from "./address.js";
import { describeDag, describeDags } from "./dag.js";
import { heading, make, renew } from "./dom.js";
import { describeRun } from "./run.js";
import { describeRecord, makeRecordSearch } from "./history.js";
import { makeTable } from "./table.js";
import { around, language, readLanguage, setFields, setTexts, t, zoneName } from "./texts.js";

const dagId = asked.get("dag_id");
const runId = asked.get("run_id");
const main = document.getElementById("main");

const POLL_MS = 3000;

class Unavailable extends Error {}

async function load(path, pairs = []) {
  const answer = await fetch(ask(path, [...pairs, ["language", language]]), { credentials: "same-origin" });
  if (answer.ok) return answer.json();
  if (answer.status === 401) throw new Unavailable(t("not_logged_in"));
  if (answer.status === 403) throw new Unavailable(t("not_allowed"));
  const told = await answer.json().catch(() => ({}));
  const text = told.message || (typeof told.detail === "string" ? told.detail : "");
  throw new Unavailable(text || t("wrong_answer", { status: answer.status }));
}

async function showDags() {
  main.replaceChildren(...describeDags((await load("dags")).dags));
}

// Read again and again, for as long as read() says that there may be more.
function keepReading(read, pause_ms) {
  const poll = async () => {
    try {
      if (document.hidden || await read()) setTimeout(poll, pause_ms);
    } catch (error) {
      if (error instanceof Unavailable) showFault(error);
      else setTimeout(poll, 3 * pause_ms); // the network, for a moment
    }
  };
  setTimeout(poll, pause_ms);
}

async function showDag() {
  const search = makeRecordSearch(dagId, ""), rest = make("div", {});
  const open = (run) => airflowLink(runAddress(dagId, run.run_id, run.task), {}).click();
  const refresh = async () => {
    const view = await load("dag", [["dag_id", dagId]]);
    const [head, ...parts] = describeDag(view, open);
    // The search stays, with what somebody is typing.
    if (!main.contains(rest)) main.replaceChildren(head, search, rest);
    renew(rest, view, parts);
    return view.runs.some((run) => run.is_going);
  };
  if (await refresh()) keepReading(refresh, 5 * POLL_MS);
}

async function showRecord() {
  const record = asked.get("record");
  const view = await load("record", [["dag_id", dagId], ["record", record], ["task", asked.get("task")]]);
  setFields(view.fields);
  main.replaceChildren(...describeRecord(view));
}

async function showRun() {
  let task = asked.get("task") ?? "";
  const summary = make("div", {});
  const which = () => [["dag_id", dagId], ["run_id", runId], ["task", task]];
  const table = makeTable((pairs) => load("changes", [...which(), ...pairs]), (file, pairs) => ask(file, [...which(), ...pairs, ["language", language], ["zone", zoneName]]), () => task);
  table.element.hidden = true;
  main.replaceChildren(make("p", { class: "soft" }, t("reading")));
  const refresh = async () => {
    const view = await load("run", which());
    task = view.task ?? task;
    setFields(view.fields);
    if (!main.contains(summary)) main.replaceChildren(summary, table.element);
    renew(summary, view, describeRun(view, table.filter).filter(Boolean));
    table.element.hidden = Boolean(view.is_empty);
    if (!view.is_empty) await table.update(view);
    return view.is_going;
  };
  if (await refresh()) keepReading(refresh, POLL_MS);
}

function showFault(error) {
  console.info(error);
  const text = error instanceof Unavailable ? error.message : t("unreachable");
  const links = dagId && runId ? airflowLink(dagAddress(dagId), {}, t("all_runs")) : "";
  main.replaceChildren(heading(runId ?? dagId ?? "Ödüyo", links), make("p", { class: "notice", role: "alert" }, text));
}

// Airflow keeps its light and dark in a class of its own document. Whoever changes the language there sees it here at once.
function follow({ document: { documentElement: root } }) {
  const take = () => {
    const theme = ["dark", "light"].find((name) => root.classList.contains(name));
    if (theme) document.documentElement.dataset.theme = theme;
    if (readLanguage() !== language) location.reload();
  };
  take();
  new MutationObserver(take).observe(root, { attributes: true, attributeFilter: ["class", "lang"] });
}

async function begin() {
  setTexts(await load("texts"));
  main.replaceChildren(make("p", { class: "soft" }, t("reading")));
  await (dagId && runId ? showRun : dagId && asked.get("record") ? showRecord : dagId ? showDag : showDags)();
}

around(follow);
begin().catch(showFault);
