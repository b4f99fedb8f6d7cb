import { dirname, join } from "node:path";

/** What became of an optional package: expected to be missing, or there and broken, or loaded. */
export type LoadResult =
  | { readonly status: "loaded"; readonly exports: unknown; readonly version: string }
  | { readonly status: "missing"; readonly name: string }
  | { readonly status: "broken"; readonly name: string; readonly reason: string };

/** Finds and loads optional packages, synchronously. Never throws. */
export interface PackageLoader {
  /**
   * @param via packages through whose own dependencies `name` may be reached, tried first to last; for a package that
   * only comes along with another one and is not hoisted.
   */
  load(name: string, via?: readonly string[]): LoadResult;
}

/** `"broken"` when the failure is anything but "this very package is not there". */
function isMissing(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "MODULE_NOT_FOUND" || code === "ERR_MODULE_NOT_FOUND";
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? (error.message.split("\n", 1)[0] ?? error.name) : "it threw a value that is no error";
}

/** The version in the nearest `package.json` above `file` that carries `name`; read by path, past any exports map. */
function versionOf(require: NodeJS.Require, file: string, name: string): string {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    try {
      const manifest: unknown = require(join(folder, "package.json"));
      if (typeof manifest !== "object" || manifest === null || !("name" in manifest) || manifest.name !== name)
        continue;
      return "version" in manifest && typeof manifest.version === "string" ? manifest.version : "unknown";
    } catch (error) {
      if (!isMissing(error)) return "unknown";
    }
  }
  return "unknown";
}

function resolveFrom(require: NodeJS.Require, name: string): string | LoadResult {
  try {
    return require.resolve(name);
  } catch (error) {
    return isMissing(error) ? { status: "missing", name } : { status: "broken", name, reason: reasonOf(error) };
  }
}

function loadFrom(require: NodeJS.Require, name: string): LoadResult {
  const file = resolveFrom(require, name);
  if (typeof file !== "string") return file;
  try {
    return { status: "loaded", exports: require(file), version: versionOf(require, file, name) };
  } catch (error) {
    return { status: "broken", name, reason: reasonOf(error) };
  }
}

/** Loaded here, not at import: while monitoring is off nothing of it is needed, and it brings half of Node's streams. */
function createRequire(origin: string): NodeJS.Require {
  return process.getBuiltinModule("node:module").createRequire(origin);
}

/** The places to look from: the meta package first (it pins tested versions), then `origin` itself. */
function rootsOf(origin: string): NodeJS.Require[] {
  const own = createRequire(origin);
  const meta = resolveFrom(own, "@nexent/performance/package.json");
  return typeof meta === "string" ? [createRequire(meta), own] : [own];
}

/**
 * A loader that resolves first and loads second, so that missing and broken stay apart.
 * @param origin file or `file:` URL to look from; default this module.
 */
export function createPackageLoader(origin: string = import.meta.url): PackageLoader {
  let roots: NodeJS.Require[] | undefined;
  return {
    load(name, via = []) {
      roots ??= rootsOf(origin);
      let missing: LoadResult = { status: "missing", name };
      for (const root of roots) {
        const steps = via.map((step) => resolveFrom(root, step)).filter((step) => typeof step === "string");
        for (const require of [root, ...steps.map((step) => createRequire(step))]) {
          const result = loadFrom(require, name);
          if (result.status !== "missing") return result;
          missing = result;
        }
      }
      return missing;
    },
  };
}

/** The version of a package that a program at `origin` gets; undefined when it has none. Loads nothing. */
export function versionSeenFrom(origin: string, name: string): string | undefined {
  const require = createRequire(origin);
  const file = resolveFrom(require, name);
  return typeof file === "string" ? versionOf(require, file, name) : undefined;
}

/** Loads what a program at `origin` gets as a package. */
export function loadSeenFrom(origin: string, name: string): LoadResult {
  return loadFrom(createRequire(origin), name);
}
