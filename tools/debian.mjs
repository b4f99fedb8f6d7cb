// Debian programs that some tests need: found, or installed through apt when root, or absent with a notice.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

let listsUpdated = false;

/** Path of `program`, after trying `apt-get install packages` as root; undefined when it cannot be had here. */
export function ensureDebianProgram(program, packages) {
  if (existsSync(program)) return program;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return undefined;
  const apt = (...args) =>
    spawnSync("apt-get", args, { stdio: "ignore", env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  if (!listsUpdated) {
    apt("update");
    listsUpdated = true;
  }
  apt("install", "-y", "--no-install-recommends", ...packages);
  return existsSync(program) ? program : undefined;
}
