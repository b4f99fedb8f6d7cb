// The SDK as an application imports it: each entry of packages/monitor with what it needs, core included, in a handful of
// files instead of nearly two hundred (ADR 0031). The recorder, which the gateway shares with core, stays as compiled.
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const sdk = join(dirname(dirname(fileURLToPath(import.meta.url))), "packages", "monitor");
const FOLDER = "./bundle/";

/** Names of the bundled files without their ending, each with its source. */
function entries() {
  const { exports } = JSON.parse(readFileSync(join(sdk, "package.json"), "utf8"));
  const bundled = Object.values(exports).filter((target) => target.default?.startsWith(FOLDER));
  return Object.fromEntries(
    bundled.map((target) => [target.default.slice(FOLDER.length, -".js".length), join(sdk, target["@nexent/source"])]),
  );
}

const outdir = resolve(sdk, FOLDER);
// Whoever has stamped an earlier bundle is no longer right about it.
rmSync(join(outdir, ".nexent-build"), { force: true });
const { metafile } = await build({
  metafile: true,
  entryPoints: entries(),
  outdir,
  bundle: true,
  // What entries share is one module for all of them: they keep one state.
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  conditions: ["@nexent/source"],
  // Half the bytes to compile; names stay, so that a stack trace can be read.
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: "warning",
});

// Parts of an earlier bundle go last: whoever runs it meanwhile still finds them.
const written = new Set(Object.keys(metafile.outputs).map((file) => resolve(file)));
for (const entry of readdirSync(outdir, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath, entry.name);
  if (entry.isFile() && file.endsWith(".js") && !written.has(file)) rmSync(file);
}
