// What a benchmark needs before it runs: built packages, and for comparisons packages of others.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleSdk } from "../../tools/prepare.mjs";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Compiles a package and what it imports, and bundles the SDK. */
export function build(name) {
  const args = ["node_modules/typescript/bin/tsc", "-b", join("packages", name)];
  const { status, stdout } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(`packages/${name} does not compile\n${stdout}`);
  bundleSdk();
}

/** Installs the lock file of a folder, once; without a registry the folder stays empty. */
export function installFolder(folder) {
  if (existsSync(join(folder, "node_modules"))) return;
  console.log("Installing what is compared with …");
  spawnSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: folder, stdio: "inherit" });
}
