// Reads charts' data. Elements with `batch` that ask in one turn share one request: ?w=0&w=3:<since>&…
const waiting = new Map();

export async function read(source, since, batch, signal) {
  if (batch) return together(source, since, signal);
  const answer = await fetch(since === null ? source : `${source}&since=${since}`, { signal });
  if (!answer.ok) throw new Error(await reason(answer));
  return answer.json();
}

function together(source, since, signal) {
  const url = new URL(source, location.href);
  const index = url.searchParams.get("w");
  url.searchParams.delete("w");
  const key = url.toString();
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("superseded", "AbortError")));
    if (!waiting.has(key)) {
      waiting.set(key, []);
      setTimeout(() => send(url, key));
    }
    waiting.get(key).push({ index, since, resolve, reject });
  });
}

async function send(url, key) {
  const asked = waiting.get(key);
  waiting.delete(key);
  for (const { index, since } of asked) url.searchParams.append("w", since === null ? index : `${index}:${since}`);
  try {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(await reason(answer));
    const found = await answer.json();
    for (const { index, resolve, reject } of asked) {
      if (found[index]?.error) reject(new Error(found[index].error));
      else resolve(found[index]);
    }
  } catch (problem) {
    for (const { reject } of asked) reject(problem);
  }
}

async function reason(answer) {
  const text = await answer.text();
  try {
    return JSON.parse(text).error ?? `server answered ${answer.status}`;
  } catch {
    return `server answered ${answer.status}`;
  }
}
