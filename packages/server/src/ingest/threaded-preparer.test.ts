import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MonitorError } from "@nexent/monitor-core";
import { createMemoryStore } from "@nexent/monitor-store";
import { buildSync } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { systemClock } from "../clock.ts";
import { SPANS_PER_STEP } from "../codecs/steps.ts";
import type { TelemetrySpan } from "../codecs/telemetry-batch.ts";
import { silentLog, type Log } from "../log.ts";
import { createPipelineCounters } from "../self/pipeline-counters.ts";
import { createFakeClock } from "../testing/clock.ts";
import { encodeProtobuf } from "../testing/otlp-encode.ts";
import { startTestReceiver } from "../testing/receiver.ts";
import { idsOf, telemetryBatch, telemetrySpan } from "../testing/spans.ts";
import { createIngest } from "./ingest.ts";
import { createInlinePreparer, type PreparedSpans, type TracePreparer } from "./prepare-traces.ts";
import type { ThreadProgram } from "./prepare-thread.ts";
import { createThreadedPreparer, type ThreadedPreparer } from "./threaded-preparer.ts";
import type { TraceRequest } from "./trace-request.ts";

const folder = mkdtempSync(join(tmpdir(), "nexent-thread-"));
/** The thread from its sources, which it cannot load itself. */
const SOURCES = programAt("prepare-worker.mjs");

beforeAll(() => {
  buildSync({
    entryPoints: [fileURLToPath(new URL("prepare-worker.ts", import.meta.url))],
    outfile: fileURLToPath(SOURCES.entry),
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@nexent/source"],
  });
});
afterAll(() => rmSync(folder, { recursive: true }));

function programAt(name: string): ThreadProgram {
  return { entry: pathToFileURL(join(folder, name)) };
}

/** A program that is ready and then does what it is told, for ends that the real one never comes to. */
function programThat(name: string, onMessage: string): ThreadProgram {
  const program = programAt(`${name}.mjs`);
  writeFileSync(
    program.entry,
    `import { parentPort } from "node:worker_threads";
     parentPort.on("message", () => { ${onMessage} });
     parentPort.postMessage({ kind: "ready" });`,
  );
  return program;
}

const NOW_MS = Date.now();
/** One in 64 is too old, and every text is longer than any key. */
const SPANS = Array.from({ length: 2 * SPANS_PER_STEP + 1 }, (_, at) =>
  telemetrySpan({
    ...idsOf(at),
    startUnixNanos: at % 64 === 7 ? 1n : BigInt(NOW_MS) * 1_000_000n,
    endUnixNanos: BigInt(NOW_MS + 1) * 1_000_000n,
    statusMessage: at % 50 === 0 ? "Bearer 0123456789abcdef" : "",
  }),
);

const started: ThreadedPreparer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((preparer) => preparer.stop()));
});

function threaded(program: ThreadProgram, { clock = systemClock, log = silentLog } = {}): ThreadedPreparer {
  const preparer = createThreadedPreparer({ program, clock, log });
  started.push(preparer);
  return preparer;
}

/** A new body each time: its memory is handed over. */
function requestOf(spans: readonly TelemetrySpan[]): TraceRequest {
  return { form: "otlp_protobuf", bytes: encodeProtobuf(telemetryBatch(spans)) };
}

async function preparedBy(preparer: TracePreparer, request: TraceRequest): Promise<readonly PreparedSpans[]> {
  const slices: PreparedSpans[] = [];
  await preparer.prepare(request, NOW_MS, (prepared) => slices.push(prepared));
  return slices;
}

/** Whether a request went to the thread: then its bytes are gone. */
async function goesToThread(preparer: TracePreparer): Promise<boolean> {
  const request = requestOf(SPANS);
  await preparer.prepare(request, NOW_MS, () => undefined);
  return request.bytes.byteLength === 0;
}

async function untilReady(preparer: TracePreparer): Promise<void> {
  await expect.poll(() => goesToThread(preparer), { timeout: 20_000, interval: 50 }).toBe(true);
}

