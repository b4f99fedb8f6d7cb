/** Who may read what the gateway says about itself (reliability contract 7.1). */
import type { IncomingMessage } from "node:http";
import { isLoopbackName } from "@nexent/monitor-core";
import { createGatekeeper } from "../auth.ts";

/** Decides about readers of the own paths. */
export interface ReadAccess {
  /** `/metrics`: whoever is on this host, or shows the token; everybody when there is no token. */
  mayScrape(request: IncomingMessage): boolean;
  /** `/inflight`: who shows the token; without one, whoever is on this host for certain. */
  mayLook(request: IncomingMessage): boolean;
}

/** Headers by which a proxy says that the request comes from somewhere else. */
const FORWARDING_HEADERS = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
  "via",
];

function isThisHost(request: IncomingMessage): boolean {
  const address = (request.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
  return isLoopbackName(address) && FORWARDING_HEADERS.every((name) => request.headers[name] === undefined);
}

/** Access by `token`; it is taken from the usual headers, never from a query. */
export function createReadAccess(token: string | undefined): ReadAccess {
  if (token === undefined) return { mayScrape: () => true, mayLook: isThisHost };
  const gatekeeper = createGatekeeper([token]);
  const shows = ({ rawHeaders }: IncomingMessage): boolean => gatekeeper.admit(rawHeaders, "", false).admitted;
  return { mayScrape: (request) => isThisHost(request) || shows(request), mayLook: shows };
}
