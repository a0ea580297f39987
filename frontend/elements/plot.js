// uPlot options in the pages' design language: theme tokens, time axis of the viewer's zone, unit on the y axis, gaps, hatched last bucket.
import uPlot from "uplot";
import { clock, day, formatValue, midnight } from "./format.js";
import { reach, rule, shade } from "./marks.js";

const DAY_MS = 86_400_000;
const BINARY_STEPS = Array.from({ length: 60 }, (_, power) => 2 ** power);

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const alpha = (hex, share) => hex + Math.round(share * 255).toString(16).padStart(2, "0");

// `current()` is the data now: the same plot is kept over refreshes, so that the cursor stays where it is.
export function plotOptions({ held, current, stacked, top, width, height, onSelect, onCursor }) {
  const muted = token("--muted");
  const grid = { stroke: token("--grid"), width: 1 };
  const font = `11px ${token("--font")}`;
  const show = (value) => formatValue(value, held.format, held.suffix);
  const colours = held.series.map((one) => one.color || token(`--s${one.slot}`));
  const colour = { bad: token("--bad"), muted };
  const axes = held.axes ?? {};
  const right = held.series.some((one) => one.right);
  const marks = () => current().marks;
  return {
    width,
    height,
    ms: 1,
    ...(document.documentElement.dataset.zone ? { tzDate: (ms) => uPlot.tzDate(new Date(ms), document.documentElement.dataset.zone) } : {}),
    padding: [8, 22, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 7 },
      drag: { x: true, y: false, setScale: false },
      sync: { key: "page", scales: ["x", null], filters: { pub: (type) => type !== "mousedown" && type !== "mouseup" } },
    },
    scales: {
      x: { time: true, range: () => [current().start, current().end] },
      y: { range: (_, low, high) => yRange(low, high, top, axes.left, reach(marks(), false)) },
      ...(right ? { right: { range: (_, low, high) => yRange(low, high, null, axes.right, reach(marks(), true)) } } : {}),
    },
    axes: [
      { stroke: muted, grid, ticks: { show: false }, font, size: 28, gap: 6, space: 64, values: timeLabels },
      {
        stroke: muted, grid, ticks: { show: false }, font, gap: 6, space: 34, size: axisSize,
        values: (_, splits) => splits.map(show),
        ...(held.format === "bytes" ? { incrs: BINARY_STEPS } : {}),
        ...(axes.left?.label ? { label: axes.left.label, labelSize: 16, labelFont: font } : {}),
      },
      ...(right ? [rightAxis({ muted, font, held, axis: axes.right })] : []),
    ],
    series: [{}, ...held.series.map((one, index) => seriesOptions(one, colours[index], current, stacked))],
    bands: stacked ? held.series.slice(1).map((_, index) => ({ series: [index + 2, index + 1] })) : edges(held, colours),
    hooks: {
      setSelect: [(plot) => plot.select.width > 4 && onSelect(plot)],
      setCursor: [(plot) => onCursor(plot.cursor.idx)],
      drawClear: [
        (plot) => current().partial && hatch(plot, current()),
        (plot) => marks() && shade(plot, marks(), colour),
      ],
      draw: [(plot) => marks() && rule(plot, marks(), colour, font)],
    },
  };
}

function rightAxis({ muted, font, held, axis }) {
  const show = (value) => formatValue(value, held.right.format, held.right.suffix);
  return {
    scale: "right", side: 1, stroke: muted, grid: { show: false }, ticks: { show: false }, font, gap: 6, space: 34,
    size: axisSize, values: (_, splits) => splits.map(show),
    ...(held.right.format === "bytes" ? { incrs: BINARY_STEPS } : {}),
    ...(axis?.label ? { label: axis.label, labelSize: 16, labelFont: font } : {}),
  };
}

function seriesOptions(one, colour, current, stacked) {
  const few = current().series.length <= 2;
  return {
    label: one.label,
    scale: one.right ? "right" : "y",
    stroke: colour,
    width: stacked ? 1 : one.edge ? 0.8 : 1.6,
    fill: stacked ? alpha(colour, 0.55) : few && !one.edge ? alpha(colour, 0.1) : undefined,
    points: { show: (plot, index) => lonely(plot.data[index]), size: 5, fill: colour },
    gaps: (plot, _index, _from, _to, gaps) => {
      const { start, step } = current();
      const bridge = plot.valToPos(start + one.gap * step, "x", true) - plot.valToPos(start, "x", true);
      return gaps.filter(([left, right]) => right - left > bridge + 1);
    },
  };
}

// An anomaly band: what lies between its two edges, the upper first.
function edges(held, colours) {
  return held.series.flatMap((one, at) => {
    const lower = one.edge ? held.series.findIndex((other, place) => place > at && other.edge === one.edge) : -1;
    return lower < 0 ? [] : [{ series: [at + 1, lower + 1], fill: alpha(colours[at], 0.2) }];
  });
}

// A line needs two points: with one, show it as a dot.
function lonely(values) {
  let known = 0;
  for (const value of values) if (value !== null && (known += 1) > 1) return false;
  return known === 1;
}

// `axis` may fix one end or both; `further` are thresholds, which must be seen too.
function yRange(low, high, top, axis, further) {
  if (top) return [0, top];
  const ends = [low, high, ...further].filter((one) => one !== null && one !== undefined);
  const least = ends.length ? Math.min(...ends) : 0;
  const most = ends.length ? Math.max(...ends) : 1;
  const [first, last] = least >= 0 ? [0, most > 0 ? most * 1.1 : 1] : uPlot.rangeNum(least, most, 0.1, true);
  const start = axis?.min ?? first;
  const end = axis?.max ?? last;
  return end > start ? [start, end] : [start, start + 1];
}

function axisSize(_plot, labels) {
  return Math.max(40, 14 + 6.3 * Math.max(...(labels ?? [""]).map((label) => label.length)));
}

function timeLabels(_plot, splits, _axis, _space, step) {
  return splits.map((ms) => (step >= DAY_MS || midnight(ms) ? day(ms) : clock(ms, step < 60_000)));
}

// The last bucket is not over yet: its value will still change.
function hatch(plot, held) {
  const left = plot.valToPos(held.t0 + (held.count - 1) * held.step, "x", true);
  const right = plot.bbox.left + plot.bbox.width;
  if (right - left < 4) return;
  const { ctx } = plot;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, plot.bbox.top, right - left, plot.bbox.height);
  ctx.clip();
  ctx.strokeStyle = token("--line-strong");
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (let x = left - plot.bbox.height; x < right; x += 8) {
    ctx.moveTo(x, plot.bbox.top + plot.bbox.height);
    ctx.lineTo(x + plot.bbox.height, plot.bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}
