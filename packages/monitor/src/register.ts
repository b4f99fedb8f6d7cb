/**
 * `@nexent/monitor/register`: `node --import @nexent/monitor/register app.js` observes the requests that
 * `globalThis.fetch` sends to the hosts of known providers. The only place where this package touches a global, and only
 * for whoever asks for it by name. Clients that keep a `fetch` of their own, or speak HTTP another way, are not seen.
 */
import { providerOfHost } from "@nexent/monitor-core";
import { monitoredFetch } from "./clients/fetch.ts";
import { manager } from "./manager.ts";
import { safeProperty } from "./redact.ts";

const REGISTERED = Symbol.for("@nexent/monitor/register");

/** The host a request goes to; undefined for what is no URL: `fetch` will say so itself. */
function hostOf(input: unknown): string | undefined {
  const text = String(safeProperty(input, "url") ?? input);
  return URL.canParse(text) ? new URL(text).host : undefined;
}

/** Observes `globalThis.fetch` for known providers and for these hosts; twice is once. */
function register(hosts: readonly string[]): void {
  const original = globalThis.fetch;
  if (typeof original !== "function" || Object.hasOwn(original, REGISTERED)) return;
  const observed = monitoredFetch(original);
  const registered: typeof fetch = function fetch(input, init) {
    const host = hostOf(input);
    const known = host !== undefined && (hosts.includes(host) || providerOfHost(host) !== undefined);
    return known ? observed(input, init) : original(input, init);
  };
  Reflect.defineProperty(registered, REGISTERED, { value: true });
  globalThis.fetch = registered;
}

// Off, nothing is touched: the environment is complete before a program's first line.
const config = manager.runtime()?.config;
if (config !== undefined) register(config.fetchHosts);
