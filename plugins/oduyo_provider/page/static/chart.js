// The last runs as one strip of bars for each figure, all strips above one time axis.

import { draw, make } from "./dom.js";
import { count, formatDuration, formatTime, t } from "./texts.js";

const LABEL = 170, STRIP = 34, GAP = 8, AXIS = 34, VALUE = 92;

// Oldest first. Bars grow with the square root, so that a first run of thousands leaves the next ones visible.
export function drawChart(runs, columns, labels, open) {
  const strips = [...columns.map((name) => ({ name, label: labels[name], value: (run) => run.series[name], text: count })),
    { name: "duration", label: t("duration"), value: (run) => run.duration_s, text: formatDuration }];
  const width = 960, right = width - VALUE, step = (right - LABEL) / runs.length, bar = Math.max(3, Math.min(26, step * 0.7));
  const height = strips.length * (STRIP + GAP) + AXIS;
  const picture = draw("svg", { viewBox: `0 0 ${width} ${height}`, class: "chart", role: "group", "aria-label": t("chart_name") });
  const bars = runs.map((run, number) => {
    const column = draw("a", { href: "#", class: "column", "aria-label": describe(run, strips), onclick: (event) => { event.preventDefault(); open(run); } },
      draw("title", {}, describe(run, strips)),
      draw("rect", { class: "hit", x: LABEL + number * step, y: 0, width: step, height: height - AXIS + 4, rx: 3 }));
    picture.append(column);
    return column;
  });
  strips.forEach((strip, row) => {
    const base = row * (STRIP + GAP) + STRIP;
    const values = runs.map((run) => strip.value(run) ?? 0);
    const most = Math.max(...values);
    picture.append(draw("line", { class: "base", x1: LABEL, x2: right, y1: base + 0.5, y2: base + 0.5 }),
      draw("text", { class: "label", x: LABEL - 12, y: base - 4, "text-anchor": "end" }, strip.label),
      draw("text", { class: "most", x: right + 8, y: base - 4 }, most ? t("most", { value: strip.text(most) }) : t("none")));
    values.forEach((value, number) => {
      if (!value) return;
      const tall = Math.max(2, Math.sqrt(value / most) * (STRIP - 4));
      bars[number].append(draw("rect", { class: `value ${strip.name}`, x: LABEL + number * step + (step - bar) / 2, y: base - tall, width: bar, height: tall, rx: 1.5 }));
    });
  });
  const every = Math.ceil(runs.length / 6);
  runs.forEach((run, number) => {
    if ((runs.length - 1 - number) % every) return;
    picture.append(draw("text", { class: "tick", x: LABEL + (number + 0.5) * step, y: height - AXIS + 20, "text-anchor": "middle" }, formatTime(run.started_at)));
  });
  return make("figure", {}, picture, make("figcaption", { class: "soft small" }, t("chart_help")));
}

function describe(run, strips) {
  const figures = strips.map((strip) => `${strip.label} ${strip.text(strip.value(run) ?? 0)}`).join(", ");
  return [formatTime(run.started_at, true), run.task, run.sentence.label, figures].filter(Boolean).join(" · ");
}
