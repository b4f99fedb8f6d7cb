/**
 * The tap on one relayed LLM request: it is told what happens and when, and turns it into one record. It cannot delay,
 * change or break the relay: every entry is guarded, and the first throw switches this observer off.
 */
import type { IncomingMessage } from "node:http";
import {
  ATTR,
  errorTypeOfStatus,
  providerByFormat,
  type ErrorType,
  type Provider,
  type ResponseReading,
} from "@nexent/monitor-core";
import { recordAnswer, type CallEnd, type Recorder, type Recording, type SpanContext } from "@nexent/monitor/recorder";
import type { ModelAdmission } from "./model-admission.ts";
import { createDecodingReader, type DecodingReader } from "./observe-decode.ts";
import {
  createJsonReader,
  createStreamReader,
  type BodyReader,
  type JsonReader,
  type StreamReader,
} from "./observe-body.ts";
import type { RequestFacts } from "./request-facts.ts";
import type { Upstream } from "./routes/prefix-table.ts";
import type { Tail } from "./routes/tails.ts";
import type { UpstreamFault } from "./upstream/faults.ts";
import { isJsonType, type RelayedHead } from "./upstream/headers.ts";

/** One LLM request as the relay knows it before anything is sent. */
export interface ObservedRequest {
  readonly upstream: Upstream;
  readonly tail: Tail;
  readonly request: IncomingMessage;
  readonly facts: RequestFacts;
  /** Context of the SERVER span. */
  readonly parent: SpanContext | undefined;
  /** Called when a stall of the answer is recognised. */
  readonly onStall?: () => void;
}

/** Watches one request. All times are monotonic milliseconds. Nothing throws; the first end wins. */
export interface CallObserver {
  /** Context of the LLM span, once sent; undefined without a span backend. */
  readonly context: SpanContext | undefined;
  /** What is known so far, once sent. */
  readonly recording: Recording | undefined;
  /** Just before the request is handed to the transport: `t_req`. */
  sending(atMs: number): void;
  /** It is sent again; the first try counts for nothing. */
  restarted(atMs: number): void;
  head(head: RelayedHead, atMs: number): void;
  data(chunk: Buffer, atMs: number): void;
  /** The relay stopped reading, because the client does not keep up. */
  paused(atMs: number): void;
  complete(atMs: number): void;
  /** The answer broke off after its head. */
  cut(atMs: number): void;
  /** The answer was silent for longer than its upstream may be. */
  timedOut(atMs: number): void;
  /** No head came. */
  failed(fault: UpstreamFault, atMs: number): void;
  clientLeft(atMs: number): void;
}

/** Opens observers. */
export interface ObserverFactory {
  open(request: ObservedRequest): CallObserver;
}

/** What the observers of one gateway share. */
export interface ObserverDependencies {
  readonly recorder: Recorder;
  readonly admission: ModelAdmission;
  /** Counts an observer that was switched off by its own fault. */
  readonly onFault: (provider: string) => void;
  /** Test seam; default {@link providerByFormat}. */
  readonly providerOf?: (format: string) => Provider | undefined;
}

/** Error bodies are looked at for their code alone. */
const ERROR_BODY_BYTES = 64 * 1024;

/** How an answer ended, as seen by the relay. */
type Ending = "complete" | "cut" | "left";

function retryCount(request: IncomingMessage): number | undefined {
  const value = request.headers["x-stainless-retry-count"];
  return typeof value === "string" && /^\d{1,4}$/.test(value) ? Number(value) : undefined;
}

class GuardedObserver implements CallObserver {
  readonly #deps: ObserverDependencies;
  readonly #observed: ObservedRequest;
  readonly #provider: Provider | undefined;
  #recording: Recording | undefined;
  #body: BodyReader | undefined;
  #stream: StreamReader | undefined;
  #json: JsonReader | undefined;
  #decoder: DecodingReader | undefined;
  #status = 0;
  /** A throw of our own: the record ends with what it has. */
  #off = false;

  constructor(deps: ObserverDependencies, observed: ObservedRequest) {
    this.#deps = deps;
    this.#observed = observed;
    const providerOf = deps.providerOf ?? providerByFormat;
    this.#provider = observed.tail.format === "opaque" ? undefined : providerOf(observed.tail.format);
  }

