/**
 * One relayed request, from its parsed head to the closed response: body in, one exchange (two at most), bytes out.
 * The observer is told what happens and can neither delay nor change it.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { LIMITS, type ErrorCode } from "@nexent/monitor-core";
import type { SpanContext } from "@nexent/monitor/recorder";
import type { Admission } from "./auth.ts";
import { createDownstream, type Downstream } from "./downstream.ts";
import { createHeldAnswer, type HeldAnswer } from "./held-answer.ts";
import { readInFlight, type InFlightCall, type InFlightReader } from "./in-flight.ts";
import type { CallObserver, ObserverFactory } from "./observe.ts";
import { sendOwnError } from "./own-error.ts";
import { declaredLength, hasBody, readBody, streamBody, type BodyBudget, type BodyOutcome } from "./request-body.ts";
import { parsedJson, readFacts } from "./request-facts.ts";
import type { Route } from "./routes/prefix-table.ts";
import type { Tail } from "./routes/tails.ts";
import type { GatewayCounters } from "./self-metrics.ts";
import { relayedHead, upstreamHeaders, withoutContentLength, type RelayedHead } from "./upstream/headers.ts";
import { createIdleLimit, type IdleLimit } from "./upstream/idle-limit.ts";
import { startExchange, type Exchange, type ExchangeSink } from "./upstream/exchange.ts";
import type { UpstreamFault } from "./upstream/faults.ts";
import { traceHeaders } from "./upstream/trace-headers.ts";
import { namesUsageOption, wantsUsage, withUsageRequest, type UsageMemory } from "./usage.ts";
import { createUsageStripper, type UsageStripper } from "./usage-strip.ts";

/** What all relays of one gateway share. */
export interface RelayContext {
  /** Longest body that is read whole; a longer one streams through. */
  readonly bufferedBodyBytes: number;
  readonly budget: BodyBudget;
  readonly usageMemory: UsageMemory;
  readonly counters: GatewayCounters;
  /** Absent when telemetry is off: a pure relay. */
  readonly observers: ObserverFactory | undefined;
}

/** One routed and admitted request. */
export interface RoutedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly route: Route;
  readonly admission: Admission;
  /** Context of the SERVER span, the parent of the LLM span. */
  readonly parent: SpanContext | undefined;
  /** Hears that the gateway answers itself. */
  readonly onRefused: (code: ErrorCode) => void;
}

/** Handle on a running relay. */
export interface Relay extends InFlightReader {
  /** Breaks the answer off: the drain limit was reached. */
  breakOff(): void;
}

/**
 * Whether the body may be parsed. Ollama's server takes JSON under any type, and its users send it under the one that
 * `curl -d` says.
 */
function isPlainJson(request: IncomingMessage, tail: Tail): boolean {
  if ("content-encoding" in request.headers) return false;
  const type = request.headers["content-type"];
  if (tail.family === "ollama" && (type === undefined || /^application\/x-www-form-urlencoded\b/i.test(type)))
    return true;
  return type !== undefined && /^application\/([\w.+-]+\+)?json\b/i.test(type);
}

function credential(apiKey: string, header: string): string[] {
  return [header, header === "authorization" ? `Bearer ${apiKey}` : apiKey];
}

class RequestRelay implements Relay, ExchangeSink {
  readonly #context: RelayContext;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #route: Route;
  readonly #admission: Admission;
  readonly #parent: SpanContext | undefined;
  readonly #onRefused: RoutedRequest["onRefused"];
  readonly #downstream: Downstream;
  #observer: CallObserver | undefined;
  #exchange: Exchange | undefined;
  #stripper: UsageStripper | undefined;
  /** A rejected answer that is being looked at before it is passed. */
  #held: HeldAnswer | undefined;
  readonly #idleLimit: IdleLimit;
  /** The client's own body, as long as a rule may send it (again). */
  #original: Buffer | undefined;
  #injection: "none" | "added" | "withdrawn" = "none";
  #model = "unknown";
  #streaming = false;
  #headSent = false;
  #paused = false;
  #over = false;

