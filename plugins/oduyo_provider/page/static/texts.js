// Texts, numbers and times as the reader has them: the language and the time zone are those of Airflow's own pages.

export const isFramed = window.parent !== window;

// What act makes of the window around this page; null without one, or where it is not Airflow's.
export function around(act) {
  if (!isFramed) return null;
  try {
    return act(window.parent);
  } catch (error) {
    console.info("The page around cannot be reached.", error);
    return null;
  }
}

// Airflow's document says "en" until it is told otherwise, now and then for good; what its reader chose it keeps beside that.
export const readLanguage = () => around((view) => {
  const said = view.document.documentElement.lang;
  return said === "en" ? localStorage.getItem("i18nextLng") || said : said;
}) || "";

export const language = readLanguage();

function readZone() {
  try {
    const stored = localStorage.getItem("timezone");
    const name = stored && (stored.startsWith('"') ? JSON.parse(stored) : stored);
    return name ? new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone : undefined;
  } catch {
    return undefined; // nothing may be stored, or a zone that this browser does not know
  }
}

const zone = { timeZone: readZone() };
// What a download is told: the zone that the times of this page are in.
export const zoneName = new Intl.DateTimeFormat("en", zone).resolvedOptions().timeZone;
const known = { texts: {}, plurals: {}, filters: {}, fields: {}, rules: new Intl.PluralRules("en") };
let numbers, times, fullTimes;

// What the server calls everything; it also says which language it speaks.
export function setTexts({ language: spoken, texts, plurals, filters }) {
  document.documentElement.lang = spoken;
  // English with the day before the month, as everybody but the United States writes it.
  const locale = spoken === "en" ? "en-GB" : spoken;
  Object.assign(known, { texts, plurals, filters, rules: new Intl.PluralRules(locale) });
  numbers = new Intl.NumberFormat(locale);
  times = new Intl.DateTimeFormat(locale, { ...zone, day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
  fullTimes = new Intl.DateTimeFormat(locale, { ...zone, dateStyle: "medium", timeStyle: "short" });
}

// Name of a field of the API → what people call it, for the records that are shown.
export function setFields(fields) {
  known.fields = fields ?? {};
}

export const fieldLabel = (name) => known.fields[name] ?? "";

// What a filter is called; a reason names itself.
export const filterLabel = (kind, name) => known.filters[kind]?.[name] ?? name;

const put = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => (name in values ? String(values[name]) : all));

export function t(name, values = {}) {
  return put(known.texts[name] ?? name, values);
}

// A text about a number of things: {n} stands for the number.
export function tn(name, number, values = {}) {
  const [one, other] = known.plurals[name] ?? [name, name];
  return put(known.rules.select(number) === "one" ? one : other, { n: count(number), ...values });
}

export const count = (value) => numbers.format(value);

// Seconds since 1970.
export function formatTime(seconds, full = false) {
  return seconds === null || seconds === undefined ? "" : (full ? fullTimes : times).format(new Date(seconds * 1000));
}

export function formatDuration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60);
  if (minutes < 1) return t("seconds", { s: count(whole) });
  if (minutes < 60) return t("minutes", { min: count(minutes), s: count(whole % 60) });
  return t("hours", { h: count(Math.floor(minutes / 60)), min: count(minutes % 60) });
}
