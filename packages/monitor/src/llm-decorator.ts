import { warnOnce } from "./diagnostics.ts";
import type { Attributes } from "./backend/backend.ts";
import { manager } from "./manager.ts";
import { observeCall } from "./observe-call.ts";
import { UNKNOWN } from "./span-attributes.ts";
import type { Classify } from "./stream-observer.ts";
import { createDecorator, type Decorator } from "./wrap.ts";

/** Model name, or how to find it from the call's arguments. */
export type ModelName = string | ((...args: never[]) => string);

export interface LlmCallOptions {
  /** Value of the `provider` label; default `unknown`. */
  readonly provider?: string;
  /** Attributes of every span. */
  readonly attributes?: Attributes;
  /** Reads stream elements of a shape we do not know. */
  readonly classify?: Classify;
}

const DEFAULT_OPERATION = "llm_completion";

function modelOf(model: ModelName, args: ArrayLike<unknown>): string {
  try {
    const name: unknown = typeof model === "function" ? Reflect.apply(model, undefined, args) : model;
    if (typeof name === "string" && name !== "") return name;
  } catch {
    // The host's model function threw: the call goes on, its model is not known.
  }
  return UNKNOWN;
}

/**
 * Watches every call of a function that asks a model. Works as TC39 decorator, legacy decorator and plain wrapper; the
 * signature, `this`, results, streams and errors stay what they are.
 *
 * @param model name as requested, or a function of the arguments.
 * @param operation default `llm_completion`.
 * @example
 * const ask = monitorLlmCall("gpt-4o", "chat_completion")((question: string) => client.chat.completions.create({ ... }));
 */
export function monitorLlmCall(
  model: ModelName,
  operation: string = DEFAULT_OPERATION,
  options: LlmCallOptions = {},
): Decorator {
  return createDecorator(
    {
      isOn: () => manager.runtime() !== undefined,
      call(fn, self, args) {
        const runtime = manager.runtime();
        if (runtime === undefined) return Reflect.apply(fn, self, args);
        const { provider = UNKNOWN, attributes, classify } = options;
        const call = {
          provider,
          model: modelOf(model, args),
          operation,
          streaming: false,
          clockSource: "iterator",
          ...(attributes !== undefined && { attributes }),
        } as const;
        return observeCall(runtime, { call, classify }, () => Reflect.apply(fn, self, args));
      },
    },
    (what) => warnOnce(`monitorLlmCall was applied to ${what}; it is left as it was`),
  );
}
