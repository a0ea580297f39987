// Numbers for people: the same rules as src/trimtab/web/format.py.
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const PREFIXED = new Set(["ms", "µs", "ns", "kB", "KB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB", "MHz", "GHz"]);
const DECIMAL = ["", "k", "M", "G", "T", "P"];

function scaled(value, base, names) {
  let index = 0;
  let size = Math.abs(value);
  while (size >= base && index < names.length - 1) {
    size /= base;
    index += 1;
  }
  return [Math.sign(value) * size, names[index]];
}

function digits(value) {
  const size = Math.abs(value);
  if (size === 0 || size >= 100) return value.toFixed(0);
  if (size >= 10) return trim(value.toFixed(1));
  if (size >= 0.01) return trim(value.toFixed(2));
  return String(Number(value.toPrecision(2)));
}

function trim(text) {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function seconds(value) {
  const size = Math.abs(value);
  if (size >= 86_400) return `${digits(value / 86_400)} d`;
  if (size >= 3600) return `${digits(value / 3600)} h`;
  if (size >= 1 || size === 0) return `${digits(value)} s`;
  return size >= 1e-3 ? `${digits(value * 1e3)} ms` : `${digits(value * 1e6)} µs`;
}

// `format` is one of the names that web/format.py gives a unit; `suffix` is what follows a plain number.
export function formatValue(value, format, suffix = "") {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (format === "fraction") return `${digits(value * 100)} %`;
  if (format === "percent") return `${digits(value)} %`;
  if (format === "seconds") return seconds(value);
  if (format === "bytes") {
    const [size, name] = scaled(value, 1024, BINARY);
    return `${digits(size)} ${name}`;
  }
  if (format === "bytes/s") {
    const [size, name] = scaled(value, 1000, DECIMAL);
    return `${digits(size)} ${name}B/s`;
  }
  if (PREFIXED.has(suffix)) return `${Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en-US") : digits(value)} ${suffix}`;
  const [size, name] = scaled(value, 1000, DECIMAL);
  const apart = name && suffix && !joins(suffix) ? " " : "";
  return `${digits(size)} ${name}${apart}${suffix}`.trimEnd();
}

// Whether a prefix is written to a unit: kW, k/s, but k GPUs.
function joins(suffix) {
  return suffix.length === 1 || suffix === "Hz" || suffix.startsWith("/");
}

// The time zone in which the page is read; the server writes it on the page, which is loaded anew when it changes.
const zone = () => document.documentElement.dataset.zone;
let reader = null;

// A moment as `YYYY-MM-DD HH:MM:SS.mmm` in the viewer's zone.
export function moment(ms) {
  const name = zone();
  if (!name) return new Date(ms).toISOString().slice(0, 23).replace("T", " ");
  reader ??= new Intl.DateTimeFormat("en-GB", {
    timeZone: name, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  const part = Object.fromEntries(reader.formatToParts(ms).map((one) => [one.type, one.value]));
  const rest = String(((ms % 1000) + 1000) % 1000 | 0).padStart(3, "0");
  return `${part.year}-${part.month}-${part.day} ${part.hour}:${part.minute}:${part.second}.${rest}`;
}

export function clock(ms, withSeconds = true) {
  return moment(ms).slice(11, withSeconds ? 19 : 16);
}

export function day(ms) {
  return moment(ms).slice(5, 10);
}

// Whether a day begins at a moment.
export function midnight(ms) {
  return moment(ms).endsWith("00:00:00.000");
}
