import { LIMITS, MonitorError, PORTS } from "@nexent/monitor-core";
import type { AcknowledgedSpans, TraceStore } from "@nexent/monitor-store";
import { systemClock, type Clock } from "./clock.ts";
import { defaultPasswordExposed, type ServerConfig } from "./config.ts";
import { controlFileIn } from "./control-file.ts";
import { createTokenCheck, type VerifyToken } from "./token-check.ts";
import { loadApiTokens } from "./http/api-tokens.ts";
import { createDashboard } from "./http/dashboard.ts";
import { createLiveHub, type LiveHub } from "./http/live-hub.ts";
import { createGatewayView } from "./http/gateway-view.ts";
import { loadLoginLimits } from "./http/login-limits.ts";
import { createPasswordHasher, type ScryptCost } from "./http/password-hash.ts";
import { pipelineAnswer } from "./http/pipeline-answer.ts";
import { loadSessions } from "./http/sessions.ts";
import { createSetup } from "./http/setup.ts";
import { loadStaticFiles, noStaticFiles } from "./http/static-files.ts";
import { DEFAULT_USER, loadUsers } from "./http/users.ts";
import { createConfiguredPreparer, type CreatePreparer } from "./ingest/configured-preparer.ts";
import { createIngest } from "./ingest/ingest.ts";
import type { TracePreparer } from "./ingest/prepare-traces.ts";
import { createJaegerApi } from "./jaeger/jaeger-api.ts";
import type { Listener } from "./listener.ts";
import { silentLog, type Log } from "./log.ts";
import { openMemoryGuard, type MemoryGuard } from "./memory-guard.ts";
import { createMetricsPipeline, type MetricsPipeline } from "./metrics-pipeline.ts";
import { createPrometheusApi } from "./prometheus/prometheus-api.ts";
import { loadAccents } from "./query/accents.ts";
import { requestIdOfKey } from "./query/request-row.ts";
import { createInFlight } from "./receivers/in-flight.ts";
import { createJaegerThriftReceiver } from "./receivers/jaeger-thrift.ts";
import { createOtlpGrpcReceiver } from "./receivers/otlp-grpc.ts";
import { createOtlpHttpReceiver } from "./receivers/otlp-http.ts";
import type { Receiver, ReceiverOptions } from "./receivers/receiver.ts";
import { startRetention, type Retention } from "./retention.ts";
import { createPipelineCounters, type PipelineCounters } from "./self/pipeline-counters.ts";
import { createServerMetrics } from "./self/server-metrics.ts";
import {
  openConfiguredMetricStore,
  openConfiguredStore,
  type OpenMetricStore,
  type OpenStore,
} from "./store-opening.ts";
import { VERSION } from "./version.ts";

/** Parts a test replaces; everything has its real default. */
export interface ServerDeps {
  readonly clock?: Clock;
  readonly log?: Log;
  readonly openStore?: OpenStore;
  readonly openMetricStore?: OpenMetricStore;
  /** Where requests of traces are prepared. */
  readonly createPreparer?: CreatePreparer;
  /** The store stopped for good: the process should stop the server and end with the exit code of the error. */
  readonly onFailure?: (error: MonitorError) => void;
  /** Memory of this process, bytes. */
  readonly residentBytes?: () => number;
  /** Cheaper hashes for tests. */
  readonly passwordCost?: ScryptCost;
}

/** A server that takes telemetry and answers pages. */
export interface RunningServer {
  readonly dashboardUrl: string;
  readonly otlpUrl: string;
  readonly jaegerUrl: string;
  readonly prometheusUrl: string;
  /** Where gRPC senders go. */
  readonly otlpGrpcUrl: string;
  /** Where the SDK sends by default: the whole address, path included. */
  readonly jaegerThriftUrl: string;
  /** Set when 3005 was taken and the dashboard moved to 3006. */
  readonly notice?: string;
  /** Stops accepting, finishes what is in flight within 10 s, closes the store. Idempotent. */
  stop(): Promise<void>;
}

