// Answers of the API, computed from made-up requests. Shapes as in @nexent/monitor-api.
import { SERIES_STEPS } from "@nexent/monitor-api";
import { makeRequest, makeShowcase, MODELS } from "./fake-requests.mjs";
import { pausesOf, streamAnswer } from "./fake-stream.mjs";

const quantile = (values, q) => {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
};

function stat(values) {
  const known = values.filter((value) => value !== undefined);
  const some = known.length >= 20;
  return {
    n: known.length,
    ...(known.length > 0 ? { p50: quantile(known, 0.5) } : {}),
    ...(some ? { p95: quantile(known, 0.95), p10: quantile(known, 0.1) } : {}),
  };
}

/** Builds the world: a day of requests, dense in the last hour. */
export function createWorld(now, empty) {
  const requests = new Map();
  const add = (request) => void requests.set(request.row.id, request);
  if (!empty) {
    let seed = 1;
    for (let at = now - 86_400_000; at < now - 7_200_000; at += 40_000) add(makeRequest((seed += 7), at));
    // Twenty quiet minutes an hour ago, so that charts have a gap.
    for (let at = now - 7_200_000; at < now - 2_000; at += 900) {
      const ago = now - at;
      if (ago > 2_000_000 && ago < 2_240_000) continue;
      add(makeRequest((seed += 7), Math.round(at + (seed % 700))));
    }
    add(makeShowcase(now - 95_000));
  }
  return { requests, showcaseId: empty ? undefined : makeShowcase(now - 95_000).row.id };
}

function inScope(query) {
  const list = (key) => query.getAll(key);
  const [from, to] = [Number(query.get("from")), Number(query.get("to"))];
  const fits = (chosen, value) => chosen.length === 0 || chosen.includes(value);
  return (row) =>
    row.startMs >= from &&
    row.startMs < to &&
    fits(list("m"), row.model) &&
    fits(list("op"), row.operation) &&
    fits(list("prov"), row.provider);
}

function rowsOf(world, keep) {
  return [...world.requests.values()].map((request) => request.row).filter(keep);
}

function tiles(rows, seconds) {
  const errors = rows.filter((row) => row.outcome === "error").length;
  return {
    attempts: rows.length,
    requestsPerSecond: rows.length / seconds,
    ...(rows.length > 0 ? { errorRate: errors / rows.length } : {}),
    errors,
    ttft: stat(rows.map((row) => row.ttftSeconds)),
    speed: stat(rows.map((row) => row.generationRateTokensPerSecond)),
    duration: stat(rows.map((row) => row.durationSeconds)),
    ...(rows.length > 0 ? { meanInFlight: rows.reduce((sum, row) => sum + row.durationSeconds, 0) / seconds } : {}),
  };
}

const newest = (world) => {
  const starts = rowsOf(world, () => true).map((row) => row.startMs);
  return starts.length === 0 ? {} : { newestCallMs: Math.max(...starts) };
};

export function summary(world, query) {
  const [from, to] = [Number(query.get("from")), Number(query.get("to"))];
  const seconds = (to - from) / 1e3;
  const rows = rowsOf(world, inScope(query));
  const before = new URLSearchParams(query);
  before.set("from", String(2 * from - to));
  before.set("to", String(from));
  const previous = rowsOf(world, inScope(before));
  const slots = Array.from({ length: 60 }, () => []);
  for (const row of rows) slots[Math.min(59, Math.floor(((row.startMs - from) / (to - from)) * 60))].push(row);
  const line = (read) => slots.map((slot) => read(tiles(slot, seconds / 60)) ?? null);
  const models = [...new Set(rows.map((row) => row.model))]
    .map((model) => {
      const own = rows.filter((row) => row.model === model);
      return {
        model,
        attempts: own.length,
        errorRate: own.filter((row) => row.outcome === "error").length / own.length,
        ttft: stat(own.map((row) => row.ttftSeconds)),
        speed: stat(own.map((row) => row.generationRateTokensPerSecond)),
        duration: stat(own.map((row) => row.durationSeconds)),
        outputTokens: own.reduce((sum, row) => sum + (row.outputTokens ?? 0), 0),
      };
    })
    .toSorted((a, b) => b.attempts - a.attempts);
  return {
    tiles: tiles(rows, seconds),
    ...(previous.length > 0 ? { previous: tiles(previous, seconds) } : {}),
    sparklines: {
      requestsPerSecond: line((tile) => tile.requestsPerSecond),
      errorRate: line((tile) => tile.errorRate),
      ttftP50: line((tile) => tile.ttft.p50),
      speedP50: line((tile) => tile.speed.p50),
      durationP50: line((tile) => tile.duration.p50),
      meanInFlight: line((tile) => tile.meanInFlight),
    },
    models,
    slowTokenRate: 10,
    slowRequestSeconds: 5,
    ...newest(world),
  };
}

