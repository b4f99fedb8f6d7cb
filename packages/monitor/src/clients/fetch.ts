/** `@nexent/monitor/fetch`: a `fetch` that observes requests to LLM endpoints, for any client that takes one. */
import { LIMITS, llmRouteOf, providerByFormat, type LlmRoute, type Provider } from "@nexent/monitor-core";
import { manager } from "../manager.ts";
import type { InnerCode } from "../runtime.ts";
import { observeCall, type CallToObserve } from "../observe-call.ts";
import { safeProperty } from "../redact.ts";
import { providerAt, serverOf } from "./server-address.ts";
import { UNKNOWN } from "../recording/span-attributes.ts";
import type { ClientOptions } from "./client-options.ts";
import { isGlobalFetch, isLinked, watchLinks } from "./fetch-hook.ts";

export type { ClientOptions } from "./client-options.ts";

type Fetch = typeof fetch;
type FetchArguments = Parameters<Fetch>;

/** The `provider` label of a host nobody knows: what its format is named after. */
const PROVIDER_OF_FORMAT: Readonly<Record<LlmRoute["format"], string>> = {
  "openai-chat": "openai",
  "openai-completions": "openai",
  "openai-responses": "openai",
  "openai-embeddings": "openai",
  "anthropic-messages": "anthropic",
  gemini: "gcp.gemini",
  ollama: "ollama",
};

function routeOf(input: unknown, init: unknown): LlmRoute | undefined {
  const method = safeProperty(init, "method") ?? safeProperty(input, "method");
  // Most requests of a process are none of ours: nothing is parsed for them.
  if (typeof method !== "string" || method.toUpperCase() !== "POST") return undefined;
  const { pathname, search } = new URL(String(safeProperty(input, "url") ?? input));
  return llmRouteOf("POST", pathname, search);
}

/** The request body, if it is there to be looked at. A stream is never touched, and neither is the body of a `Request`. */
function bodyOf(init: unknown): unknown {
  const body = safeProperty(init, "body");
  const bytes = body instanceof ArrayBuffer ? new Uint8Array(body) : body;
  if (typeof bytes === "string") return bytes.length <= LIMITS.fetchRequestBytes ? JSON.parse(bytes) : undefined;
  if (!(bytes instanceof Uint8Array) || bytes.byteLength > LIMITS.fetchRequestBytes) return undefined;
  return JSON.parse(new TextDecoder().decode(bytes));
}

/** The request body, parsed; undefined when it is no JSON: the server will say so. */
function requestOf(init: unknown): unknown {
  try {
    return bodyOf(init);
  } catch {
    return undefined;
  }
}

function signalOf(input: unknown, init: unknown): AbortSignal | undefined {
  const signal = safeProperty(init, "signal") ?? safeProperty(input, "signal");
  return signal instanceof AbortSignal ? signal : undefined;
}

/** What holds for every request of one `fetch`. */
interface Asking {
  readonly options: ClientOptions;
  readonly inner: InnerCode;
}

function describe(
  route: LlmRoute,
  format: Provider,
  [input, init]: FetchArguments,
  { options, inner }: Asking,
): CallToObserve {
  const body = requestOf(init);
  const request = format.readRequest(body);
  const streaming = route.streaming ?? request.stream;
  return {
    call: {
      provider: options.provider ?? providerAt(input) ?? PROVIDER_OF_FORMAT[route.format],
      model: request.model ?? route.model ?? UNKNOWN,
      operation: route.operation,
      streaming,
      clockSource: "iterator",
      attributes: { ...options.attributes, ...request.parameters },
      ...serverOf(input),
    },
    request: body,
    provider: format,
    askedStream: streaming,
    callerSignal: signalOf(input, init),
    inner,
    ...(options.tokenTape !== undefined && { tokenTape: options.tokenTape }),
  };
}

/** Undefined for everything but a request to an LLM endpoint whose format we read. */
function callOf(args: FetchArguments, asking: Asking): CallToObserve | undefined {
  try {
    const [input, init] = args;
    // The call that this request is an attempt of is observed already.
    if (isLinked(init)) return undefined;
    const route = routeOf(input, init);
    const format = route && providerByFormat(route.format);
    return route && format && describe(route, format, args, asking);
  } catch {
    // No URL, or a hostile argument: `fetch` will say so.
    return undefined;
  }
}

/**
 * A `fetch` that observes each request to an LLM endpoint, whoever serves it, as one call; every other request goes
 * straight through. The caller gets the response that `base` gave; its body is heard when the caller reads it, never
 * read for us. A request body is looked at when it is text or bytes of at most 1 MiB.
 * @param base default: the global `fetch` at the time of each request.
 * @example
 * const client = new OpenAI({ fetch: monitoredFetch() });
 */
export function monitoredFetch(base?: Fetch, options: ClientOptions = {}): Fetch {
  manager.addSite("monitoredFetch");
  watchLinks();
  const asking: Asking = { options, inner: base === undefined || isGlobalFetch(base) ? "library" : "host" };
  return function fetch(...args: FetchArguments): Promise<Response> {
    const send = (): Promise<Response> => (base ?? globalThis.fetch)(...args);
    const runtime = manager.runtime();
    const wanted = runtime && callOf(args, asking);
    if (runtime === undefined || wanted === undefined) return send();
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is observed comes back as it was
    return observeCall(runtime, wanted, send) as Promise<Response>;
  };
}
