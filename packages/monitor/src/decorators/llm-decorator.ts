import { providerByFormat } from "@nexent/monitor-core";
import { warnOnce } from "../diagnostics.ts";
import type { Attributes } from "../backend/backend.ts";
import { givenOptions } from "../given-options.ts";
import { manager } from "../manager.ts";
import { observeRun, openRecording, type CallToObserve } from "../observe-call.ts";
import { UNKNOWN } from "../recording/span-attributes.ts";
import type { Classify } from "../follow/stream-observer.ts";
import type { Tokenizer } from "../config/tokenizer.ts";
import { createDecorator, type Decorator } from "./wrap.ts";

/** Model name, or how to find it from the call's arguments. */
export type ModelName = string | ((...args: never[]) => string);

export interface LlmCallOptions {
  /** Value of the `provider` label, e.g. `openai`; default `unknown`. */
  readonly provider?: string;
  /**
   * Wire format of what the function returns, when it is not OpenAI's chat: `openai-responses`, `anthropic-messages`,
   * `gemini`, `ollama`. Unknown names are as good as none.
   */
  readonly format?: string;
  /** Attributes of every span. */
  readonly attributes?: Attributes;
  /** Keeps the time of every counted chunk on the span; default: the configuration. */
  readonly tokenTape?: boolean;
  /** Counts the output tokens of answers without usage; default: the configuration. */
  readonly tokenizer?: Tokenizer;
  /** Reads stream elements of a shape we do not know. */
  readonly classify?: Classify;
}

const DEFAULT_OPERATION = "llm_completion";

function modelOf(model: ModelName, args: readonly unknown[]): string {
  try {
    const name: unknown = typeof model === "function" ? Reflect.apply(model, undefined, args) : model;
    if (typeof name === "string" && name !== "") return name;
  } catch {
    // The host's model function threw: the call goes on, its model is not known.
  }
  return UNKNOWN;
}

function describeCall(model: string, operation: string, options: LlmCallOptions): CallToObserve {
  const { provider = UNKNOWN, attributes, classify, format, tokenTape, tokenizer } = options;
  const reader = format === undefined ? undefined : providerByFormat(format);
  const call = { provider, model, operation, streaming: false, clockSource: "iterator" } as const;
  return {
    call: attributes === undefined ? call : { ...call, attributes },
    ...(reader !== undefined && { provider: reader }),
    ...(classify !== undefined && { classify }),
    ...(tokenTape !== undefined && { tokenTape }),
    ...(tokenizer !== undefined && { tokenizer }),
  };
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
  const given = givenOptions(options);
  return createDecorator(
    {
      kind: "llm",
      applied: () => manager.addSite(),
      isOn: () => manager.runtime() !== undefined,
      call(fn, self, args) {
        const runtime = manager.runtime();
        const wanted = describeCall(modelOf(model, args), operation, given);
        const recording = runtime && openRecording(runtime, wanted);
        if (runtime === undefined || recording === undefined) return Reflect.apply(fn, self, args);
        const run = (): unknown => Reflect.apply(fn, self, args);
        return observeRun(runtime, { sink: recording, recording }, wanted, run);
      },
    },
    (what) => warnOnce(`monitorLlmCall was applied to ${what}; it is left as it was`),
  );
}
