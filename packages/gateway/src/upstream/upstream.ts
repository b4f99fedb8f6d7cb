import type { FormatFamily } from "../format-family.ts";

/** How the gateway treats the usage of OpenAI streams (gateway contract 7). */
export type UsagePolicy = "inject" | "observe";

/** Which parsers read the answers of an upstream; `auto`: the path decides, `opaque`: none. */
export type UpstreamFormat = FormatFamily | "auto" | "opaque";

/** What an upstream is told of a trace: the client's headers, ours in their place, or nothing. */
export type TracingPolicy = "pass" | "propagate" | "strip";

/** What the gateway does with a stream that has stalled: watches it, or breaks it off. */
export type StallPolicy = "observe" | "abort";

/** One configured upstream. The prefix of a request path is replaced by the base URL; nothing else is rewritten. */
export interface UpstreamConfig {
  /** Stable name for metrics and messages, e.g. `openai`. */
  readonly name: string;
  /** Path prefix, e.g. `/v1`; starts with `/`, no trailing slash. */
  readonly prefix: string;
  /** What the application had as its base URL, e.g. `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Value of the `provider` label. */
  readonly provider: string;
  /** A key the gateway holds; it replaces whatever credential the client sent. */
  readonly apiKey?: string;
  /** Header the held key goes into, lower case; default by provider and by the format of the request. */
  readonly authHeader?: string;
  readonly format: UpstreamFormat;
  readonly usage: UsagePolicy;
  readonly tracing: TracingPolicy;
  readonly stall: StallPolicy;
  /** Longest silence between two body reads, ms; 0 = no limit. The stream is broken off beyond it. */
  readonly streamIdleTimeoutMs: number;
  /** Model names admitted as label values before their first 2xx. */
  readonly models: readonly string[];
}

/** A base URL, taken apart once. */
export interface Endpoint {
  /** Scheme, host and port, e.g. `https://api.openai.com`. */
  readonly origin: string;
  /** Path of the base URL without a trailing slash; may be empty. */
  readonly basePath: string;
  readonly hostname: string;
  readonly port: number;
}

/** Splits a base URL that the configuration has already checked. */
export function endpointOf(baseUrl: string): Endpoint {
  const url = new URL(baseUrl);
  const defaultPort = url.protocol === "https:" ? 443 : 80;
  return {
    origin: url.origin,
    basePath: url.pathname.replace(/\/+$/, ""),
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? defaultPort : Number(url.port),
  };
}
