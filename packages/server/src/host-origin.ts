import type { IncomingMessage } from "node:http";

/** Why a request is turned away before anything else looks at it. */
export type HostVerdict =
  | { readonly allowed: true }
  /** 400: framing is ambiguous. 421: the Host is not ours (DNS rebinding). 403: a foreign web page asks. */
  | { readonly allowed: false; readonly status: 400 | 421 | 403; readonly reason: string };

/** Host and Origin rules of one listener (reliability contract 7.4), used by every HTTP listener alike. */
export interface HostRules {
  check(request: Pick<IncomingMessage, "headers" | "rawHeaders">): HostVerdict;
  /** Whether an Origin header value is this listener's own or a configured one. */
  isOwnOrigin(origin: string, host: string): boolean;
}

export interface HostRulesOptions {
  /** Real port of the listener; asked per request, since it is known only after listening. */
  readonly port: () => number;
  /** Host names besides the loopback ones; `name` allows every port, `name:port` that one. */
  readonly allowedHosts: readonly string[];
  /** Whole origins, `https://monitor.example`. */
  readonly allowedOrigins: readonly string[];
}

const LOOPBACK_NAMES: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** Headers of which a second copy would leave open which one counts. */
const SINGLE_HEADERS = new Set([
  "host",
  "authorization",
  "content-length",
  "transfer-encoding",
  "content-type",
  "content-encoding",
  "origin",
  "cookie",
]);

/** Whether a Host value names the loopback interface, whatever its port. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK_NAMES.includes(splitHost(host).name);
}

/** Whether a socket address is loopback: 127.0.0.0/8 or ::1, also mapped into IPv6. */
export function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  const plain = address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
  return plain === "::1" || plain.startsWith("127.");
}

/** Lower case, one trailing dot dropped, port apart. */
function splitHost(host: string): { name: string; port: string | undefined } {
  const lower = host.toLowerCase();
  const end = lower.startsWith("[") ? lower.indexOf("]") + 1 : lower.length;
  const colon = lower.indexOf(":", lower.startsWith("[") ? end : 0);
  const name = colon === -1 ? lower : lower.slice(0, colon);
  return {
    name: name.endsWith(".") ? name.slice(0, -1) : name,
    port: colon === -1 ? undefined : lower.slice(colon + 1),
  };
}

/** First header that must be single but is not; judged on raw headers, as Node silently takes the first. */
function repeatedHeader(rawHeaders: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? "";
    if (!SINGLE_HEADERS.has(name)) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

/** Rules for one listener. The check reads headers only and never throws. */
export function createHostRules(options: HostRulesOptions): HostRules {
  const hosts = options.allowedHosts.map(splitHost);
  const origins = new Set(options.allowedOrigins.map((origin) => origin.toLowerCase()));

  function hostAllowed(host: string): boolean {
    const { name, port } = splitHost(host);
    const samePort = (port ?? "80") === String(options.port());
    if (LOOPBACK_NAMES.includes(name) && samePort) return true;
    return hosts.some((allowed) => allowed.name === name && (allowed.port === undefined || allowed.port === port));
  }

  function isOwnOrigin(origin: string, host: string): boolean {
    if (origins.has(origin.toLowerCase())) return true;
    const prefix = "http://";
    if (!origin.toLowerCase().startsWith(prefix)) return false;
    const [theirs, ours] = [splitHost(origin.slice(prefix.length)), splitHost(host)];
    return theirs.name === ours.name && (theirs.port ?? "80") === (ours.port ?? "80");
  }

  return {
    isOwnOrigin,
    check(request) {
      const repeated = repeatedHeader(request.rawHeaders);
      if (repeated !== undefined) return { allowed: false, status: 400, reason: `more than one ${repeated} header` };
      const host = request.headers.host;
      if (host === undefined || host === "") return { allowed: false, status: 400, reason: "no host header" };
      if (!hostAllowed(host)) return { allowed: false, status: 421, reason: "host is not served here" };
      const origin = request.headers.origin;
      if (origin !== undefined && !isOwnOrigin(origin, host)) {
        return { allowed: false, status: 403, reason: "origin is not allowed" };
      }
      return { allowed: true };
    },
  };
}
