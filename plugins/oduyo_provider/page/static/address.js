// What is asked for stands in the address: of this page, and of Airflow's page around it, so that a link can be sent.

import { make } from "./dom.js";
import { around, isFramed } from "./texts.js";

export const asked = new URLSearchParams(location.search);
// Airflow gives the page in its frame the DAG and the run alone: what else is asked for stands in Airflow's own address.
const NAMES = ["record", "task", "outcome", "action", "known", "of", "reason", "search", "sort", "page"];

around((view) => {
  const pairs = new URLSearchParams(view.location.search);
  for (const name of NAMES) if (!asked.has(name)) for (const value of pairs.getAll(name)) asked.append(name, value);
});

// What is asked for: pairs of name and value, empty values left out.
export const ask = (path, pairs) => {
  const query = new URLSearchParams(pairs.filter(([, value]) => value));
  return query.size === 0 ? path : `${path}?${query}`;
};

// Write what is asked for now into both addresses, without a step in the history.
export function keepAddress(pairs) {
  const values = pairs.filter(([, value]) => value);
  const put = (view) => {
    const address = new URL(view.location.href);
    for (const name of NAMES) address.searchParams.delete(name);
    for (const [name, value] of values) address.searchParams.append(name, value);
    if (address.href !== view.location.href) view.history.replaceState(view.history.state, "", address.href);
  };
  put(window);
  around(put);
}

// Addresses of Airflow's own pages are relative to Airflow's base, one level above this page. The frame may not
// navigate the window around it, so a link of that window's own document is followed instead.
export function airflowLink(address, attributes, ...children) {
  const href = `../${address}`;
  const follow = (event) => {
    if (!isFramed || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const outer = window.parent.document;
    const link = outer.createElement("a");
    link.href = new URL(href, document.baseURI).href;
    outer.body.append(link);
    link.click();
    link.remove();
  };
  return make("a", { ...attributes, href, target: isFramed ? "_top" : null, onclick: follow }, ...children);
}

export const dagAddress = (dagId) => `dags/${encodeURIComponent(dagId)}/plugin/oduyo-dag`;
export const recordAddress = (dagId, record, task = "") => ask(dagAddress(dagId), [["record", record], ["task", task]]);
export const runAddress = (dagId, runId, task = "", more = []) =>
  ask(`dags/${encodeURIComponent(dagId)}/runs/${encodeURIComponent(runId)}/plugin/oduyo-run`, [["task", task], ...more]);
