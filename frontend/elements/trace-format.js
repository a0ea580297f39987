// Milliseconds for people: the same rules as src/trimtab/web/traces/rows.py.
export function duration(ms) {
  const size = Math.abs(ms);
  if (size >= 100_000) return `${Math.round(ms / 1000).toLocaleString("en")} s`;
  if (size >= 1000) return `${(ms / 1000).toFixed(2)} s`;
  if (size >= 100) return `${ms.toFixed(0)} ms`;
  return size >= 1 ? `${ms.toFixed(1)} ms` : `${ms.toFixed(2)} ms`;
}
