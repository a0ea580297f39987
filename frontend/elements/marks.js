// Thresholds, bands and moments of a chart, drawn on uPlot's canvas: shades below the lines, dotted lines above them.
const PIXELS = devicePixelRatio || 1;

export function shade(plot, marks, colour) {
  const { ctx, bbox } = plot;
  ctx.save();
  clip(ctx, bbox);
  ctx.globalAlpha = 0.14;
  for (const one of marks.across.filter((mark) => mark.band)) {
    const top = one.high === null ? bbox.top : y(plot, one.high, one);
    const bottom = one.low === null ? bbox.top + bbox.height : y(plot, one.low, one);
    ctx.fillStyle = one.color || colour.bad;
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  }
  for (const one of marks.along.filter((mark) => !mark.line)) {
    const left = one.start === null ? bbox.left : plot.valToPos(one.start, "x", true);
    const right = one.end === null ? bbox.left + bbox.width : plot.valToPos(one.end, "x", true);
    ctx.globalAlpha = one.bare ? 0.28 : 0.14;
    ctx.fillStyle = one.color || (one.bare ? colour.bad : colour.muted);
    ctx.fillRect(left, bbox.top, Math.max(right - left, PIXELS), bbox.height);
  }
  ctx.restore();
}

export function rule(plot, marks, colour, font) {
  const { ctx, bbox } = plot;
  ctx.save();
  clip(ctx, bbox);
  ctx.setLineDash([2 * PIXELS, 3 * PIXELS]);
  ctx.lineWidth = 1.2 * PIXELS;
  ctx.font = font.replace("11px", `${11 * PIXELS}px`);
  for (const one of marks.across) {
    ctx.strokeStyle = ctx.fillStyle = one.color || colour.bad;
    const edges = [one.low, one.band ? one.high : null].filter((edge) => edge !== null);
    for (const [at, edge] of edges.entries()) {
      const place = y(plot, edge, one);
      line(ctx, bbox.left, place, bbox.left + bbox.width, place);
      ctx.textAlign = "right";
      const low = place - 15 * PIXELS < bbox.top; // no room above the line
      if (at === 0 && one.label) {
        ctx.fillText(one.label, bbox.left + bbox.width - 4 * PIXELS, place + (low ? 12 : -4) * PIXELS);
      }
    }
  }
  for (const [row, one] of marks.along.filter((mark) => !mark.bare).entries()) {
    ctx.strokeStyle = ctx.fillStyle = one.color || colour.muted;
    for (const [at, ms] of [one.start, one.end].filter((edge) => edge !== null).entries()) {
      const place = plot.valToPos(ms, "x", true);
      line(ctx, place, bbox.top, place, bbox.top + bbox.height);
      const late = place > bbox.left + bbox.width / 2;
      ctx.textAlign = late ? "right" : "left";
      if (at === 0 && one.label) ctx.fillText(one.label, place + (late ? -5 : 5) * PIXELS, bbox.top + (11 + 13 * (row % 3)) * PIXELS);
    }
  }
  ctx.restore();
}

// The values that an axis must show beside those of its lines.
export function reach(marks, right) {
  if (!marks) return [];
  const mine = marks.across.filter((one) => one.right === right);
  return mine.flatMap((one) => [one.low, one.band ? one.high : null]).filter((edge) => edge !== null);
}

function y(plot, value, one) {
  return plot.valToPos(value, one.right && plot.scales.right ? "right" : "y", true);
}

function line(ctx, x1, y1, x2, y2) {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

function clip(ctx, { left, top, width, height }) {
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
}