export function series(world, query) {
  const [from, to] = [Number(query.get("from")), Number(query.get("to"))];
  const step = Math.max(30_000, SERIES_STEPS.find((entry) => to - from <= entry.upToMs)?.stepMs ?? 3_600_000);
  const first = Math.floor(from / step) * step;
  const times = Array.from(
    { length: Math.max(0, Math.floor((to - first) / step)) },
    (_, index) => first + index * step,
  );
  const metric = query.get("metric");
  const read = (row) => (metric === "speed" ? row.generationRateTokensPerSecond : row.ttftSeconds);
  const rows = rowsOf(world, inScope(query)).filter((row) => read(row) !== undefined);
  const models = [...new Set(rows.map((row) => row.model))].toSorted(
    (a, b) => rows.filter((row) => row.model === b).length - rows.filter((row) => row.model === a).length,
  );
  const tail = metric === "speed" ? ["p10", 0.1] : ["p95", 0.95];
  const lines = (name, own) =>
    [["p50", 0.5], tail].map(([statName, q]) => ({
      ...name,
      stat: statName,
      n: own.length,
      values: times.map((time) => {
        const values = own.filter((row) => row.startMs >= time && row.startMs < time + step).map(read);
        return quantile(values, q) ?? null;
      }),
    }));
  const top = models.slice(0, 5);
  const rest = models.slice(5);
  return {
    stepMs: step,
    times,
    series: [
      ...top.flatMap((model) =>
        lines(
          { model },
          rows.filter((row) => row.model === model),
        ),
      ),
      ...(rest.length === 0
        ? []
        : lines(
            { folded: rest.length },
            rows.filter((row) => rest.includes(row.model)),
          )),
    ],
  };
}

export function facets(world) {
  const rows = rowsOf(world, () => true);
  const count = (read) =>
    [...(Map.groupBy?.(rows, read) ?? groupBy(rows, read))].map(([value, own]) => ({ value, calls: own.length }));
  return {
    services: count((row) => row.service),
    models: count((row) => row.model).toSorted((a, b) => b.calls - a.calls),
    operations: count((row) => row.operation),
    providers: count((row) => row.provider),
    accents: Object.fromEntries(MODELS.map((model, index) => [model.name, index])),
  };
}

function groupBy(rows, read) {
  const groups = new Map();
  for (const row of rows) groups.set(read(row), [...(groups.get(read(row)) ?? []), row]);
  return groups;
}

const SORTS = {
  start: (row) => row.startMs,
  ttft: (row) => row.ttftSeconds,
  speed: (row) => row.generationRateTokensPerSecond,
  duration: (row) => row.durationSeconds,
  in: (row) => row.inputTokens,
  out: (row) => row.outputTokens,
  stalls: (row) => row.stallCount,
};

export function requestList(world, query) {
  const all = rowsOf(world, inScope(query));
  const text = (query.get("f") ?? "").toLowerCase();
  const rows = all.filter((row) => JSON.stringify(row).toLowerCase().includes(text));
  const sort = query.get("sort") ?? "-start";
  const read = SORTS[sort.replace("-", "")];
  const sign = sort.startsWith("-") ? -1 : 1;
  rows.sort((a, b) => sign * ((read(a) ?? Infinity * sign) - (read(b) ?? Infinity * sign)));
  const at = Number(query.get("cursor") ?? 0);
  const limit = Number(query.get("limit") ?? 200);
  return {
    rows: rows.slice(at, at + limit),
    ...(at + limit < rows.length ? { next: String(at + limit) } : {}),
    shown: rows.length,
    total: all.length,
    ...newest(world),
  };
}

const text = (key, value, type = "string") => ({ key, value: String(value), type });

