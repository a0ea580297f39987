// Builds the pages' assets into src/trimtab/web/static: content-hashed files and manifest.json (logical name → file).
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(process.argv[2] ?? join(here, "../src/trimtab/web/static"));

const bundle = await build({
  absWorkingDir: here,
  entryPoints: { app: "app.js", "app-style": "app.css" },
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  legalComments: "none",
  loader: { ".woff2": "file" },
  assetNames: "[name]-[hash]",
  outdir: target,
  write: false,
  logLevel: "warning",
});

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });

const manifest = {};
function put(logical, stem, extension, bytes) {
  const file = `${stem}-${createHash("sha256").update(bytes).digest("hex").slice(0, 12)}${extension}`;
  writeFileSync(join(target, file), bytes);
  manifest[logical] = file;
}

for (const output of bundle.outputFiles) {
  const name = output.path.slice(target.length + 1);
  if (name === "app.js") put("app.js", "app", ".js", output.contents);
  else if (name === "app-style.css") put("app.css", "app", ".css", output.contents);
  else {
    // Fonts keep the hashed name that the style sheet refers to.
    writeFileSync(output.path, output.contents);
    manifest[name.replace(/-[A-Z0-9]{8}(?=\.)/, "")] = name;
  }
}
put("favicon.svg", "favicon", ".svg", readFileSync(join(here, "favicon.svg")));
writeFileSync(join(target, "manifest.json"), JSON.stringify(manifest, null, 2));
