/** `@nexent/monitor/langchain`: a callback handler that observes the language models of LangChain. */
import { emptyStreamEvent, gemini, resetStreamEvent } from "@nexent/monitor-core";
import type { Unread } from "../follow/abandon-watch.ts";
import { manager } from "../manager.ts";
import { openRecording } from "../observe-call.ts";
import { recordAnswer } from "../recording/record-answer.ts";
import type { CallEnd, LlmCall, Recording } from "../recording/recording.ts";
import { safeProperty } from "../redact.ts";
import type { Runtime } from "../runtime.ts";
import { UNKNOWN } from "../recording/span-attributes.ts";
import { endOfAbort, endOfThrown } from "../recording/thrown-error.ts";
import type { ClientOptions } from "./client-options.ts";
import { readResult, readToken } from "./langchain-reading.ts";

export type { ClientOptions } from "./client-options.ts";

/** Where LangChain's name of a provider differs from that of the label. */
const PROVIDERS: Readonly<Record<string, string>> = {
  amazon_bedrock: "aws.bedrock",
  azure: "azure.ai.openai",
  google_genai: "gcp.gemini",
  google_vertexai: "gcp.vertex_ai",
  mistral: "mistral_ai",
  mistralai: "mistral_ai",
  xai: "x_ai",
};

/** Providers whose answers always say how they ended, so that an end without it is a cut. */
const SAY_HOW_THEY_END: ReadonlySet<string> = new Set(["openai", "azure.ai.openai"]);

type Metadata = Record<string, unknown>;

/** The arguments with which both kinds of models start. */
type StartArguments = readonly [
  llm: unknown,
  asked: unknown,
  runId: string,
  parentRunId?: string,
  extraParams?: Metadata,
  tags?: string[],
  metadata?: Metadata,
  runName?: string,
];

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function providerOf(metadata: unknown): string {
  const name = textOf(safeProperty(metadata, "ls_provider"));
  if (name === undefined) return UNKNOWN;
  return Object.hasOwn(PROVIDERS, name) ? (PROVIDERS[name] ?? name) : name;
}

function callOf(operation: string, [, , , , extra, , metadata]: StartArguments, options: ClientOptions): LlmCall {
  const asked = safeProperty(extra, "invocation_params");
  const of = (name: string): unknown => safeProperty(metadata, `ls_${name}`) ?? safeProperty(asked, name);
  const stop = safeProperty(metadata, "ls_stop") ?? safeProperty(asked, "stop");
  const generationConfig = {
    temperature: of("temperature"),
    maxOutputTokens: of("max_tokens"),
    topP: safeProperty(asked, "top_p"),
    topK: safeProperty(asked, "top_k"),
    seed: safeProperty(asked, "seed"),
    stopSequences: stop,
  };
  return {
    provider: options.provider ?? providerOf(metadata),
    model: textOf(of("model_name")) ?? textOf(safeProperty(asked, "model")) ?? UNKNOWN,
    operation,
    streaming: safeProperty(asked, "stream") === true,
    clockSource: "iterator",
    attributes: { ...options.attributes, ...gemini.readRequest({ generationConfig }).parameters },
  };
}

function signalOf(extra: unknown): AbortSignal | undefined {
  const signal = safeProperty(safeProperty(extra, "options"), "signal");
  return signal instanceof AbortSignal ? signal : undefined;
}

/** What is known of a run from its start. */
interface RunTraits {
  readonly signal: AbortSignal | undefined;
  readonly provider: string;
}

/**
 * One run of a model. LangChain tells nobody of a stream that was stopped: its signal does. One whose reader left ends by
 * the idle limit.
 */
class Run implements Unread {
  idleSinceMs = performance.now();
  readonly #recording: Recording;
  readonly #runtime: Runtime;
  readonly #event = emptyStreamEvent();
  /** Stands for the stream, which nobody shows us: it is never collected before the run. */
  readonly #target = {};
  readonly #signal: AbortSignal | undefined;
  readonly #stopped = (): void => this.end(endOfAbort(this.#signal?.reason));
  readonly #expectsEnd: boolean;
  #streamed = false;

