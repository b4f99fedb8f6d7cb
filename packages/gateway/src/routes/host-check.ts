/**
 * Host and Origin rules (reliability contract 7.4): a web page that points its own name at loopback, or calls us from
 * another origin, is refused before anything else is looked at.
 */
import type { IncomingMessage } from "node:http";

/** Verdict on the addressing of a request. */
export type HostVerdict = "accepted" | "misdirected" | "forbidden_origin";

/** Which names and origins are served. */
export interface HostRules {
  /** Bound to loopback: only loopback names and `allowedHosts` are served. Otherwise any host, unless a list is given. */
  readonly loopbackBind: boolean;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
}

/** Whether `name` is a loopback name or address, without port and brackets. */
export function isLoopbackName(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Host name of a `Host` value: lower case, without port, brackets and one trailing dot. */
function hostNameOf(host: string): string {
  const name = host.startsWith("[") ? host.slice(1).split("]", 1)[0] : host.split(":", 1)[0];
  return (name ?? "").toLowerCase().replace(/\.$/, "");
}

/** A check for one listener. */
export function createHostCheck(rules: HostRules): (request: Pick<IncomingMessage, "headers">) => HostVerdict {
  const hosts = new Set(rules.allowedHosts.map((host) => hostNameOf(host)));
  const origins = new Set(rules.allowedOrigins);
  const anyHost = !rules.loopbackBind && hosts.size === 0;
  return (request) => {
    const { host, origin } = request.headers;
    if (host !== undefined && !anyHost) {
      const name = hostNameOf(host);
      if (!isLoopbackName(name) && !hosts.has(name)) return "misdirected";
    }
    if (origin === undefined || origins.has(origin)) return "accepted";
    return origin === `http://${host}` ? "accepted" : "forbidden_origin";
  };
}