export function requestDetail({ row, stream }) {
  const attributes = [
    text("gen_ai.operation.name", row.operation),
    text("gen_ai.request.model", row.model),
    text("gen_ai.provider.name", row.provider),
    text("gen_ai.usage.input_tokens", row.inputTokens, "int"),
    text("gen_ai.usage.output_tokens", row.outputTokens ?? 0, "int"),
    text("llm.outcome", row.outcome),
    text("hostile <b>key\u202e", "<img src=x onerror=alert(1)>\u0007"),
    text("long", "abcdefgh ".repeat(400)),
  ];
  const common = {
    request: row,
    attributes,
    resource: [text("service.name", row.service), text("service.version", "1.4.2"), text("host.name", "worker-3")],
    events: [
      { name: "llm.first_token", offsetSeconds: row.ttftSeconds ?? 0, attributes: [text("llm.kind", "reasoning")] },
    ],
    trace: [
      {
        spanId: "a".repeat(16),
        name: "POST /chat",
        service: "assistant-api",
        kind: "server",
        startMs: row.startMs - 90,
        durationSeconds: row.durationSeconds + 0.2,
        error: false,
      },
      {
        spanId: "b".repeat(16),
        parentSpanId: "a".repeat(16),
        name: "retrieve.kb",
        service: "assistant-api",
        kind: "internal",
        startMs: row.startMs - 80,
        durationSeconds: 0.061,
        error: false,
      },
      {
        spanId: row.spanId,
        parentSpanId: "a".repeat(16),
        name: `${row.operation} ${row.model}`,
        service: row.service,
        kind: "client",
        startMs: row.startMs,
        durationSeconds: row.durationSeconds,
        error: row.outcome === "error",
      },
    ],
  };
  if (stream === undefined) {
    return {
      ...common,
      verdict: row.outcome === "error" ? [{ id: "error", params: { errorType: row.errorType } }] : [],
      marks: {},
      split: [{ part: row.streaming ? "wait" : "undivided", seconds: row.durationSeconds }],
      hasStream: false,
    };
  }
  const { pauses, sorted, threshold } = pausesOf(stream);
  const sum = (kind) =>
    pauses.filter((pause) => pause.kind === kind).reduce((total, pause) => total + pause.lostUs, 0) / 1e6;
  const stalls = pauses.filter((pause) => pause.kind === "stall");
  const lastSeconds = stream.atUs.at(-1) / 1e6;
  const decode = lastSeconds - row.ttftSeconds - sum("stall") - sum("toolWait");
  attributes.push(
    text("llm.server.queue_seconds", row.ttftSeconds * 0.49, "double"),
    text("llm.server.prefill_seconds", row.ttftSeconds * 0.39, "double"),
  );
  const reasoned = stream.kinds[0] === "reasoning";
  return {
    ...common,
    verdict: [
      ...(row.durationSeconds > 5
        ? [{ id: "slow", params: { durationSeconds: row.durationSeconds, thresholdSeconds: 5 } }]
        : []),
      ...(row.durationSeconds > 40 ? [{ id: "rank_duration", params: { rank: 0.97, n: 412 } }] : []),
      ...(reasoned ? [{ id: "reasoning", params: { seconds: row.firstAnswerTokenSeconds - row.ttftSeconds } }] : []),
      ...(stalls.length > 0
        ? [
            {
              id: "stalls",
              params: { count: stalls.length, lostSeconds: sum("stall"), share: sum("stall") / row.durationSeconds },
            },
          ]
        : []),
      ...(sum("toolWait") > 0 ? [{ id: "tool_wait", params: { count: 1, seconds: sum("toolWait") } }] : []),
      ...(row.outputTokens > 3900
        ? [{ id: "pace_change", params: { token: 3000, beforeTokensPerSecond: 66.1, afterTokensPerSecond: 38.4 } }]
        : []),
    ],
    marks: {
      firstByteSeconds: 0.04,
      firstChunkSeconds: row.ttftSeconds,
      ttftSeconds: row.ttftSeconds,
      firstAnswerTokenSeconds: row.firstAnswerTokenSeconds,
      lastTokenSeconds: lastSeconds,
    },
    steadyRateTokensPerSecond: row.outputTokens / decode,
    gaps: {
      n: sorted.length,
      p50Seconds: sorted[Math.floor(sorted.length / 2)] / 1e6,
      p99Seconds: sorted[Math.floor(sorted.length * 0.99)] / 1e6,
      maxSeconds: sorted.at(-1) / 1e6,
    },
    pauses: { count: stalls.length, lostSeconds: sum("stall"), thresholdSeconds: threshold / 1e6 },
    split: [
      { part: "wait", seconds: row.ttftSeconds },
      { part: "decode", seconds: decode },
      { part: "tool_wait", seconds: sum("toolWait") },
      { part: "stalls", seconds: sum("stall") },
      { part: "tail", seconds: row.durationSeconds - lastSeconds },
    ],
    ranks: { ttft: 0.48, duration: 0.97, n: 412 },
    tokenSource: "usage",
    clockSource: "socket",
    hasStream: true,
    ...(row.inputTokens === 12_384 ? { cacheReadTokens: 8_192 } : {}),
  };
}

export function requestStream({ row, stream }) {
  return streamAnswer(stream, row.estimated === true ? "estimated" : row.model === "glm-4.6" ? "chunks" : "exact");
}

export function health(world) {
  return {
    spansPerSecond: 41.6,
    spansAccepted: 1_204_112,
    spansRejected: 3,
    spansStored: 1_204_109,
    bytesOnDisk: 1_288_490_188,
    indexLagSeconds: 0.42,
    damagedFrames: 0,
    storageDegraded: world.requests.size === 1,
    serverTimeMs: Date.now(),
  };
}