describe("a preparer with a thread", () => {
  it("prepares large requests in the thread and small ones here, each exactly as without one", async () => {
    const preparer = threaded(SOURCES);
    await untilReady(preparer);
    const here = createInlinePreparer();
    const slices = await preparedBy(preparer, requestOf(SPANS));
    expect(slices.map(({ decoded }) => decoded)).toEqual([SPANS_PER_STEP, SPANS_PER_STEP, 1]);
    expect(slices).toEqual(await preparedBy(here, requestOf(SPANS)));
    const small = requestOf(SPANS.slice(0, 2));
    expect(await preparedBy(preparer, small)).toEqual(await preparedBy(here, requestOf(SPANS.slice(0, 2))));
    expect(small.bytes.byteLength).toBeGreaterThan(0);
  });

  it("says of a body that cannot be read what it says without a thread", async () => {
    const preparer = threaded(SOURCES);
    await untilReady(preparer);
    const broken = { form: "otlp_json", bytes: Buffer.from("[".repeat(20_000)) } as const;
    const expected = await preparedBy(createInlinePreparer(), broken).catch((error: unknown) => error);
    expect(expected).toBeInstanceOf(MonitorError);
    await expect(preparedBy(preparer, broken)).rejects.toEqual(expected);
  });

  it("stores what a thread prepared, and counts it", async () => {
    const store = createMemoryStore();
    const events = createPipelineCounters(systemClock);
    const preparer = threaded(SOURCES);
    await untilReady(preparer);
    const ingest = createIngest({ store, events, clock: systemClock, preparer });
    const tooOld = SPANS.filter(({ startUnixNanos }) => startUnixNanos === 1n).length;
    expect(await ingest.traces(requestOf(SPANS))).toMatchObject({ status: "partial", rejected: tooOld });
    expect((await store.stats()).spans).toBe(SPANS.length - tooOld);
    expect(events.snapshot()).toMatchObject({ spansDecoded: SPANS.length, sanitisedValues: 21 });
  });

  it("answers 503 for what was in a thread that died, counts it, and goes on with another one", async () => {
    const counters = createPipelineCounters(systemClock);
    const clock = createFakeClock();
    const ended: string[] = [];
    const log: Log = { ...silentLog, error: (event) => ended.push(event) };
    const preparer = threaded(programThat("dying", "process.exit(3);"), { clock, log });
    const ingest = createIngest({ store: createMemoryStore(), events: counters, clock: systemClock, preparer });
    const receiver = await startTestReceiver({ overrides: { ingest, events: counters } });
    const post = async (): Promise<readonly [status: number, mayComeBack: boolean]> => {
      const headers = { "content-type": "application/x-protobuf" };
      const body = encodeProtobuf(telemetryBatch(SPANS));
      const answer = await fetch(`${receiver.url}/v1/traces`, { method: "POST", headers, body });
      return [answer.status, answer.headers.has("retry-after")];
    };
    // Until the thread is ready the request is prepared here.
    await expect.poll(post, { timeout: 20_000, interval: 20 }).toEqual([503, true]);
    expect(ended).toEqual(["prepare_thread_ended"]);
    // Not at once, lest one body takes thread after thread.
    expect(await post()).toEqual([503, true]);
    expect(ended).toHaveLength(1);
    clock.advance(1_000);
    expect(await post()).toEqual([503, true]);
    expect(ended).toHaveLength(2);
    expect(counters.snapshot().refusedByReason.get("unavailable")).toBe(3);
    expect(receiver.inFlight.bytes).toBe(0);
    await receiver.stop();
  });

  it("does without a thread that cannot start", async () => {
    const ended: string[] = [];
    const log: Log = { ...silentLog, error: (event) => ended.push(event) };
    const preparer = threaded(programAt("no-such-program.mjs"), { log });
    expect(await goesToThread(preparer)).toBe(false);
    await expect.poll(() => ended).toEqual(["prepare_thread_ended"]);
    expect(await goesToThread(preparer)).toBe(false);
  });

  it("lets nobody wait when it is stopped", async () => {
    const preparer = threaded(programThat("silent", ""));
    const asked: Promise<string>[] = [];
    const ask = (): number => {
      const request = requestOf(SPANS);
      asked.push(preparer.prepare(request, NOW_MS, () => undefined).then(() => "prepared", String));
      return request.bytes.byteLength;
    };
    await expect.poll(ask).toBe(0);
    await preparer.stop();
    expect((await Promise.all(asked)).at(-1)).toMatch(/ended: it was stopped/);
  });
});
