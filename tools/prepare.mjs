// Brings a fresh clone to a built tree: Node version, install, build. Imports node: modules only, so that it works with
// an empty node_modules; every step is skipped when nothing changed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const INSTALL_STAMP = join(root, "node_modules", ".nexent-install");
const WEB_STAMP = join(root, "packages", "web", "dist", ".nexent-build");
const SDK_STAMP = join(root, "packages", "monitor", "bundle", ".nexent-build");

/** Whether a Node version satisfies `^20.20.0 || ^22.12.0 || >=24.0.0`. */
export function nodeIsSupported(version) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return (major === 20 && minor >= 20) || (major === 22 && minor >= 12) || major >= 24;
}

/** Ends the process with a sentence and no stack trace. */
export function fail(message, exitCode = 1) {
  console.error(`\n${message}`);
  process.exit(exitCode);
}

function hashFiles(files) {
  const hash = createHash("sha256");
  for (const file of files)
    hash
      .update(file)
      .update("\0")
      .update(readFileSync(join(root, file)))
      .update("\0");
  return hash.digest("hex");
}

function filesBelow(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

function manifests() {
  const packages = readdirSync(join(root, "packages"))
    .map((name) => join("packages", name, "package.json"))
    .filter((file) => existsSync(join(root, file)));
  return ["package.json", "package-lock.json", ".npmrc", ...packages.sort()];
}

function installStamp() {
  return `${hashFiles(manifests())} node${process.versions.node.split(".")[0]} ${process.platform}-${process.arch}`;
}

function readStamp(file) {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}

function run(label, command, args, cwd = root) {
  const startedAt = performance.now();
  process.stdout.write(`${label} … `);
  const result = spawnSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  if (result.error) fail(`${label} could not start: ${result.error.message}`);
  if (result.status !== 0) {
    process.stdout.write("failed\n");
    process.stderr.write(`${result.stdout}${result.stderr}`);
    fail(`${label} failed (exit ${result.status ?? result.signal}); its output is above.`);
  }
  console.log(`${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
}

/**
 * Installs what the lock file says, unless the stamp matches lock file, manifests, Node major and platform. Not `npm ci`:
 * it refuses a lock file that lacks the optional binaries of platforms its maker could not see.
 */
function install() {
  if (readStamp(INSTALL_STAMP) === installStamp()) return;
  run("Installing dependencies", "npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"]);
  writeFileSync(INSTALL_STAMP, installStamp());
}

/** Third-party clients and frameworks for `tests/clients`; no program of ours needs them, so `npm start` never installs them. */
export function installClients() {
  const folder = join(root, "tests", "clients");
  const stampFile = join(folder, "node_modules", ".nexent-install");
  const files = ["package.json", "package-lock.json", ".npmrc"].map((name) => join("tests", "clients", name));
  const stamp = `${hashFiles(files)} node${process.versions.node.split(".")[0]} ${process.platform}-${process.arch}`;
  if (readStamp(stampFile) === stamp) return;
  // Some of them ask for a later Node than ours and are run by one; `npm test` hands our own strictness down.
  const args = ["install", "--no-audit", "--no-fund", "--loglevel=error", "--engine-strict=false"];
  run("Installing clients for tests", "npm", args, folder);
  writeFileSync(stampFile, stamp);
}

function buildWeb() {
  const files = ["core", "api", "web"].flatMap((name) => filesBelow(join("packages", name, "src")));
  const others = [
    "packages/web/index.html",
    "packages/web/vite.config.ts",
    "package-lock.json",
    ...filesBelow("packages/web/public"),
  ];
  const stamp = hashFiles([...files, ...others]);
  if (readStamp(WEB_STAMP) === stamp) return;
  rmSync(WEB_STAMP, { force: true });
  run("Building the dashboard", process.execPath, [
    "node_modules/vite/bin/vite.js",
    "build",
    "packages/web",
    "--logLevel",
    "warn",
  ]);
  mkdirSync(dirname(WEB_STAMP), { recursive: true });
  writeFileSync(WEB_STAMP, stamp);
}

/** Also without the rest, for whoever measures the SDK alone. */
export function bundleSdk() {
  const files = ["core", "monitor"].flatMap((name) => filesBelow(join("packages", name, "src")));
  const stamp = hashFiles([...files, "packages/monitor/package.json", "tools/bundle-sdk.mjs", "package-lock.json"]);
  if (readStamp(SDK_STAMP) === stamp) return;
  run("Bundling the SDK", process.execPath, ["tools/bundle-sdk.mjs"]);
  writeFileSync(SDK_STAMP, stamp);
}

/** `tsc -b` (a no-op costs under half a second), then the SDK's bundle and the web, if their sources changed. */
export function build() {
  run("Building packages", process.execPath, ["node_modules/typescript/bin/tsc", "-b"]);
  bundleSdk();
  buildWeb();
}

/** Everything a fresh clone needs before a program or a test can run. */
export function prepare() {
  if (!nodeIsSupported(process.versions.node)) {
    fail(
      `Nexent LLM Monitor needs Node 20.20 or later (22.12 or later of line 22); this is Node ${process.versions.node}.\n` +
        "Install it from https://nodejs.org or with your version manager, then run the command again.",
      78,
    );
  }
  install();
  build();
}