/** What was started, to be stopped in reverse order. */
type StopList = (() => Promise<void>)[];

/**
 * Starts the server: store, control state, dashboard, receivers.
 * @throws {CONFIG_INVALID} {PORT_IN_USE} {DATA_DIR_LOCKED} {DATA_DIR_UNUSABLE} {DATA_DIR_TOO_NEW}; what was started
 * before is stopped again.
 */
export async function startServer(config: ServerConfig, deps: ServerDeps = {}): Promise<RunningServer> {
  const stopList: StopList = [];
  try {
    return await start(config, deps, stopList);
  } catch (error) {
    await stopAll(stopList);
    throw error;
  }
}

async function start(config: ServerConfig, deps: ServerDeps, stopList: StopList): Promise<RunningServer> {
  const clock = deps.clock ?? systemClock;
  const log = deps.log ?? silentLog;
  const state = { isReady: false };
  const counters = createPipelineCounters(clock);
  const ownMetrics = createServerMetrics(VERSION);
  const files = config.webDir === undefined ? noStaticFiles : await loadStaticFiles(config.webDir);

  let live: LiveHub | undefined;
  const onFailure = (error: MonitorError): void => {
    state.isReady = false;
    log.error("store_failed", { code: error.code, message: error.message });
    deps.onFailure?.(error);
  };
  let retention: Retention | undefined;
  const onDiskLow = async (): Promise<void> => retention?.freeDisk();
  const opening = { config, clock, log, onFailure, onDiskLow };
  const onAcknowledged = (spans: AcknowledgedSpans): void => tellStored(spans, counters, live);
  const store = await (deps.openStore ?? openConfiguredStore)({
    ...opening,
    onAcknowledged,
    onSync: (seconds) => ownMetrics.recordSync(seconds),
  });
  stopList.push(() => store.close());
  const preparer = (deps.createPreparer ?? createConfiguredPreparer)({ clock, log });
  stopList.push(() => preparer.stop());
  const metricStore = await (deps.openMetricStore ?? openConfiguredMetricStore)(opening);
  const metrics = createMetricsPipeline({ store: metricStore, config, events: counters, clock, log });
  stopList.push(() => metrics.stop());
  const policy = { maxAgeDays: config.retentionDays, maxBytes: config.retentionBytes };
  const removal = startRetention({ stores: [store, metricStore], log, policy });
  retention = removal;
  stopList.push(() => removal.stop());
  const isReady = (): boolean => state.isReady;
  const watched = { configuredBytes: config.memoryBudgetBytes, residentBytes: deps.residentBytes };
  const memory = await openMemoryGuard({ ...watched, clock, log });
  const stopWatching = memory.start();
  stopList.push(async () => stopWatching());

  const control = (name: string) => controlFileIn(config.dataDir, name);
  const hasher = createPasswordHasher(deps.passwordCost);
  const [users, sessions, limits, accents, tokens] = await Promise.all([
    loadUsers(control("users"), hasher),
    loadSessions(control("sessions"), clock),
    loadLoginLimits(control("login-limits"), clock),
    loadAccents(control("accents")),
    loadApiTokens(control("tokens"), clock),
  ]);
  const isNamedToken = tokens.verifier("ingest");
  const receivers = createReceivers({
    config,
    clock,
    log,
    counters,
    store,
    preparer,
    metrics,
    memory,
    isReady,
    isNamedToken,
  });
  if (!config.isLoopbackBind && users.hasDefaultPassword(DEFAULT_USER)) {
    throw defaultPasswordExposed(config, config.dashboardPort ?? PORTS.dashboard.port);
  }

  live = createLiveHub({
    clock,
    version: VERSION,
    kpi: async () => {
      const pipeline = counters.snapshot();
      const footer = pipelineAnswer(pipeline, await store.stats(), clock.wallMs());
      return { pipeline: footer, requestsPerSecond: pipeline.callsPerSecond };
    },
    openCalls: createGatewayView(config),
  });
  const hub = live;
  const urlOf = (port: number): string => `http://${urlHost(config.bind)}:${port}`;
  const thriftUrl = (): string => urlOf(receivers.jaegerThrift.port) + THRIFT_PATH;
  const dashboard = createDashboard({
    host: config.bind,
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    log,
    signIn: { users, sessions, limits, version: VERSION },
    query: { store, accents, thresholds: config, clock },
    status: { store, metricStore, counters, metrics: ownMetrics, scrapes: metrics.scrapes, memory, clock, isReady },
    setup: createSetup({
      gatewayUrl: config.gatewayUrl,
      otlpUrl: () => urlOf(receivers.otlpHttp.port),
      otlpGrpcUrl: () => urlOf(receivers.otlpGrpc.port),
      jaegerThriftUrl: thriftUrl,
      dashboardUrl: () => urlOf(dashboard.port),
      isReceiverOpen: isReady,
      pipeline: () => counters.snapshot(),
    }),
    data: { store, metricStore, retention: removal },
    tokens,
    readToken: createTokenCheck(config.readToken, tokens.verifier("read")),
    live: hub,
    files,
  });

  const queryOptions = {
    host: config.bind,
    allowedHosts: config.allowedHosts,
    readToken: config.readToken,
    isNamedToken: tokens.verifier("read"),
    clock,
    log,
    isReady,
    dashboardUrl: () => urlOf(dashboard.port),
  };
  const jaeger = createJaegerApi({ ...queryOptions, store });
  const prometheus = createPrometheusApi({ ...queryOptions, store: metricStore });

  const notice = await startDashboard(dashboard, config, log);
  stopList.push(async () => {
    hub.close();
    await dashboard.stop(LIMITS.drainTimeoutMs);
  });
  await jaeger.start(config.jaegerPort);
  stopList.push(() => jaeger.stop(LIMITS.drainTimeoutMs));
  await prometheus.start(config.prometheusPort);
  stopList.push(() => prometheus.stop(LIMITS.drainTimeoutMs));
  await startReceivers(receivers, config, stopList);
  metrics.startScraping();
  stopList.push(() => metrics.stopScraping());
  state.isReady = true;
  log.info("server_started", {
    dashboardPort: dashboard.port,
    otlpHttpPort: receivers.otlpHttp.port,
    otlpGrpcPort: receivers.otlpGrpc.port,
    jaegerThriftPort: receivers.jaegerThrift.port,
    version: VERSION,
  });

  let stopping: Promise<void> | undefined;
  return {
    dashboardUrl: urlOf(dashboard.port),
    otlpUrl: urlOf(receivers.otlpHttp.port),
    otlpGrpcUrl: urlOf(receivers.otlpGrpc.port),
    jaegerThriftUrl: thriftUrl(),
    jaegerUrl: urlOf(jaeger.port),
    prometheusUrl: urlOf(prometheus.port),
    ...(notice === undefined ? {} : { notice }),
    stop() {
      state.isReady = false;
      stopping ??= stopAll(stopList).then(() => log.info("server_stopped"));
      return stopping;
    },
  };
}

