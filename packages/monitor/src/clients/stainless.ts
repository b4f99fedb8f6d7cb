/** The shape that the OpenAI and Anthropic clients share: resources with `create`, a `fetch` of their own, lazy promises. */
import type { Provider, RequestReading } from "@nexent/monitor-core";
import type { CallToObserve } from "../observe-call.ts";
import { safeProperty } from "../redact.ts";
import { providerAt, serverOf } from "./server-address.ts";
import { UNKNOWN } from "../recording/span-attributes.ts";
import type { ClientOptions } from "./client-options.ts";
import { hookFetch, isFetch, isGlobalFetch, linkOptions, passLink } from "./fetch-hook.ts";
import { partOf, replaceMethod, wrapInPlace, type Method } from "./instance.ts";
import { observeMethod, type Describe } from "./observed-method.ts";

/** A resource whose `create` asks a model. `parse` and `stream` go through it. */
export interface AskingResource {
  /** Where it hangs on the client, e.g. `["chat", "completions"]`. */
  readonly path: readonly string[];
  readonly operation: string;
  readonly format: Provider;
}

/** One client library. */
export interface ClientShape {
  /** Name of the wrapper function, for warnings. */
  readonly wrapper: string;
  readonly resources: readonly AskingResource[];
  /** Where `stream` helpers hang; they ask through one of the resources. */
  readonly helpers: readonly (readonly string[])[];
  /** Value of the `provider` label of a client whose host is none of a known provider. */
  readonly providerOf: (client: object) => string;
}

/** The signal that the caller gave to a helper, which gives `create` one of its own. */
const CALLER_SIGNAL = Symbol("nexent.signal");

function signalOf(options: unknown): AbortSignal | undefined {
  if (typeof options !== "object" || options === null) return undefined;
  const given: unknown = Reflect.get(options, CALLER_SIGNAL) ?? safeProperty(options, "signal");
  return given instanceof AbortSignal ? given : undefined;
}

/** What is observed of one resource of one client. */
interface Asking {
  readonly resource: AskingResource;
  readonly client: object;
  readonly shape: ClientShape;
  readonly options: ClientOptions;
}

function callOf({ resource, client, shape, options }: Asking, request: RequestReading): CallToObserve["call"] {
  const baseURL = safeProperty(client, "baseURL");
  const { attributes } = options;
  return {
    provider: options.provider ?? providerAt(baseURL) ?? shape.providerOf(client),
    model: request.model ?? UNKNOWN,
    operation: resource.operation,
    streaming: request.stream,
    clockSource: "iterator",
    attributes: attributes === undefined ? request.parameters : { ...attributes, ...request.parameters },
    ...serverOf(baseURL),
  };
}

function describe(asking: Asking): Describe {
  const { format } = asking.resource;
  const { tokenTape } = asking.options;
  return ([body, options]): CallToObserve => {
    const request = format.readRequest(body);
    return {
      call: callOf(asking, request),
      request: body,
      provider: format,
      askedStream: request.stream,
      callerSignal: signalOf(options),
      inner: isGlobalFetch(safeProperty(asking.client, "fetch")) ? "library" : "host",
      ...(tokenTape !== undefined && { tokenTape }),
    };
  };
}

function askObserved(asking: Asking, original: Method): Method {
  return observeMethod(original, describe(asking), (self, args, attempts) => {
    const [body, options, ...more] = args;
    return original.apply(self, [body, linkOptions(options, attempts), ...more]);
  });
}

/** `stream(body, options)` aborts its request by a signal of its own, which does not say why. */
function passSignal(original: Method): Method {
  return function stream(...args) {
    const [body, options, ...more] = args;
    const signal = signalOf(options);
    if (signal === undefined) return original.apply(this, args);
    return original.apply(this, [body, { ...Object(options), [CALLER_SIGNAL]: signal }, ...more]);
  };
}

/** The client's requests know their call: it travels from the request's options to its init, and ends in the hook. */
function hookRequests(client: object): void {
  replaceMethod(
    client,
    "prepareRequest",
    (original) =>
      function prepareRequest(...args) {
        passLink(safeProperty(args[1], "options"), args[0]);
        return original.apply(this, args);
      },
  );
  const base: unknown = Reflect.get(client, "fetch");
  if (isFetch(base)) Reflect.set(client, "fetch", hookFetch(base));
}

/** Observes every call of a client instance. Idempotent; returns the same instance. Copies made of it are observed, too. */
export function wrapStainless<C>(client: C, shape: ClientShape, options: ClientOptions): C {
  return wrapInPlace(client, shape.wrapper, (found) => patch(found, shape, options));
}

function patch(client: object, shape: ClientShape, options: ClientOptions): void {
  for (const resource of shape.resources) {
    const part = partOf(client, resource.path);
    if (part === undefined) continue;
    replaceMethod(part, "create", (original) => askObserved({ resource, client, shape, options }, original));
  }
  for (const path of shape.helpers) {
    const part = partOf(client, path);
    if (part !== undefined) replaceMethod(part, "stream", passSignal);
  }
  hookRequests(client);
  replaceMethod(
    client,
    "withOptions",
    (original) =>
      function withOptions(...args) {
        return wrapStainless(original.apply(this, args), shape, options);
      },
  );
}
