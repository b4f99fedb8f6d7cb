// Lock file policy, offline: integrity everywhere, no git or file dependency, no install scripts outside the allow-list.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

/** Packages whose install script is known and not needed: scripts never run (`ignore-scripts`). */
const KNOWN_INSTALL_SCRIPTS = new Set(["esbuild", "fsevents"]);

/** Problems of one parsed package-lock.json, as sentences. */
export function lockfileProblems(lock) {
  const problems = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (path === "" || entry.link || path.startsWith("packages/")) continue;
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    if (!entry.integrity) problems.push(`${name} has no integrity hash`);
    if (entry.resolved && !entry.resolved.startsWith("https://")) problems.push(`${name} is not fetched over https`);
    if (entry.hasInstallScript && !KNOWN_INSTALL_SCRIPTS.has(name)) problems.push(`${name} has an install script`);
  }
  return problems;
}

/** Dependencies in manifests that are not exact versions (peers and the meta package's `~` ranges excepted). */
export function rangeProblems(manifest) {
  if (manifest.name === "@nexent/performance") return [];
  return Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(([name, version]) => `${manifest.name} asks for ${name} "${version}": versions are exact`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const manifests = Object.keys(lock.packages)
    .filter((path) => path === "" || /^packages\/[^/]+$/.test(path))
    .map((path) => JSON.parse(readFileSync(path === "" ? "package.json" : `${path}/package.json`, "utf8")));
  const problems = [...lockfileProblems(lock), ...manifests.flatMap(rangeProblems)];
  for (const problem of problems) console.error(problem);
  process.exit(problems.length === 0 ? 0 : 1);
}
