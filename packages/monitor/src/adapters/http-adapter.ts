/** What the framework adapters share: installing once, paths, and the watch of a request that is being served. */
import { ATTR, hostNameOf } from "@nexent/monitor-core";
import { warnOnce } from "../diagnostics.ts";
import { givenOptions } from "../given-options.ts";
import type { HttpWatch } from "../recording/http-span.ts";
import { manager } from "../manager.ts";
import { describeThrown, redactMessage, safeProperty } from "../redact.ts";
import type { Runtime } from "../runtime.ts";

/** Options of every adapter. */
export interface HttpOptions {
  /** Answers `GET` on this path with the metrics; default: no path is opened. */
  readonly metricsPath?: string;
  /** Paths that are not observed, e.g. `"/health"`; a `*` at the end stands for any rest. Default none. */
  readonly ignorePaths?: readonly string[];
}

/** Which paths an adapter treats in its own way. The query does not matter. */
export interface PathRules {
  /** Whether a path shows the metrics: then requests are looked at also while monitoring is off. */
  readonly showsMetrics: boolean;
  isMetrics(method: string | undefined, target: string | undefined): boolean;
  isIgnored(target: string | undefined): boolean;
}

const INSTALLED = Symbol.for("@nexent/monitor/http");

/**
 * Installs an adapter once. An object it does not know is left as it was, with one warning; so is one that refuses
 * to be changed. Never throws.
 */
export function installAdapter<Target extends object>(
  name: string,
  target: unknown,
  supports: (target: unknown) => target is Target,
  install: (target: Target) => void,
): void {
  try {
    if (!supports(target)) {
      warnOnce(`${name} was given an object it does not know; it is left as it was`);
      return;
    }
    if (Object.hasOwn(target, INSTALLED)) return;
    // A setup function is a use: what is loaded at the first use is loaded now, not in the first request.
    manager.runtime();
    install(target);
    Reflect.defineProperty(target, INSTALLED, { value: true });
  } catch (error) {
    warnOnce(`${name} could not be installed: ${describeThrown(error).message}`);
  }
}

function pathOf(target: string | undefined): string {
  const mark = target?.indexOf("?") ?? -1;
  return mark < 0 ? (target ?? "") : (target ?? "").slice(0, mark);
}

/** Rules of an adapter's options. */
export function pathRules(options: HttpOptions): PathRules {
  const { metricsPath, ignorePaths } = givenOptions(options);
  const ignored = (Array.isArray(ignorePaths) ? ignorePaths : []).filter((path) => typeof path === "string");
  const exact = new Set(ignored.filter((path) => !path.endsWith("*")));
  const prefixes = ignored.filter((path) => path.endsWith("*")).map((path) => path.slice(0, -1));
  return {
    showsMetrics: metricsPath !== undefined,
    isMetrics: (method, target) =>
      metricsPath !== undefined && (method === "GET" || method === "HEAD") && pathOf(target) === metricsPath,
    isIgnored(target) {
      if (exact.size === 0 && prefixes.length === 0) return false;
      const path = pathOf(target);
      return exact.has(path) || prefixes.some((prefix) => path.startsWith(prefix));
    },
  };
}

/** The one test in front of every request: false lets it through as if the adapter were not there. */
export function looksAtRequests(rules: PathRules): boolean {
  return rules.showsMetrics || manager.runtime() !== undefined;
}

/** Where a request keeps its watch: adapters that meet on one request share it. */
const WATCH = Symbol("nexent.watch");
/** For requests that take no property. A map of all of them would cost the collector more than the watch itself. */
const watches = new WeakMap<object, HttpWatch>();

function isWatch(value: unknown): value is HttpWatch {
  return typeof safeProperty(value, "matched") === "function";
}

/** The watch of an open request; undefined when nobody observes it. */
export function watchOf(request: object): HttpWatch | undefined {
  const watch = safeProperty(request, WATCH);
  return isWatch(watch) ? watch : watches.get(request);
}

/** What can be read of a request's head, whatever server it came through. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly scheme: "http" | "https";
  readonly version?: string | undefined;
  readonly host?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly tracestate?: string | undefined;
}

/** Opens the watch of a request; undefined when that fails: the request is then served unobserved. */
export function openWatch(runtime: Runtime, request: object, head: RequestHead): HttpWatch | undefined {
  try {
    const watch = runtime.http.start(head, headAttributes(head));
    if (!Reflect.set(request, WATCH, watch)) watches.set(request, watch);
    return watch;
  } catch {
    // A hostile header, or a host provider that throws: the request must go on.
    return undefined;
  }
}

interface HostAddress {
  readonly host: string;
  readonly address: string;
  readonly port: number | undefined;
}

/** The last one seen: most requests name the same. */
let lastHost: HostAddress | undefined;

function addressOf(host: string): HostAddress {
  if (lastHost?.host === host) return lastHost;
  const port = /:(\d{1,5})$/.exec(host)?.[1];
  const found = { host, address: hostNameOf(host.slice(0, 256)), port: port === undefined ? undefined : Number(port) };
  if (host.length <= 256) lastHost = found;
  return found;
}

/** Query, client address and headers are left out: they may hold what must not leave the process. */
function headAttributes({ target, scheme, version, host }: RequestHead): Record<string, string | number> {
  // Assigned one by one: an object put together from others is a slow one for whoever reads it.
  const draft: Record<string, string | number> = {};
  draft[ATTR.urlPath] = redactMessage(pathOf(target));
  draft[ATTR.urlScheme] = scheme;
  if (version !== undefined) draft[ATTR.networkProtocolVersion] = version;
  if (host === undefined) return draft;
  const { address, port } = addressOf(host);
  draft[ATTR.serverAddress] = address;
  if (port !== undefined) draft[ATTR.serverPort] = port;
  return draft;
}
