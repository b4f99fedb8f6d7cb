import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
/** Outside of the repository, whose own `node_modules` would be found from any folder below it. */
const CACHE = join(tmpdir(), `nexent-packages-${createHash("sha256").update(ROOT).digest("hex").slice(0, 8)}`);

/** A folder with what was asked for in its `node_modules`, or why npm could not install it. */
export type InstalledFolder = { readonly folder: string } | { readonly reason: string };

export interface InstallOptions {
  /** Name of the folder; one per set of packages. */
  readonly name: string;
  /** Packages of the registry and their exact versions. */
  readonly dependencies: Readonly<Record<string, string>>;
  /** Folders below `packages/` that are packed as for publishing and installed from the archive. */
  readonly own?: readonly string[];
}

function npm(args: readonly string[], cwd: string): string {
  // Packages for another Node than this one are installed on purpose.
  const options = ["--engine-strict=false", "--no-audit", "--no-fund", "--loglevel=error"];
  const done = spawnSync("npm", [...args, ...options], { cwd, encoding: "utf8" });
  if (done.status !== 0) throw new Error((done.stderr || done.error?.message || "npm failed").trim().slice(0, 500));
  return done.stdout;
}

/** The archive of one of our packages, named by its content so that a change installs anew. */
function pack(name: string, folder: string): string {
  const [line = ""] = npm(["pack", join(ROOT, "packages", name), "--pack-destination", folder], folder)
    .trim()
    .split("\n")
    .slice(-1);
  const archive = join(folder, line);
  return `file:${archive}#${createHash("sha256").update(readFileSync(archive)).digest("hex").slice(0, 16)}`;
}

/** Really installs packages next to nothing else, as an application would; what is there already stays. */
export function installPackages({ name, dependencies, own = [] }: InstallOptions): InstalledFolder {
  const folder = join(CACHE, name);
  try {
    mkdirSync(folder, { recursive: true });
    const packed = Object.fromEntries(own.map((one) => [one, pack(one, folder)]));
    const wanted = JSON.stringify([dependencies, Object.values(packed)]);
    const stamp = join(folder, "installed.json");
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return { folder };
    rmSync(join(folder, "node_modules"), { recursive: true, force: true });
    rmSync(join(folder, "package-lock.json"), { force: true });
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module", dependencies }));
    npm(["install", ...Object.values(packed).map((archive) => archive.split("#")[0] ?? archive)], folder);
    writeFileSync(stamp, wanted);
    return { folder };
  } catch (error) {
    return { reason: error instanceof Error ? error.message : "npm failed" };
  }
}
