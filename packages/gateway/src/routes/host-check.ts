/**
 * Host and Origin rules (reliability contract 7.4): a web page that points its own name at loopback, or calls us from
 * another origin, is refused before anything else is looked at.
 */
import type { IncomingMessage } from "node:http";
import { hostNameOf, isLoopbackName } from "@nexent/monitor-core";

/** Verdict on the addressing of a request. */
export type HostVerdict = "accepted" | "misdirected" | "forbidden_origin";

/** Which names and origins are served. */
export interface HostRules {
  /** Bound to loopback: only loopback names and `allowedHosts` are served. Otherwise any host, unless a list is given. */
  readonly loopbackBind: boolean;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
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
