// How <trace-scatter> paints: scales, axes, dots; what failed is a square, so that colour is not all that tells.
import { moment } from "./format.js";
import { duration } from "./trace-format.js";

export const HEIGHT = 240;
const LEFT = 62;
const TOP = 8;
const BOTTOM = 24;
const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export function scalesOf(held, wide) {
  const times = held.points.map((point) => Math.max(point[1], 0.01));
  const low = 10 ** Math.floor(Math.log10(Math.min(...times, 1000)));
  const high = 10 ** Math.ceil(Math.log10(Math.max(...times, low * 10)));
  const width = wide - LEFT - 8;
  const tall = HEIGHT - TOP - BOTTOM;
  const span = Math.max(held.end - held.start, 1);
  const decades = Math.log10(high / low);
  return {
    low,
    high,
    wide,
    x: (at) => LEFT + ((at - held.start) / span) * width,
    y: (ms) => TOP + tall * (1 - Math.log10(Math.max(ms, low) / low) / decades),
    time: (x) => held.start + ((x - LEFT) / width) * span,
    ms: (y) => low * 10 ** ((1 - (y - TOP) / tall) * decades),
  };
}

export function paintOn(canvas, held, scale, chosen, dragged) {
  const ratio = devicePixelRatio || 1;
  canvas.width = scale.wide * ratio;
  canvas.height = HEIGHT * ratio;
  const paint = canvas.getContext("2d");
  paint.scale(ratio, ratio);
  axes(paint, held, scale);
  for (const [failed, colour] of [[0, "--s1"], [1, "--bad"]]) {
    paint.fillStyle = token(colour);
    paint.globalAlpha = failed ? 0.9 : 0.55;
    for (const point of held.points) {
      if (point[2] !== failed) continue;
      const [x, y] = [scale.x(point[0]), scale.y(point[1])];
      if (failed) paint.fillRect(x - 3, y - 3, 6, 6);
      else paint.fill(circle(x, y, 2.5));
    }
  }
  paint.globalAlpha = 1;
  if (chosen) {
    paint.strokeStyle = token("--text");
    paint.lineWidth = 2;
    paint.stroke(circle(scale.x(chosen[0]), scale.y(chosen[1]), 6));
  }
  if (dragged) {
    const [from, to] = dragged;
    paint.fillStyle = token("--accent");
    paint.globalAlpha = 0.15;
    paint.fillRect(from.x, from.y, to.x - from.x, to.y - from.y);
  }
}

function axes(paint, held, scale) {
  paint.font = `11px ${token("--font")}`;
  paint.fillStyle = token("--muted");
  paint.strokeStyle = token("--grid");
  paint.textAlign = "right";
  for (let ms = scale.low; ms <= scale.high * 1.001; ms *= 10) {
    const y = scale.y(ms);
    paint.beginPath();
    paint.moveTo(LEFT, y);
    paint.lineTo(scale.wide - 8, y);
    paint.stroke();
    paint.fillText(duration(ms), LEFT - 8, y + 4);
  }
  paint.textAlign = "center";
  const count = Math.max(Math.floor((scale.wide - LEFT) / 120), 2);
  const long = held.end - held.start > 2 * 86_400_000;
  for (let at = 0; at <= count; at += 1) {
    const time = held.start + ((held.end - held.start) * at) / count;
    const when = moment(time);
    const x = Math.min(Math.max(scale.x(time), LEFT + 14), scale.wide - 24);
    paint.fillText(long ? when.slice(5, 16) : when.slice(11, 16), x, HEIGHT - 6);
  }
}

function circle(x, y, radius) {
  const path = new Path2D();
  path.arc(x, y, radius, 0, 2 * Math.PI);
  return path;
}
