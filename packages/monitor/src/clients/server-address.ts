import { providerOfHost } from "@nexent/monitor-core";
import { safeProperty } from "../redact.ts";

/** Where a request goes, as far as its address says. */
export interface ServerAddress {
  readonly serverAddress?: string;
  readonly serverPort?: number;
}

interface Server {
  readonly address: ServerAddress;
  /** The provider that is known to listen there. */
  readonly provider: string | undefined;
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { "https:": 443, "http:": 80 };
/** A client asks few addresses very often. */
const KEPT = 64;
const known = new Map<string, Server>();
const NOWHERE: Server = { address: {}, provider: undefined };

function read(text: string): Server {
  try {
    const { host, hostname, port, protocol } = new URL(text);
    const serverPort = port === "" ? DEFAULT_PORTS[protocol] : Number(port);
    // Brackets belong to the URL, not to an IPv6 address.
    const serverAddress = hostname.replace(/^\[|\]$/g, "");
    if (serverAddress === "") return NOWHERE;
    const address = { serverAddress, ...(serverPort !== undefined && { serverPort }) };
    return { address, provider: providerOfHost(host) };
  } catch {
    return NOWHERE;
  }
}

function lookUp(address: unknown): Server {
  const text = safeProperty(address, "href") ?? safeProperty(address, "url") ?? address;
  if (typeof text !== "string") return NOWHERE;
  const found = known.get(text);
  if (found !== undefined) return found;
  const server = read(text);
  if (known.size >= KEPT) known.clear();
  known.set(text, server);
  return server;
}

/** Host and port of an address in any form that `fetch` takes. */
export function serverOf(address: unknown): ServerAddress {
  return lookUp(address).address;
}

/** The provider that is known to listen at an address. */
export function providerAt(address: unknown): string | undefined {
  return lookUp(address).provider;
}
