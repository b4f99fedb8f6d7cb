import { safeProperty } from "./redact.ts";

/** Where a request goes, as far as its address says. */
export interface ServerAddress {
  readonly serverAddress?: string;
  readonly serverPort?: number;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { "https:": 443, "http:": 80 };
/** A client asks few addresses very often. */
const KEPT = 64;
const known = new Map<string, ServerAddress>();

function read(address: string): ServerAddress {
  try {
    const { hostname, port, protocol } = new URL(address);
    const serverPort = port === "" ? DEFAULT_PORTS[protocol] : Number(port);
    // Brackets belong to the URL, not to an IPv6 address.
    const serverAddress = hostname.replace(/^\[|\]$/g, "");
    if (serverAddress === "") return {};
    return { serverAddress, ...(serverPort !== undefined && { serverPort }) };
  } catch {
    return {};
  }
}

/** Host and port of an address in any form that `fetch` takes. */
export function serverOf(address: unknown): ServerAddress {
  const text = safeProperty(address, "href") ?? safeProperty(address, "url") ?? address;
  if (typeof text !== "string") return {};
  const found = known.get(text);
  if (found !== undefined) return found;
  const server = read(text);
  if (known.size >= KEPT) known.clear();
  known.set(text, server);
  return server;
}
