/** What the gateway refuses before it looks for an upstream, and what it says then. */
import type { IncomingMessage } from "node:http";
import { hasDotSegments, type RequestTarget } from "@nexent/monitor-core";
import type { OwnError } from "./own-error.ts";
import type { HostVerdict } from "./routes/host-check.ts";
import type { UnreadyReason } from "./routes/own-paths.ts";

/** Answers while the gateway takes no requests. */
export const UNREADY_REFUSALS: Readonly<Record<UnreadyReason, OwnError>> = {
  draining: { code: "GATEWAY_DRAINING", message: "the gateway is shutting down", retryAfterSeconds: 5, close: true },
  open_requests_limit: {
    code: "GATEWAY_OVERLOADED",
    message: "the gateway has too many open requests",
    retryAfterSeconds: 1,
  },
};

/** An upgrade to HTTP/2 is an offer that a server may ignore; clients go on in HTTP/1.1 then. */
function wantsUpgrade(request: IncomingMessage): boolean {
  const { upgrade } = request.headers;
  return upgrade !== undefined && upgrade.trim().toLowerCase() !== "h2c";
}

/** Node takes the first of several `Host` headers; whoever stands in front may have looked at another. */
function hasSeveralHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? "";
    if (name.length === 4 && name.toLowerCase() === "host") hosts += 1;
  }
  return hosts > 1;
}

/** Why a request is refused by its head alone; undefined when it may go on. A misdirected one gets no body. */
export function refusalOf(
  request: IncomingMessage,
  verdict: HostVerdict,
  target: RequestTarget | undefined,
): OwnError | "misdirected" | undefined {
  if (hasSeveralHosts(request)) {
    return { code: "PAYLOAD_MALFORMED", message: "a request has one Host header", close: true };
  }
  if (verdict === "misdirected") return "misdirected";
  if (verdict === "forbidden_origin") return { code: "FORBIDDEN", message: "this origin may not use the gateway" };
  if (target === undefined || hasDotSegments(target.path)) {
    return { code: "PAYLOAD_MALFORMED", message: "the request target is not a plain path", close: true };
  }
  if (!wantsUpgrade(request)) return undefined;
  return { code: "CAPABILITY_MISSING", message: "protocol upgrades are not supported", close: true };
}
