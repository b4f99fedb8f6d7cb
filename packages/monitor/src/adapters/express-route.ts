/** The pattern of an Express route. Express keeps the path it cut off, not the pattern it matched, where a router is mounted. */
import type { HttpWatch } from "../recording/http-span.ts";
import { safeProperty } from "../redact.ts";

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    // A stray percent sign: the segment is compared as it is.
    return segment;
  }
}

/** Where `run` stands in `segments`, from the right; -1 when it does not. */
function lastRun(segments: readonly string[], run: readonly string[]): number {
  for (let at = segments.length - run.length; at >= 0; at -= 1) {
    if (run.every((segment, i) => segments[at + i] === segment)) return at;
  }
  return -1;
}

function putName(segments: string[], name: string, value: unknown): void {
  const run = Array.isArray(value) ? value.map(String) : String(value).split("/");
  const at = lastRun(segments, run);
  if (at >= 0) {
    segments.splice(at, run.length, run.length === 1 && !Array.isArray(value) ? `:${name}` : "*");
    return;
  }
  // A parameter that is part of a segment, as in `/v:version`.
  const inside = segments.findLastIndex((segment) => segment.includes(String(value)));
  const segment = segments[inside];
  if (segment !== undefined) segments[inside] = segment.replace(String(value), () => `:${name}`);
}

/** A path with the values of its parameters taken out again. */
export function withoutValues(path: string, params: unknown): string {
  const segments = path.split("/").map(decoded);
  if (typeof params !== "object" || params === null) return path;
  for (const [name, value] of Object.entries(params).toReversed()) {
    if (value !== undefined && value !== "") putName(segments, name, value);
  }
  return segments.join("/");
}

/** Text of a route's path: a string, a regular expression, or a list of both. */
function pathText(path: unknown): string | undefined {
  if (typeof path === "string") return path;
  if (path instanceof RegExp) return path.source;
  if (!Array.isArray(path)) return undefined;
  return path.map((one: unknown) => pathText(one) ?? "").join("|");
}

function joined(mount: string, path: string): string {
  return path === "/" && mount !== "" ? mount : mount + path;
}

/** Watches the two properties that Express sets while it routes: at that moment it still knows where it is. */
export function followRoute(request: object, watch: HttpWatch): void {
  let base: unknown = safeProperty(request, "baseUrl");
  let route: unknown = safeProperty(request, "route");
  // Not empty where the application is mounted in another one that nobody observes.
  let mount = typeof base === "string" ? withoutValues(base, safeProperty(request, "params")) : "";
  const mounts = new Map<unknown, string>();
  const enter = (value: unknown): void => {
    const outer = typeof base === "string" ? base : "";
    if (typeof value === "string" && value.length > outer.length && value.startsWith(outer)) {
      mounts.set(outer, mount);
      mount += withoutValues(value.slice(outer.length), safeProperty(request, "params"));
    } else if (value !== base) mount = mounts.get(value ?? "") ?? "";
    base = value;
  };
  Object.defineProperty(request, "baseUrl", { configurable: true, enumerable: true, get: () => base, set: enter });
  Object.defineProperty(request, "route", {
    configurable: true,
    enumerable: true,
    get: () => route,
    set(value: unknown) {
      route = value;
      const path = pathText(safeProperty(value, "path"));
      if (path !== undefined) watch.matched(joined(mount, path));
    },
  });
}
