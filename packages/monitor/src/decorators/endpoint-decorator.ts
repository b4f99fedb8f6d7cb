import type { Attributes } from "../backend/backend.ts";
import { warnOnce } from "../diagnostics.ts";
import { EndpointCall } from "./endpoint-call.ts";
import { paramAttributes, type ParamRules } from "./endpoint-params.ts";
import { givenOptions } from "../given-options.ts";
import { manager } from "../manager.ts";
import { runFollowed } from "../observe-call.ts";
import { parametersOf, type Parameter } from "./parameter-names.ts";
import { safeProperty } from "../redact.ts";
import type { Runtime } from "../runtime.ts";
import type { Classify } from "../follow/stream-observer.ts";
import { createDecorator, originalOf, type AnyFunction, type Decorator, type Form } from "./wrap.ts";

export interface EndpointOptions {
  /**
   * Parameters whose values are written to the span as `param.<name>`: names, `name.field` for one field of an object,
   * or `"*"` for all. Default none. Values are redacted and cut; one whose name says that it is a secret is never
   * written. Names are read from the function's own source, so a minifier that renames parameters changes them.
   */
  readonly includeParams?: readonly string[];
  /** Taken out of what `includeParams` lets in: a name with all its fields, or `name.field`. */
  readonly excludeParams?: readonly string[];
  /** Attributes of every span. */
  readonly attributes?: Attributes;
}

const NAME_CHARACTERS = 128;
const ANONYMOUS = "anonymous";

const NOTHING = { text: "" } as const;
/** Elements of an endpoint's stream say nothing of tokens, and nothing of how the stream ends. */
const NOTHING_COUNTED: Classify = () => NOTHING;

function stringsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** `Class.method` for methods, the function's name else. */
function defaultName(fn: AnyFunction, self: unknown, form: Form): string {
  const name = fn.name || ANONYMOUS;
  const owner = typeof self === "function" ? self : safeProperty(self, "constructor");
  const className = form === "method" ? safeProperty(owner, "name") : undefined;
  return typeof className === "string" && className !== "" ? `${className}.${name}` : name;
}

/** Names of the parameters by function: its source is read once. */
const parameters = new WeakMap<AnyFunction, readonly Parameter[]>();

function parametersOnce(fn: AnyFunction): readonly Parameter[] {
  let known = parameters.get(fn);
  if (known === undefined) parameters.set(fn, (known = parametersOf(originalOf(fn))));
  return known;
}

interface Endpoint {
  readonly name: string | undefined;
  readonly rules: ParamRules;
  readonly attributes: Attributes | undefined;
}

function readOptions(name: unknown, options: EndpointOptions): Endpoint {
  const { includeParams, excludeParams, attributes } = givenOptions(options);
  return {
    name: typeof name === "string" && name !== "" ? name.slice(0, NAME_CHARACTERS) : undefined,
    rules: { include: stringsOf(includeParams), exclude: stringsOf(excludeParams) },
    attributes,
  };
}

/** Undefined when the call cannot be opened: then it simply goes unobserved. */
function openCall(runtime: Runtime, name: string, describe: (call: EndpointCall) => void): EndpointCall | undefined {
  try {
    const call = new EndpointCall(runtime, name);
    if (call.span.recording) describe(call);
    return call;
  } catch {
    // A hostile attribute, or a host provider that throws: the call itself must go on.
    return undefined;
  }
}

function describeCall(call: EndpointCall, endpoint: Endpoint, fn: AnyFunction, args: readonly unknown[]): void {
  const { rules, attributes } = endpoint;
  if (attributes !== undefined) call.span.setAttributes(attributes);
  if (rules.include.length > 0) call.span.setAttributes(paramAttributes(parametersOnce(fn), args, rules));
}

/**
 * Watches every call of a function that answers a request: an INTERNAL span and `nexent_endpoint_duration_seconds`, to
 * the end of a promise or stream it returns. Endpoint time is not model time: no `llm_*` family is touched. Works as
 * TC39 decorator, legacy decorator and plain wrapper; signature, `this`, results and errors stay what they are.
 *
 * @param name default: class and method, or the function's name.
 * @example
 * class Chat {
 *   \@monitorEndpoint("chat.answer", { includeParams: ["conversationId"] })
 *   async answer(conversationId: string, question: string) { ... }
 * }
 * const answer = monitorEndpoint("answer")(async (question: string) => ...);
 */
export function monitorEndpoint(name?: string, options: EndpointOptions = {}): Decorator {
  const endpoint = readOptions(name, options);
  return createDecorator(
    {
      kind: "endpoint",
      applied: () => undefined,
      isOn: () => manager.runtime() !== undefined,
      call(fn, self, args, form) {
        const run = (): unknown => Reflect.apply(fn, self, args);
        const runtime = manager.runtime();
        if (runtime === undefined) return run();
        const name = endpoint.name ?? defaultName(fn, self, form);
        const call = openCall(runtime, name, (opened) => describeCall(opened, endpoint, fn, args));
        if (call === undefined) return run();
        const { backend } = runtime.started;
        const inside = <R>(work: () => R): R => backend.withSpan(call.span, work);
        return runFollowed({ sink: call, watch: runtime.watch, classify: NOTHING_COUNTED, inside }, run);
      },
    },
    (what) => warnOnce(`monitorEndpoint was applied to ${what}; it is left as it was`),
  );
}