interface ReceiverParts {
  readonly config: ServerConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: PipelineCounters;
  readonly store: TraceStore;
  readonly preparer: TracePreparer;
  readonly metrics: MetricsPipeline;
  readonly memory: MemoryGuard;
  readonly isReady: () => boolean;
  readonly isNamedToken: VerifyToken;
}

/** Every way in; one pipeline and one budget of bytes behind all of them. */
interface Receivers {
  readonly otlpHttp: Receiver;
  readonly otlpGrpc: Receiver;
  readonly jaegerThrift: Receiver;
}

/** The one path of Jaeger thrift; its clients want the whole address. */
const THRIFT_PATH = "/api/traces";

function createReceivers(parts: ReceiverParts): Receivers {
  const { config, clock, log, counters, store, preparer, metrics, memory, isReady, isNamedToken } = parts;
  const inFlight = createInFlight(LIMITS.ingestInFlightBytes);
  const options: ReceiverOptions = {
    host: config.bind,
    ingest: createIngest({ store, events: counters, clock, preparer, metrics: metrics.ingest }),
    events: counters,
    clock,
    log,
    inFlight,
    hasMemory: () => memory.admits(inFlight.bytes === 0),
    allowedHosts: config.allowedHosts,
    ingestToken: config.ingestToken,
    isNamedToken,
    isReady,
  };
  return {
    otlpHttp: createOtlpHttpReceiver(options),
    otlpGrpc: createOtlpGrpcReceiver(options),
    jaegerThrift: createJaegerThriftReceiver(options),
  };
}