  constructor(context: RelayContext, routed: RoutedRequest) {
    this.#context = context;
    this.#request = routed.request;
    this.#response = routed.response;
    this.#route = routed.route;
    this.#admission = routed.admission;
    this.#parent = routed.parent;
    this.#onRefused = routed.onRefused;
    this.#idleLimit = createIdleLimit(routed.route.upstream.config.streamIdleTimeoutMs, () => this.#giveUp());
    this.#downstream = createDownstream(routed.request, routed.response, () => this.#onDrain());
  }

  begin(): void {
    this.#response.on("close", () => this.#onClose());
    if (!hasBody(this.#request)) this.#open(undefined, undefined);
    else if ((declaredLength(this.#request) ?? 0) > LIMITS.gatewayStreamedBodyBytes) {
      this.#refuse("PAYLOAD_TOO_LARGE", "the request body is larger than the gateway takes");
    } else if (this.#route.tail !== undefined && isPlainJson(this.#request, this.#route.tail)) {
      const limits = { bufferedBytes: this.#context.bufferedBodyBytes };
      readBody(this.#request, this.#context.budget, limits, (outcome) => this.#onBody(outcome));
    } else this.#open(streamBody(this.#request, {}), undefined);
  }

  get isOpenCall(): boolean {
    return !this.#over && this.#observer?.recording?.ended === false;
  }

  inFlight(nowMs: number): InFlightCall | undefined {
    const recording = this.#observer?.recording;
    const { tail, upstream } = this.#route;
    if (recording === undefined || tail === undefined) return undefined;
    const { name, provider } = upstream.config;
    const sent = this.#exchange?.sent === true;
    const facts = {
      upstream: name,
      provider,
      model: this.#model,
      operation: tail.operation,
      streaming: this.#streaming,
    };
    return readInFlight({ facts, recording, sent }, nowMs);
  }

  breakOff(): void {
    if (this.#over) return;
    if (!this.#headSent) {
      this.#exchange?.abort();
      this.#observer?.cut(performance.now());
      this.#refuse("GATEWAY_DRAINING", "the gateway is shutting down");
      return;
    }
    this.#finish();
    this.#exchange?.abort();
    this.#observer?.cut(performance.now());
    this.#downstream.cut();
  }

  #onBody(outcome: BodyOutcome): void {
    if (this.#over) return;
    if (outcome.kind === "overloaded") {
      this.#refuse("GATEWAY_OVERLOADED", "the gateway holds too many request bodies at once", 1);
      return;
    }
    if (outcome.kind === "stream") {
      this.#open(outcome.body, undefined);
      return;
    }
    this.#original = outcome.body;
    // Nobody reads the body of a pure relay.
    this.#open(outcome.body, this.#context.observers === undefined ? undefined : parsedJson(outcome.body));
  }

  /** The request is complete, or known to be streamed: decide what goes up, and send it. */
  #open(body: Buffer | Readable | undefined, parsed: unknown): void {
    const { observers, counters } = this.#context;
    const { tail, upstream } = this.#route;
    if (tail !== undefined && observers !== undefined) {
      const facts = readFacts(tail, parsed);
      this.#model = facts.model ?? "unknown";
      this.#streaming = facts.streaming;
      this.#observer = observers.open({
        upstream,
        tail,
        request: this.#request,
        facts,
        parent: this.#parent,
        ...(upstream.config.stall === "abort" && { onStall: () => this.#onStall() }),
      });
    }
    let sent = body;
    if (Buffer.isBuffer(body) && this.#mayInject(parsed)) {
      const injected = withUsageRequest(body);
      if (injected !== undefined) {
        sent = injected;
        this.#injection = "added";
        counters.usageInjection(upstream.config.name, "added");
      }
    }
    this.#observer?.sending(performance.now());
    this.#send(sent);
  }

  #mayInject(parsed: unknown): boolean {
    const { config } = this.#route.upstream;
    if (this.#observer === undefined || config.usage !== "inject" || this.#route.tail?.usageOnRequest !== true)
      return false;
    return wantsUsage(parsed) && this.#context.usageMemory.support(config.name, this.#model) !== "rejects";
  }

  #send(body: Buffer | Readable | undefined): void {
    const { upstream, upstreamPath } = this.#route;
    const { apiKey, tracing } = upstream.config;
    const trace = traceHeaders(tracing, this.#observer?.context ?? this.#parent);
    const declared = this.#request.headers["content-length"];
    const headers = upstreamHeaders(this.#request.rawHeaders, {
      identityEncoding: this.#observer !== undefined && this.#streaming,
      omit: trace.omit.length === 0 ? this.#admission.omit : new Set([...this.#admission.omit, ...trace.omit]),
      ...(!Buffer.isBuffer(body) && body !== undefined && declared !== undefined && { contentLength: declared }),
      add: [...(apiKey === undefined ? [] : credential(apiKey, this.#route.keyHeader)), ...trace.add],
    });
    const path = `${upstreamPath}${this.#admission.query}`;
    this.#exchange = startExchange(
      upstream.connections,
      { method: this.#request.method ?? "GET", path, headers, body },
      this,
    );
    // A failure may have been reported before the handle was there.
    if (this.#over) this.#exchange.abort();
  }

  /** A stall was recognised, and this upstream's streams are not to wait for its end. */
  #onStall(): void {
    // Not while the open calls are being looked at; a token may have come until then.
    setImmediate(() => {
      if (this.#over || this.#observer?.recording?.liveStall(performance.now()) === undefined) return;
      this.#context.counters.stallAbort(this.#route.upstream.config.name);
      this.#giveUp();
    });
  }

  /** The answer has been silent for longer than this upstream may be. */
  #giveUp(): void {
    if (this.#over) return;
    this.#exchange?.abort();
    this.#observer?.timedOut(performance.now());
    if (!this.#headSent) {
      this.#refuse("UPSTREAM_TIMEOUT", `the upstream "${this.#route.upstream.config.name}" was silent for too long`);
      return;
    }
    this.#flushStripper();
    this.#finish();
    this.#downstream.cut();
  }

  onRetry(): void {
    this.#context.counters.staleRetry(this.#route.upstream.config.name);
    this.#observer?.restarted(performance.now());
  }

  onHead(status: number, statusMessage: string, rawHeaders: readonly Buffer[]): void {
    const atMs = performance.now();
    if (this.#injection === "added" && (status === 400 || status === 422)) {
      this.#held = createHeldAnswer({ status, statusMessage, rawHeaders, atMs });
      const known = this.#context.usageMemory.support(this.#route.upstream.config.name, this.#model);
      if (known !== "works") this.#withdraw();
      return;
    }
    this.#passHead(status, statusMessage, rawHeaders, atMs);
  }

  onData(chunk: Buffer): void {
    if (this.#held !== undefined) {
      if (!this.#held.add(chunk)) this.#passHeld();
      return;
    }
    const atMs = performance.now();
    this.#idleLimit.touch();
    this.#observer?.data(chunk, atMs);
    const bytes = this.#stripper === undefined ? chunk : this.#stripper.push(chunk);
    if (bytes.length > 0 && !this.#downstream.write(bytes)) this.#pause(atMs);
  }

  onEnd(): void {
    if (this.#held !== undefined && !this.#judgeHeld()) return;
    this.#observer?.complete(performance.now());
    this.#flushStripper();
    this.#finish();
    this.#downstream.end();
  }

  onFail(fault: UpstreamFault): void {
    if (this.#over) return;
    if (this.#held !== undefined && !this.#judgeHeld()) return;
    const atMs = performance.now();
    if (this.#headSent) {
      this.#observer?.cut(atMs);
      this.#flushStripper();
      this.#finish();
      this.#downstream.cut();
      return;
    }
    this.#observer?.failed(fault, atMs);
    const { name } = this.#route.upstream.config;
    if (fault === "timeout")
      this.#refuse("UPSTREAM_TIMEOUT", `the upstream "${name}" did not accept a connection in time`);
    else this.#refuse("UPSTREAM_UNREACHABLE", `the upstream "${name}" could not be reached or closed the connection`);
  }

  #passHead(status: number, statusMessage: string, rawHeaders: readonly Buffer[], atMs: number): void {
    const head = relayedHead(status, statusMessage, rawHeaders, this.#route.tail?.framing === "json_array");
    this.#releaseBody();
    const strips = this.#settleInjection(head);
    this.#observer?.head(head, atMs);
    this.#downstream.head(strips ? { ...head, headers: withoutContentLength(head.headers) } : head);
    this.#headSent = true;
    this.#idleLimit.touch();
    if (strips) this.#stripper = createUsageStripper();
  }

  /** Remembers how the upstream took the usage request; true when the answer must be stripped. */
  #settleInjection({ status, mediaType, contentEncoding }: RelayedHead): boolean {
    if (this.#injection === "none" || status < 200 || status > 299) return false;
    const { name } = this.#route.upstream.config;
    if (this.#injection === "withdrawn") {
      this.#context.usageMemory.remember(name, this.#model, "rejects");
      this.#context.counters.usageInjection(name, "rejected");
      return false;
    }
    if (mediaType !== "text/event-stream") return false;
    const readable = contentEncoding === "";
    this.#context.usageMemory.remember(name, this.#model, readable ? "works" : "rejects");
    return readable;
  }

  /** Looks at a complete held answer; false when it was ours and the original body is on its way. */
  #judgeHeld(): boolean {
    if (this.#held !== undefined && namesUsageOption(this.#held.body())) {
      this.#withdraw();
      return false;
    }
    this.#passHeld();
    return true;
  }

  #passHeld(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held === undefined) return;
    this.#passHead(held.status, held.statusMessage, held.rawHeaders, held.atMs);
    this.onData(held.body());
  }

  /** Sends the client's own body once, without our usage request. */
  #withdraw(): void {
    this.#held = undefined;
    this.#injection = "withdrawn";
    this.#exchange?.abort();
    // Not from inside the parser's callback: undici allows one parser to run at a time.
    setImmediate(() => {
      if (this.#over) return;
      this.#observer?.restarted(performance.now());
      this.#send(this.#original);
    });
  }

  #pause(atMs: number): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#exchange?.pause();
    this.#idleLimit.pause();
    // Node corks writes until the end of the tick, so a large read alone fills the buffer; only what is still full
    // afterwards is a slow client.
    setImmediate(() => {
      if (!this.#paused || this.#over) return;
      this.#context.counters.backpressurePause(this.#route.upstream.config.name);
      this.#observer?.paused(atMs);
    });
  }

  #onDrain(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#exchange?.resume();
    if (!this.#over) this.#idleLimit.touch();
  }

  #onClose(): void {
    if (this.#over) return;
    this.#finish();
    this.#exchange?.abort();
    this.#observer?.clientLeft(performance.now());
  }

  #flushStripper(): void {
    const rest = this.#stripper?.flush();
    if (rest !== undefined && rest.length > 0) this.#downstream.write(rest);
  }

  #refuse(code: ErrorCode, message: string, retryAfterSeconds?: number): void {
    this.#finish();
    this.#onRefused(code);
    sendOwnError(this.#response, {
      code,
      message,
      shape: this.#route.family,
      ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    });
  }

  #finish(): void {
    this.#over = true;
    this.#idleLimit.stop();
    this.#releaseBody();
  }

  #releaseBody(): void {
    if (this.#original === undefined) return;
    this.#context.budget.give(this.#original.length);
    this.#original = undefined;
  }
}

/** Relays one request; the response is closed when it is over. */
export function startRelay(context: RelayContext, routed: RoutedRequest): Relay {
  const relay = new RequestRelay(context, routed);
  relay.begin();
  return relay;
}
