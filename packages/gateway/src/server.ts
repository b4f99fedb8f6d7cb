/** The gateway as a whole: listener, checks in their order, relays, start and stop. */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import {
  isLoopbackName,
  LIMITS,
  METRICS,
  MonitorError,
  parseRequestTarget,
  type ErrorCode,
  type FamilyReading,
  type RequestTarget,
} from "@nexent/monitor-core";
import { createHttpWatcher, type HttpWatch } from "@nexent/monitor/recorder";
import { createAccessLog, NO_ACCESS_LOG, type AccessEntry } from "./access-log.ts";
import { createGatekeeper, type Admission } from "./auth.ts";
import { upstreamProblems, type GatewayConfig } from "./config/config.ts";
import { mergeViews, viewOf, type InFlightView } from "./in-flight.ts";
import { startLagMeter } from "./lag-meter.ts";
import { warnIfExposed } from "./exposure.ts";
import { createModelAdmission } from "./model-admission.ts";
import { createExposition, type Exposition, type Monitoring } from "./monitoring.ts";
import { createObserverFactory } from "./observe.ts";
import { sendOwnError, type OwnError } from "./own-error.ts";
import { refusalOf, UNREADY_REFUSALS } from "./refusals.ts";
import { startRelay, type Relay, type RelayContext } from "./relay.ts";
import { createBodyBudget } from "./request-body.ts";
import { createHostCheck } from "./routes/host-check.ts";
import { createOwnPaths, type UnreadyReason } from "./routes/own-paths.ts";
import { createPrefixTable, type Route } from "./routes/prefix-table.ts";
import { familyOfTarget } from "./routes/tails.ts";
import { createReadAccess } from "./routes/read-access.ts";
import { createGatewayCounters, NO_COUNTERS, refreshConnectionGauges } from "./self-metrics.ts";
import { createUsageMemory } from "./usage.ts";

/** Where the gateway writes what an operator should know. Never keys, prompts, answers or query strings. */
export interface GatewayLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** The other workers of a gateway of several processes. Each promise rejects when they do not answer in time. */
export interface Siblings {
  /** What every worker has read of its metrics, this one included. */
  metrics(): Promise<readonly (readonly FamilyReading[])[]>;
  /** The open calls of every worker, this one included. */
  inFlight(): Promise<readonly InFlightView[]>;
}

/** Options of {@link createGateway}. */
export interface GatewayOptions {
  readonly config: GatewayConfig;
  /** Absent: telemetry is off and the gateway is a pure relay. The caller shuts its backend down after `close`. */
  readonly monitoring?: Monitoring;
  readonly log?: GatewayLog;
  /** Absent: this process is the whole gateway. */
  readonly siblings?: Siblings;
}

/** A gateway that is not listening yet, or running. */
export interface Gateway {
  /**
   * Binds the listener.
   * @returns the port that was bound.
   * @throws {PORT_IN_USE} when another process holds the port.
   */
  listen(): Promise<number>;
  /** The bound port; undefined while not listening. */
  readonly port: number | undefined;
  /** Requests that are being relayed now. */
  readonly openRequests: number;
  /** The metrics of this process. */
  readonly exposition: Exposition;
  /** The LLM calls that are open in this process. */
  inFlight(): InFlightView;
  /**
   * Drains: new requests are refused, running ones may go on for `timeoutMs` (default: the configured drain limit),
   * then they are broken off. Idempotent; a second call with 0 ends at once.
   */
  close(timeoutMs?: number): Promise<void>;
}

/** A request that is being served. */
interface Served {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: AccessEntry;
}

const SILENT: GatewayLog = { debug: () => undefined, info: () => undefined, warn: () => undefined };