/** @throws {PORT_IN_USE} */
async function startReceivers(receivers: Receivers, config: ServerConfig, stopList: StopList): Promise<void> {
  const ports: Readonly<Record<keyof Receivers, number>> = {
    otlpHttp: config.otlpHttpPort,
    otlpGrpc: config.otlpGrpcPort,
    jaegerThrift: config.jaegerThriftPort,
  };
  const started: Receiver[] = [];
  // They drain side by side: each has the whole grace.
  stopList.push(async () => void (await Promise.all(started.map((receiver) => receiver.stop(LIMITS.drainTimeoutMs)))));
  for (const key of ["otlpHttp", "otlpGrpc", "jaegerThrift"] as const) {
    await receivers[key].start(ports[key]);
    started.push(receivers[key]);
  }
}

/** Spans that are durable now: calls among them are counted and shown to open pages. */
function tellStored(spans: AcknowledgedSpans, counters: PipelineCounters, live: LiveHub | undefined): void {
  const calls: number[] = [];
  for (let at = 0; at < spans.count; at++) if (spans.isCall(at)) calls.push(at);
  const newest = calls.at(-1);
  if (newest === undefined) return;
  counters.callsStored(calls.length, requestIdOfKey(spans.keys[newest] ?? ""));
  live?.publish(spans, calls);
}

/** The configured port; without one 3005, else 3006 with a notice. @throws {PORT_IN_USE} */
async function startDashboard(dashboard: Listener, config: ServerConfig, log: Log): Promise<string | undefined> {
  if (config.dashboardPort !== undefined) {
    await dashboard.start(config.dashboardPort);
    return undefined;
  }
  try {
    await dashboard.start(PORTS.dashboard.port);
    return undefined;
  } catch (error) {
    if (!(error instanceof MonitorError) || error.code !== "PORT_IN_USE") throw error;
    await startBeside(dashboard, error);
  }
  const notice = `port ${PORTS.dashboard.port} is taken; the dashboard is on ${PORTS.dashboardBesideGrafana.port}`;
  log.warn("dashboard_port_moved", { port: PORTS.dashboardBesideGrafana.port });
  return notice;
}

async function startBeside(dashboard: Listener, cause: MonitorError): Promise<void> {
  const [first, second] = [PORTS.dashboard.port, PORTS.dashboardBesideGrafana.port];
  try {
    await dashboard.start(second);
  } catch (error) {
    if (!(error instanceof MonitorError) || error.code !== "PORT_IN_USE") throw error;
    throw new MonitorError("PORT_IN_USE", `ports ${first} and ${second} are both taken by other processes`, {
      hint: `Set ${PORTS.dashboard.variable} to a free port.`,
      cause,
    });
  }
}

/** Stops in reverse; one part that fails does not keep the others from stopping. */
async function stopAll(stopList: StopList): Promise<void> {
  for (const stop of stopList.splice(0).toReversed()) await stop().catch(() => undefined);
}

/** Host of an address people can open: a wildcard bind is reached by loopback, IPv6 wants brackets. */
function urlHost(bind: string): string {
  if (bind === "0.0.0.0" || bind === "::") return "127.0.0.1";
  return bind.includes(":") ? `[${bind}]` : bind;
}
