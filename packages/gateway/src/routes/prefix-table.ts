import { familyOfProvider, keyHeaderOf, type FormatFamily } from "../format-family.ts";
import { createConnectionList, type ConnectionList } from "../upstream/connections.ts";
import { endpointOf, type Endpoint, type UpstreamConfig } from "../upstream/upstream.ts";
import { tailOf, type Tail } from "./tails.ts";

/** A configured upstream with its connections. */
export interface Upstream {
  readonly config: UpstreamConfig;
  readonly endpoint: Endpoint;
  readonly connections: ConnectionList;
}

/** Where a request goes. */
export interface Route {
  readonly upstream: Upstream;
  /** Set for LLM requests. */
  readonly tail: Tail | undefined;
  /** How the client expects an error, also where the path is no LLM request. */
  readonly family: FormatFamily;
  /** Header of a held key, lower case. */
  readonly keyHeader: string;
  /** Request target of the upstream without its query. */
  readonly upstreamPath: string;
  /** Bounded name of the route for spans and metrics, e.g. `/v1/chat/completions` or `/v1/*`. */
  readonly pattern: string;
}

/** Finds the upstream of a path: the longest matching prefix wins. */
export interface PrefixTable {
  /** `query` with its `?`, or empty. */
  find(method: string, path: string, query: string): Route | undefined;
  readonly upstreams: readonly Upstream[];
}

function patternOf(prefix: string, rest: string, tail: Tail | undefined): string {
  if (tail === undefined) return `${prefix}/*`;
  const { pattern } = tail;
  return pattern.endsWith(rest) || rest === `/v1${pattern}` ? `${prefix}${rest}` : `${prefix}/*${pattern}`;
}

/** Below an endpoint of its own format a client expects errors of that format, e.g. where it counts tokens. */
function familyAt(path: string, { format, provider }: UpstreamConfig): FormatFamily {
  if (format !== "auto" && format !== "opaque") return format;
  return path.includes("/v1/messages/") ? "anthropic" : familyOfProvider(provider);
}

function matches(path: string, prefix: string): boolean {
  return path.startsWith(prefix) && (path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f);
}

/** Builds the table and the connection list of each upstream. Prefixes are checked by the configuration. */
export function createPrefixTable(configs: readonly UpstreamConfig[]): PrefixTable {
  const upstreams = configs.map((config): Upstream => {
    const endpoint = endpointOf(config.baseUrl);
    return { config, endpoint, connections: createConnectionList(endpoint.origin) };
  });
  const longestFirst = [...upstreams].sort((a, b) => b.config.prefix.length - a.config.prefix.length);
  return {
    upstreams,
    find(method, path, query) {
      const upstream = longestFirst.find((candidate) => matches(path, candidate.config.prefix));
      if (upstream === undefined) return undefined;
      const { prefix, format, provider, authHeader } = upstream.config;
      const rest = path.slice(prefix.length);
      const upstreamPath = `${upstream.endpoint.basePath}${rest}`;
      const tail = tailOf(format, { method, path, rest, upstreamPath, query });
      const family = tail?.family ?? familyAt(path, upstream.config);
      return {
        upstream,
        tail,
        family,
        keyHeader: authHeader ?? keyHeaderOf(provider, family),
        upstreamPath: upstreamPath === "" ? "/" : upstreamPath,
        pattern: patternOf(prefix, rest, tail),
      };
    },
  };
}
