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
  /** Request target of the upstream without its query. */
  readonly upstreamPath: string;
  /** Bounded name of the route for spans and metrics, e.g. `/v1/chat/completions` or `/v1/*`. */
  readonly pattern: string;
}

/** Finds the upstream of a path: the longest matching prefix wins. */
export interface PrefixTable {
  find(method: string, path: string): Route | undefined;
  readonly upstreams: readonly Upstream[];
}

function patternOf(prefix: string, rest: string, tail: Tail | undefined): string {
  if (tail === undefined) return `${prefix}/*`;
  const whole = `${prefix}${rest}`;
  return rest === tail.suffix || rest === `/v1${tail.suffix}` || whole === tail.suffix
    ? whole
    : `${prefix}/*${tail.suffix}`;
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
    find(method, path) {
      const upstream = longestFirst.find((candidate) => matches(path, candidate.config.prefix));
      if (upstream === undefined) return undefined;
      const { prefix } = upstream.config;
      const rest = path.slice(prefix.length);
      const tail = tailOf(method, path);
      const upstreamPath = `${upstream.endpoint.basePath}${rest}`;
      return {
        upstream,
        tail,
        upstreamPath: upstreamPath === "" ? "/" : upstreamPath,
        pattern: patternOf(prefix, rest, tail),
      };
    },
  };
}
