// What a chart holds: the window (t0, step, count) and one value array a series; deltas are laid over it.

// The answer to a request with `since=` has `offset` > 0: its values start at that bucket of the new window.
// Returns null when the delta does not fit what is held, and a full read is needed.
export function merge(held, delta) {
  if (delta.offset === 0) return delta;
  const keys = delta.series.map((one) => one.key).join("\n");
  if (!held || held.step !== delta.step || held.series.map((one) => one.key).join("\n") !== keys) return null;
  const shift = Math.round((delta.t0 - held.t0) / delta.step);
  if (shift < 0 || delta.offset + shift > held.count) return null;
  const series = delta.series.map((one, index) => {
    const values = new Array(delta.count).fill(null);
    const old = held.series[index].values;
    for (let at = 0; at < delta.offset; at += 1) values[at] = old[at + shift] ?? null;
    for (let at = 0; at < one.values.length; at += 1) values[delta.offset + at] = one.values[at];
    return { ...one, values };
  });
  return { ...delta, offset: 0, series };
}

// Where the next delta should start: a few buckets back, because the last ones may still be filling.
export function sinceOf(held) {
  let last = -1;
  for (const one of held.series) {
    for (let at = one.values.length - 1; at > last; at -= 1) if (one.values[at] !== null) last = at;
  }
  return held.t0 + Math.max(0, last - 2) * held.step;
}

export function columns(held, stacked) {
  const times = Array.from({ length: held.count }, (_, at) => held.t0 + at * held.step);
  const values = held.series.map((one) => one.values);
  return [times, ...(stacked ? stack(values, held.count) : values)];
}

// Running sums, first series at the bottom. Where every series is empty, so is the stack: gaps stay gaps.
function stack(values, count) {
  const base = new Array(count).fill(0);
  const empty = Array.from({ length: count }, (_, at) => values.every((one) => one[at] === null));
  return values.map((one) =>
    Array.from({ length: count }, (_, at) => {
      if (empty[at]) return null;
      base[at] += one[at] ?? 0;
      return base[at];
    }),
  );
}

export function summary(values) {
  const known = values.filter((value) => value !== null);
  if (!known.length) return { last: null, min: null, avg: null, max: null };
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  for (const value of known) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { last: known[known.length - 1], min, avg: sum / known.length, max };
}
