/** Paths that are LLM requests, whatever the upstream (gateway contract 3): the route table is that of core. */
import { llmRouteOf, type LlmRoute, type RequestTarget, type WireFormat } from "@nexent/monitor-core";
import { familyOf, type FormatFamily } from "../format-family.ts";
import type { UpstreamFormat } from "../upstream/upstream.ts";

/** How the answers of a tail are read. `opaque`: status and duration only. */
export type TailFormat = WireFormat | "opaque";

/** One LLM endpoint, as the gateway treats it. */
export interface Tail extends Omit<LlmRoute, "format"> {
  readonly format: TailFormat;
  /** How its clients expect an error and a key. */
  readonly family: FormatFamily;
  /** Streams of this endpoint report usage only when asked (gateway contract 7). */
  readonly usageOnRequest: boolean;
  /** Answers carry input usage at most, so a body without it is no fault. */
  readonly usageOnly: boolean;
}

/** A request target in both its forms. */
export interface TailTarget {
  readonly method: string;
  /** As the client sent it, without query. */
  readonly path: string;
  /** What stands behind the upstream's prefix. */
  readonly rest: string;
  /** As the upstream gets it, without query. */
  readonly upstreamPath: string;
  /** With its `?`, or empty. */
  readonly query: string;
}

/** Formats whose streams say usage when `stream_options` asks for it. */
const ON_REQUEST: ReadonlySet<TailFormat> = new Set<TailFormat>(["openai-chat", "openai-completions"]);

/** Where the endpoints of a family stand, for a base URL that does not show it. */
const ROOTS: Readonly<Record<FormatFamily, string>> = { openai: "", anthropic: "/v1", gemini: "", ollama: "/api" };

function tailFrom(route: LlmRoute, format: TailFormat): Tail {
  return {
    ...route,
    format,
    family: familyOf(route.format),
    usageOnRequest: ON_REQUEST.has(format),
    usageOnly: route.streaming === false && (route.operation === "embeddings" || route.operation === "rerank"),
  };
}

/**
 * The LLM endpoint a request addresses, or undefined when it passes unread. The path the upstream sees decides, then the
 * client's own. An upstream whose format is configured speaks that alone: its other endpoints are opaque.
 */
export function tailOf(format: UpstreamFormat, target: TailTarget): Tail | undefined {
  const { method, path, rest, upstreamPath, query } = target;
  const routeAt = (candidate: string): LlmRoute | undefined => llmRouteOf(method, candidate, query);
  const found = routeAt(upstreamPath) ?? routeAt(path);
  if (format === "auto") return found && tailFrom(found, found.format);
  if (format === "opaque") return found && tailFrom(found, "opaque");
  const speaks = (route: LlmRoute | undefined): boolean => route !== undefined && familyOf(route.format) === format;
  const own = [found, routeAt(path), routeAt(ROOTS[format] + rest)].find(speaks);
  if (own !== undefined) return tailFrom(own, own.format);
  return found && tailFrom(found, "opaque");
}

/** How the client of a target that leads to no upstream expects an error. */
export function familyOfTarget(method: string, { path, query }: RequestTarget): FormatFamily {
  const route = llmRouteOf(method, path, query);
  return route === undefined ? "openai" : familyOf(route.format);
}