class NodeGateway implements Gateway {
  readonly exposition: Exposition;
  readonly #config: GatewayConfig;
  readonly #log: GatewayLog;
  readonly #monitoring: Monitoring | undefined;
  readonly #server: http.Server;
  readonly #table;
  readonly #context: RelayContext;
  readonly #checkHost;
  readonly #gatekeeper;
  readonly #ownPaths;
  readonly #accessLog;
  readonly #watcher;
  readonly #lagMeter;
  readonly #tellsExposure: boolean;
  readonly #relays = new Set<Relay>();
  #draining = false;
  #closing: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor({ config, monitoring, log, siblings }: GatewayOptions) {
    this.#config = config;
    this.#log = log ?? SILENT;
    this.#monitoring = monitoring;
    this.#tellsExposure = siblings === undefined;
    const table = createPrefixTable(config.upstreams);
    this.#table = table;
    this.#checkHost = createHostCheck({ ...config, loopbackBind: isLoopbackName(config.host) });
    this.#gatekeeper = createGatekeeper(config.tokens);
    this.#context = this.#createContext();
    this.#watcher = monitoring === undefined ? undefined : createHttpWatcher(monitoring);
    this.#lagMeter =
      monitoring === undefined
        ? undefined
        : startLagMeter(monitoring.registry.gauge(METRICS.nexentMonitorEventLoopLagSeconds, {}));
    const exposition = createExposition(monitoring, (registry) => refreshConnectionGauges(registry, table.upstreams));
    this.exposition = exposition;
    this.#accessLog = config.accessLog ? createAccessLog((line) => this.#log.info(line, "request")) : NO_ACCESS_LOG;
    const merges = monitoring === undefined ? undefined : siblings;
    this.#ownPaths = createOwnPaths({
      collectMetrics: async () =>
        merges === undefined ? exposition.expose : exposition.merged(await merges.metrics()),
      collectInFlight: async () => (merges === undefined ? this.inFlight() : mergeViews(await merges.inFlight())),
      access: createReadAccess(config.readToken),
      unreadyReasons: () => this.#unreadyReasons(),
    });
    this.#server = this.#createServer();
  }

  get port(): number | undefined {
    const address = this.#server.address();
    return address === null || typeof address === "string" ? undefined : address.port;
  }

  get openRequests(): number {
    return this.#relays.size;
  }

  inFlight(): InFlightView {
    return { ...viewOf(this.#relays, performance.now()), observed: this.#monitoring !== undefined };
  }

  async listen(): Promise<number> {
    const { host, port } = this.#config;
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (error) => reject(listenFault(error, host, port)));
      this.#server.listen({ host, port }, resolve);
    });
    this.#server.on("error", (error) =>
      this.#log.warn({ event: "listener_error", reason: error.message }, "listener error"),
    );
    if (this.#tellsExposure) warnIfExposed(this.#config, this.#log);
    return this.port ?? port;
  }

  close(timeoutMs: number = this.#config.drainTimeoutMs): Promise<void> {
    if (this.#closing !== undefined && timeoutMs > 0) return this.#closing;
    this.#closing = this.#drain(timeoutMs);
    return this.#closing;
  }

  #unreadyReasons(): UnreadyReason[] {
    const full = this.#relays.size >= this.#config.openRequests;
    return [...(this.#draining ? (["draining"] as const) : []), ...(full ? (["open_requests_limit"] as const) : [])];
  }

  #createContext(): RelayContext {
    const monitoring = this.#monitoring;
    const counters = monitoring === undefined ? NO_COUNTERS : createGatewayCounters(monitoring.registry);
    const observers =
      monitoring === undefined
        ? undefined
        : createObserverFactory({
            recorder: monitoring.recorder,
            admission: createModelAdmission(this.#config.upstreams),
            onFault: (provider) => counters.observerFault(provider),
          });
    const { bufferedBodyBytes, workers } = this.#config;
    const budget = createBodyBudget(Math.floor(LIMITS.gatewayBufferedTotalBytes / workers));
    return { bufferedBodyBytes, budget, usageMemory: createUsageMemory(), counters, observers };
  }

  #createServer(): http.Server {
    const server = http.createServer({
      noDelay: true,
      keepAlive: true,
      maxHeaderSize: LIMITS.gatewayHeaderBytes,
      headersTimeout: LIMITS.gatewayClientHeaderTimeoutMs,
      // No limit on the whole request: uploads may be long. Silence is bounded where bodies are read.
      requestTimeout: 0,
      keepAliveTimeout: LIMITS.gatewayClientKeepAliveMs,
      connectionsCheckingInterval: LIMITS.connectionCheckIntervalMs,
      highWaterMark: 64 * 1024,
    });
    // The bytes of a header block are bounded; a count would drop headers in silence.
    server.maxHeadersCount = 0;
    server.on("request", (request, response) => this.#onRequest(request, response));
    server.on("connect", (_request, socket: Duplex) => {
      socket.on("error", () => undefined);
      socket.end("HTTP/1.1 501 Not Implemented\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    });
    return server;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    // Writing to a socket that has just died is not a fault of ours; the close event follows.
    response.on("error", () => undefined);
    const target = parseRequestTarget(request.url);
    const refusal = refusalOf(request, this.#checkHost(request), target);
    if (refusal === undefined && this.#ownPaths.answer(request, response, target?.path ?? "")) return;
    const exchange: Served = { request, response, entry: this.#accessLog.open(request, response) };
    if (refusal === "misdirected") {
      response.writeHead(421, { "Content-Length": 0 });
      response.end();
    } else if (refusal !== undefined) this.#refuse(exchange, refusal);
    else if (target !== undefined) this.#onForward(exchange, target);
  }

  #onForward(exchange: Served, target: RequestTarget): void {
    const { request, entry } = exchange;
    const method = request.method ?? "GET";
    const route = this.#table.find(method, target.path, target.query);
    const shape = route?.family ?? familyOfTarget(method, target);
    if (route === undefined) {
      this.#refuse(exchange, { code: "NOT_FOUND", message: "no upstream is configured for this path", shape });
      return;
    }
    entry.routed({ route: route.pattern, upstream: route.upstream.config.name });
    const [unready] = this.#unreadyReasons();
    if (unready !== undefined) {
      this.#refuse(exchange, { ...UNREADY_REFUSALS[unready], shape });
      return;
    }
    const held = route.upstream.config.apiKey !== undefined;
    const admission = this.#gatekeeper.admit(request.rawHeaders, target.query, held);
    if (!admission.admitted) {
      this.#refuse(exchange, { code: "UNAUTHENTICATED", message: "a gateway token is needed", shape });
      return;
    }
    const { traceparent, tracestate } = request.headers;
    const watch = this.#watcher?.start({
      method,
      route: route.pattern,
      traceparent: single(traceparent),
      tracestate: single(tracestate),
    });
    this.#relay(exchange, route, admission, watch);
  }

  #relay({ request, response, entry }: Served, route: Route, admission: Admission, watch: HttpWatch | undefined): void {
    const parent = watch?.context;
    entry.routed({ route: route.pattern, upstream: route.upstream.config.name, traceId: parent?.traceId });
    const onRefused = (code: ErrorCode): void => this.#countRefusal(code, entry);
    const relay = startRelay(this.#context, { request, response, route, admission, parent, onRefused });
    this.#relays.add(relay);
    response.on("close", () => {
      this.#relays.delete(relay);
      watch?.end(response.headersSent ? response.statusCode : undefined);
      if (this.#relays.size === 0) this.#onIdle?.();
    });
  }

  #refuse({ response, entry }: Served, error: OwnError): void {
    this.#countRefusal(error.code, entry);
    sendOwnError(response, error);
  }

  #countRefusal(code: ErrorCode, entry: AccessEntry): void {
    this.#context.counters.ownError(code);
    entry.refused(code);
  }

  async #drain(timeoutMs: number): Promise<void> {
    this.#draining = true;
    const closed = new Promise<void>((resolve) => {
      if (!this.#server.listening) resolve();
      else this.#server.close(() => resolve());
    });
    this.#server.closeIdleConnections();
    await this.#untilIdle(timeoutMs);
    for (const relay of this.#relays) relay.breakOff();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    this.#server.closeAllConnections();
    await closed;
    this.#lagMeter?.close();
    await Promise.all(this.#table.upstreams.map((upstream) => upstream.connections.close()));
  }

  /** Waits until no request is relayed, at most `timeoutMs`. */
  async #untilIdle(timeoutMs: number): Promise<void> {
    if (this.#relays.size === 0 || timeoutMs <= 0) {
      // A waiting drain goes on at once when a second call asks for the end.
      this.#onIdle?.();
      return;
    }
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function single(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function listenFault(error: Error, host: string, port: number): MonitorError {
  const code = "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") {
    return new MonitorError("PORT_IN_USE", `another process listens on ${host}:${port}`, {
      hint: "stop it, or set GATEWAY_PORT to a free port",
      cause: error,
    });
  }
  return new MonitorError("CONFIG_INVALID", `the gateway cannot listen on ${host}:${port}: ${error.message}`, {
    hint: "set GATEWAY_HOST and GATEWAY_PORT to an address of this host",
    cause: error,
  });
}

/**
 * Puts a gateway together; nothing is bound before `listen`.
 * @throws {CONFIG_INVALID} when the upstreams cannot be served together.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const problems = upstreamProblems(options.config);
  if (problems.length > 0) {
    throw new MonitorError("CONFIG_INVALID", problems.join("\n"), { hint: "correct the upstreams and start again" });
  }
  return new NodeGateway(options);
}
