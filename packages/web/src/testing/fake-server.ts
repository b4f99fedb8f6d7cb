import type { RequestDetail, RequestRow, Session, StreamView, Summary } from "@nexent/monitor-api";

/** A path's answer: data for the envelope, or an error id with its status. */
export type FakeAnswer =
  | { readonly data: unknown; readonly relativeError?: number }
  | { readonly error: string; readonly status: number; readonly headers?: Readonly<Record<string, string>> };

/** What the page asked. */
export interface FakeCall {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** A server inside of the test: stands where `fetch` is, speaks the API's shapes. */
export interface FakeServer {
  readonly calls: readonly FakeCall[];
  /** Sets or replaces the answer of `METHOD /path`. */
  readonly on: (route: string, answer: (call: FakeCall) => FakeAnswer) => void;
  /** Sends one event down the open live stream. */
  readonly emit: (event: string, data: unknown) => void;
  readonly fetch: (input: string, init?: RequestInit) => Promise<Response>;
}

const HEALTH = {
  spansPerSecond: 4,
  spansAccepted: 9,
  spansRejected: 0,
  spansStored: 9,
  bytesOnDisk: 2_048,
  indexLagSeconds: 0.1,
  damagedFrames: 0,
  storageDegraded: false,
};

function metaOf(relativeError: number | undefined): object {
  return relativeError === undefined ? { exact: true, tookMs: 1 } : { exact: false, relativeError, tookMs: 1 };
}

/** A session in one of its stages. */
export function fakeSession(stage: Session["stage"], more: Partial<Session> = {}): Session {
  return { stage, canSkip: true, defaultPasswordHint: true, passwordSkipped: false, version: "0.1.0", ...more };
}

/** A finished request as a table row. */
export function fakeRow(number: number, more: Partial<RequestRow> = {}): RequestRow {
  const traceId = number.toString(16).padStart(32, "0");
  const spanId = number.toString(16).padStart(16, "0");
  return {
    id: `${traceId}-${spanId}`,
    traceId,
    spanId,
    startMs: Date.now() - number * 1_000,
    service: "svc",
    model: number % 2 === 0 ? "gpt-4o" : "qwen3",
    operation: "chat_completion",
    outcome: "ok",
    finishReason: "stop",
    durationSeconds: 2,
    ttftSeconds: 0.4,
    generationRateTokensPerSecond: 50,
    inputTokens: 10,
    outputTokens: 80,
    stallCount: 0,
    ...more,
  };
}

/** A summary with `attempts` requests; none gives the empty one. */
export function fakeSummary(attempts: number, newestCallMs?: number): Summary {
  const stat = attempts === 0 ? { n: 0 } : { n: attempts, p50: 1.5, ...(attempts >= 20 ? { p95: 3, p10: 1 } : {}) };
  const flat = Array.from({ length: 60 }, () => (attempts === 0 ? null : 1));
  return {
    tiles: {
      attempts,
      requestsPerSecond: attempts / 3600,
      ...(attempts === 0 ? {} : { errorRate: 0, meanInFlight: 0.5 }),
      errors: 0,
      ttft: stat,
      speed: stat,
      duration: stat,
    },
    sparklines: {
      requestsPerSecond: flat,
      errorRate: flat,
      ttftP50: flat,
      speedP50: flat,
      durationP50: flat,
      meanInFlight: flat,
    },
    models: attempts === 0 ? [] : [{ model: "gpt-4o", attempts, ttft: stat, speed: stat, duration: stat }],
    slowTokenRate: 10,
    slowRequestSeconds: 5,
    ...(newestCallMs === undefined ? {} : { newestCallMs }),
  };
}

/** A stream of ten chunks with one stall. */
export const FAKE_STREAM: StreamView = {
  dtUs: [400_000, 20_000, 20_000, 20_000, 20_000, 900_000, 20_000, 20_000, 20_000, 20_000],
  k: [1, 2, 1, 2, 1, 2, 1, 2, 1, 2],
  kinds: [["text", 10]],
  firstsUs: { answer: 400_000 },
  lastUs: 1_460_000,
  endUs: 1_500_000,
  axis: "exact",
  merged: false,
  stalls: [{ index: 5, fromUs: 480_000, toUs: 1_380_000, lostUs: 880_000, kind: "stall", long: false }],
  rule: { minUs: 250_000, factor: 8, medianUs: 20_000, thresholdUs: 250_000 },
};

/** Everything about one request. */
export function fakeDetail(row: RequestRow, more: Partial<RequestDetail> = {}): RequestDetail {
  return {
    request: row,
    verdict: [{ id: "stalls", params: { count: 1, lostSeconds: 0.88, share: 0.44 } }],
    marks: { ttftSeconds: 0.4, firstAnswerTokenSeconds: 0.4, lastTokenSeconds: 1.46 },
    split: [
      { part: "wait", seconds: 0.4 },
      { part: "decode", seconds: 1.6 },
    ],
    hasStream: true,
    attributes: [{ key: "<b>key</b>", value: "<img src=x onerror=alert(1)>\u202e", type: "string" }],
    resource: [],
    events: [],
    trace: [],
    ...more,
  };
}

/** A server with an empty store and a signed-in session; tests replace what they are about. */
export function createFakeServer(): FakeServer {
  const calls: FakeCall[] = [];
  const routes = new Map<string, (call: FakeCall) => FakeAnswer>();
  let live: ReadableStreamDefaultController<Uint8Array> | undefined;
  const on: FakeServer["on"] = (route, answer) => void routes.set(route, answer);
  on("GET /api/session", () => ({ data: fakeSession("ready", { user: "admin" }) }));
  on("GET /api/health", () => ({ data: { ...HEALTH, serverTimeMs: Date.now() } }));
  on("GET /api/facets", () => ({
    data: {
      services: [],
      models: [{ value: "gpt-4o", calls: 3 }],
      operations: [],
      providers: [],
      accents: { "gpt-4o": 0, qwen3: 1 },
    },
  }));
  on("GET /api/summary", () => ({ data: fakeSummary(0) }));
  on("GET /api/series", () => ({ data: { stepMs: 5_000, times: [], series: [] } }));
  on("GET /api/requests", () => ({ data: { rows: [], shown: 0, total: 0 } }));
  on("GET /api/setup/check", () => ({
    data: {
      listening: [],
      steps: [],
      gatewayBaseUrl: "http://127.0.0.1:8000/v1",
      exactBaseUrl: "http://127.0.0.1:8000/exact/v1",
      otlpUrl: "http://127.0.0.1:4318",
    },
  }));

  // What is emitted before the page has opened its stream waits for it.
  const unsent: Uint8Array[] = [];
  const openLive = (): Response => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        live = controller;
        for (const bytes of unsent.splice(0)) controller.enqueue(bytes);
      },
    });
    return new Response(body, { status: 200 });
  };
  return {
    calls,
    on,
    emit: (event, data) => {
      const bytes = new TextEncoder().encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
      if (live === undefined) unsent.push(bytes);
      else live.enqueue(bytes);
    },
    fetch: async (input, init = {}) => {
      const url = new URL(input, "http://localhost");
      if (url.pathname === "/api/live") return openLive();
      const body: unknown = typeof init.body === "string" ? JSON.parse(init.body) : undefined;
      const call = { method: init.method ?? "GET", path: url.pathname, query: url.searchParams, body };
      calls.push(call);
      const answer = routes.get(`${call.method} ${call.path}`)?.(call) ?? { error: "NOT_FOUND", status: 404 };
      if ("data" in answer) return Response.json({ data: answer.data, meta: metaOf(answer.relativeError) });
      const error = { id: answer.error, params: {}, requestId: "req-1" };
      return Response.json({ error }, { status: answer.status, headers: answer.headers ?? {} });
    },
  };
}