  get context(): SpanContext | undefined {
    return this.#recording?.span.context;
  }

  get recording(): Recording | undefined {
    return this.#recording;
  }

  sending(atMs: number): void {
    try {
      this.#start(atMs);
    } catch {
      this.#switchOff();
    }
  }

  restarted(atMs: number): void {
    try {
      this.#recording?.restart(atMs);
    } catch {
      this.#switchOff();
    }
  }

  head(head: RelayedHead, atMs: number): void {
    this.#status = head.status;
    if (this.#off) return;
    try {
      this.#openBody(head, atMs);
    } catch {
      this.#switchOff();
    }
  }

  data(chunk: Buffer, atMs: number): void {
    if (this.#off || this.#body === undefined) return;
    try {
      this.#body.data(chunk, atMs);
    } catch {
      this.#switchOff();
    }
  }

  paused(atMs: number): void {
    if (this.#off || this.#recording === undefined) return;
    try {
      this.#recording.clock.markPause(this.#recording.micros(atMs));
    } catch {
      this.#switchOff();
    }
  }

  complete(atMs: number): void {
    try {
      if (this.#body === undefined || this.#off) this.#conclude("complete", atMs);
      else {
        this.#body.end(atMs);
        // A decoder works through its queue first and concludes when it is done.
        if (this.#decoder === undefined) this.#conclude("complete", atMs);
      }
    } catch {
      this.#switchOff();
      this.#conclude("complete", atMs);
    }
  }

  cut(atMs: number): void {
    this.#conclude("cut", atMs);
  }

  clientLeft(atMs: number): void {
    this.#conclude("left", atMs);
  }

  timedOut(atMs: number): void {
    this.#end({
      outcome: "error",
      errorType: "timeout",
      ...(this.#status !== 0 && { httpStatus: this.#status }),
      atMs,
    });
  }

  failed(fault: UpstreamFault, atMs: number): void {
    this.#end({ outcome: "error", errorType: fault, atMs });
  }

  #start(atMs: number): void {
    const { upstream, tail, request, facts, parent, onStall } = this.#observed;
    const model = facts.model ?? "unknown";
    const retries = retryCount(request);
    this.#recording = this.#deps.recorder.start(
      {
        provider: upstream.config.provider,
        model,
        operation: tail.operation,
        streaming: facts.streaming,
        clockSource: "wire",
        serverAddress: upstream.endpoint.hostname,
        serverPort: upstream.endpoint.port,
        modelLabel: facts.model === undefined ? model : this.#deps.admission.labelOf(model),
        attributes: { ...facts.parameters, ...(retries !== undefined && { [ATTR.llmAttempt]: retries + 1 }) },
      },
      { atMs, ...(parent !== undefined && { parent }), ...(onStall !== undefined && { onStall }) },
    );
  }

  #openBody(head: RelayedHead, atMs: number): void {
    const recording = this.#recording;
    if (recording === undefined) return;
    recording.clock.markFirstByte(recording.micros(atMs));
    const ok = head.status >= 200 && head.status < 300;
    const { model } = this.#observed.facts;
    if (ok && model !== undefined) this.#label(model);
    const provider = this.#provider;
    if (ok) recording.amend({ streaming: head.streamed });
    if (provider === undefined || (head.status >= 300 && head.status < 400)) return;
    if (ok && head.streamed) {
      this.#stream = createStreamReader(provider, recording, (doneMs) => this.#conclude("complete", doneMs));
      this.#body = this.#stream;
    } else if (isJsonType(head.mediaType)) {
      this.#json = createJsonReader(provider, ok ? undefined : ERROR_BODY_BYTES);
      this.#body = this.#json;
    }
    if (head.contentEncoding !== "" && this.#body !== undefined) this.#decode(head.contentEncoding, this.#body);
  }

  #decode(encoding: string, inner: BodyReader): void {
    const guarded: BodyReader = {
      data: (bytes, atMs) => this.#inside(() => inner.data(bytes, atMs)),
      end: (atMs) => this.#inside(() => inner.end(atMs)),
    };
    this.#decoder = createDecodingReader({
      encoding,
      inner: guarded,
      finished: (atMs) => this.#conclude("complete", atMs),
    });
    this.#body = this.#decoder;
    if (this.#decoder === undefined) this.#off = true;
  }