  constructor(runtime: Runtime, recording: Recording, { signal, provider }: RunTraits) {
    this.#runtime = runtime;
    this.#recording = recording;
    this.#signal = signal;
    this.#expectsEnd = SAY_HOW_THEY_END.has(provider);
    signal?.addEventListener("abort", this.#stopped, { once: true });
    runtime.watch.watch(this, this.#target);
  }

  token(token: string, chunk: unknown, completion: number): void {
    const { clock } = this.#recording;
    this.idleSinceMs = performance.now();
    if (!this.#streamed) this.#recording.amend({ streaming: true });
    this.#streamed = true;
    resetStreamEvent(this.#event);
    readToken(token, chunk, completion, this.#event);
    clock.record(this.#event, this.#recording.micros(this.idleSinceMs));
  }

  result(result: unknown): void {
    const { clock } = this.#recording;
    const reading = readResult(result);
    this.#recording.content?.whole(result);
    if (!this.#streamed) {
      this.#recording.amend({ streaming: false });
      recordAnswer(clock, reading, this.#recording.micros(performance.now()));
    } else if (reading.usage !== undefined) clock.recordUsage(reading.usage);
    const cut = this.#expectsEnd && !clock.sawNormalEnd && (this.#streamed || reading.outputBytes === 0);
    this.end(cut ? { outcome: "error", errorType: "stream_interrupted" } : { outcome: "ok" });
  }

  failed(error: unknown): void {
    this.end(endOfThrown(error, this.#streamed ? "stream" : "call", this.#signal));
  }

  abandon(): void {
    this.end({ outcome: "abandoned" });
  }

  end(end: CallEnd): void {
    this.#signal?.removeEventListener("abort", this.#stopped);
    this.#runtime.watch.forget(this);
    this.#recording.end(end);
  }
}

/** Runs that have not ended; more than these are not observed, so that lost ones cannot pile up. */
const OPEN_RUNS = 10_000;

/** The handler of {@link monitorCallbacks}, in the shape that LangChain takes. */
export class MonitorCallbackHandler {
  /** With a name LangChain takes the handler as it is. */
  readonly name = "nexent_monitor";
  /** Told in line: from a queue, every time would be late. */
  readonly awaitHandlers = true;
  readonly raiseError = false;
  readonly ignoreLLM = false;
  readonly ignoreChain = true;
  readonly ignoreAgent = true;
  readonly ignoreRetriever = true;
  readonly ignoreCustomEvent = true;
  readonly #options: ClientOptions;
  readonly #runs = new Map<string, Run>();

  constructor(options: ClientOptions = {}) {
    this.#options = options;
    manager.addSite("monitorCallbacks");
  }

  handleChatModelStart(...start: StartArguments): void {
    this.#start("chat", start);
  }

  handleLLMStart(...start: StartArguments): void {
    this.#start("text_completion", start);
  }

  handleLLMNewToken(
    token: string,
    index: { readonly prompt: number; readonly completion: number } | undefined,
    runId: string,
    _parentRunId?: string,
    _tags?: string[],
    fields?: { readonly chunk?: unknown },
  ): void {
    this.#tell(runId, (run) => run.token(token, safeProperty(fields, "chunk"), index?.completion ?? 0));
  }

  handleLLMEnd(result: unknown, runId: string): void {
    this.#tell(runId, (run) => run.result(result));
    this.#runs.delete(runId);
  }

  handleLLMError(error: unknown, runId: string): void {
    this.#tell(runId, (run) => run.failed(error));
    this.#runs.delete(runId);
  }

  #start(operation: string, start: StartArguments): void {
    try {
      const runtime = manager.runtime();
      if (runtime === undefined || this.#runs.size >= OPEN_RUNS) return;
      const { tokenTape } = this.#options;
      const call = callOf(operation, start, this.#options);
      const request = { messages: start[1] };
      const recording = openRecording(runtime, { call, request, ...(tokenTape !== undefined && { tokenTape }) });
      if (recording === undefined) return;
      const traits = { signal: signalOf(start[4]), provider: call.provider };
      this.#runs.set(start[2], new Run(runtime, recording, traits));
    } catch {
      // An odd argument: the run goes on unobserved.
    }
  }

  #tell(runId: string, tell: (run: Run) => void): void {
    const run = this.#runs.get(runId);
    try {
      if (run !== undefined) tell(run);
    } catch {
      // A chunk of a shape nobody knows counts for nothing.
    }
  }
}

/**
 * A LangChain callback handler: every run of a language model is one call. Use it alone or `monitoredFetch` in the
 * model's client, not both: LangChain does not tell one from inside the other.
 * @example
 * const model = new ChatOpenAI({ model: "gpt-4o", callbacks: [monitorCallbacks()] });
 */
export function monitorCallbacks(options: ClientOptions = {}): MonitorCallbackHandler {
  return new MonitorCallbackHandler(options);
}
