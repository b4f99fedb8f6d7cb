// A second Node for tests: some clients and OpenTelemetry 3.x need a later one than our floor. Imports node: modules only.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./prepare.mjs";

const VERSION = "24.9.0";
const FOLDER = join(root, "node_modules", ".cache", "node-24");

/**
 * Path of a Node 24 program: this one, `NEXENT_NODE24`, or one from the npm registry (kept below `node_modules`, never
 * installed by `npm start`). Undefined where there is none for this platform.
 */
export function ensureNode24() {
  if (process.versions.node.startsWith("24.")) return process.execPath;
  const given = process.env["NEXENT_NODE24"];
  if (given) return existsSync(given) ? given : undefined;
  const name = `node-${process.platform}-${process.arch}`;
  const program = join(FOLDER, "node_modules", name, "bin", "node");
  if (existsSync(program)) return program;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "package.json"), '{ "private": true }\n');
  const args = ["install", `${name}@${VERSION}`, "--no-audit", "--no-fund", "--loglevel=error"];
  spawnSync("npm", args, { cwd: FOLDER, stdio: "ignore" });
  return existsSync(program) ? program : undefined;
}