  /** Decoded bytes come outside the relay's own calls, so they need their own guard. */
  #inside(work: () => void): void {
    if (this.#off) return;
    try {
      work();
    } catch {
      this.#switchOff();
    }
  }

  #conclude(ending: Ending, atMs: number): void {
    if (this.#recording === undefined || this.#recording.ended) return;
    let end: CallEnd;
    try {
      this.#amendModel();
      end = this.#judge(ending, atMs);
    } catch {
      this.#switchOff();
      end = { outcome: "error", errorType: "unknown", atMs };
    }
    this.#end(this.#status === 0 ? end : { ...end, httpStatus: this.#status });
  }

  #judge(ending: Ending, atMs: number): CallEnd {
    if (this.#status >= 400) return this.#judgeStatus(atMs);
    if (this.#status >= 300) return { outcome: "error", errorType: "protocol", atMs };
    const clock = this.#recording?.clock;
    const fault = clock?.fault;
    if (fault !== undefined) {
      return {
        outcome: "error",
        errorType: fault.errorType,
        ...(fault.code !== undefined && { errorCode: fault.code }),
        atMs,
      };
    }
    if (clock?.sawNormalEnd === true) return { outcome: "ok", atMs };
    if (ending === "left") return { outcome: "cancelled", atMs };
    if (ending === "cut") return { outcome: "error", errorType: "stream_interrupted", atMs };
    return this.#judgeComplete(atMs);
  }

  /** A body that came to its end without saying so itself. */
  #judgeComplete(atMs: number): CallEnd {
    // Whoever could not look cannot complain.
    if (this.#off || this.#decoder?.intact === false) return { outcome: "ok", atMs };
    if (this.#stream !== undefined) return { outcome: "error", errorType: "stream_interrupted", atMs };
    if (this.#json === undefined) return { outcome: "ok", atMs };
    const verdict = this.#json.verdict();
    if (verdict.kind === "unread") return { outcome: "ok", atMs };
    if (verdict.kind === "malformed") {
      return this.#observed.tail.usageOnly
        ? { outcome: "ok", atMs }
        : { outcome: "error", errorType: "protocol", atMs };
    }
    return this.#judgeReading(verdict.reading, atMs);
  }

  #judgeReading(reading: ResponseReading, atMs: number): CallEnd {
    const recording = this.#recording;
    if (reading.fault !== undefined) {
      const { errorType, code } = reading.fault;
      return { outcome: "error", errorType, ...(code !== undefined && { errorCode: code }), atMs };
    }
    if (recording !== undefined) recordAnswer(recording.clock, reading, recording.micros(atMs));
    if (this.#observed.facts.model === undefined && reading.responseModel !== undefined)
      this.#label(reading.responseModel);
    return { outcome: "ok", atMs };
  }

  #judgeStatus(atMs: number): CallEnd {
    const verdict = this.#json?.verdict();
    const fault = verdict?.kind === "read" ? verdict.reading.fault : undefined;
    // A 429 says "later" or "never", and only its code tells which.
    const quota = this.#status === 429 && fault?.errorType === "quota";
    const errorType: ErrorType = quota ? "quota" : errorTypeOfStatus(this.#status);
    return { outcome: "error", errorType, ...(fault?.code !== undefined && { errorCode: fault.code }), atMs };
  }

  /** A body that went up unread named no model: the answer's name has to do. */
  #amendModel(): void {
    const named = this.#stream?.responseModel;
    if (this.#observed.facts.model === undefined && named !== undefined) this.#label(named);
  }

  #label(model: string): void {
    this.#deps.admission.admit(model);
    this.#recording?.amend({ modelLabel: this.#deps.admission.labelOf(model) });
  }

  #end(end: CallEnd): void {
    try {
      this.#recording?.end(end);
    } catch {
      this.#switchOff();
    }
  }

  #switchOff(): void {
    if (this.#off) return;
    this.#off = true;
    this.#deps.onFault(this.#observed.upstream.config.provider);
  }
}

/** Observers that report to `recorder`. */
export function createObserverFactory(deps: ObserverDependencies): ObserverFactory {
  return { open: (observed) => new GuardedObserver(deps, observed) };
}
