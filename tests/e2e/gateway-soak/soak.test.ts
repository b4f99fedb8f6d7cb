/** Row 32: many clients, most of whom leave early; afterwards nothing is left of them. */
import http from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { chunkEvent, DONE_EVENT } from "../../../packages/gateway/src/testing/fault-upstream.testing.ts";
import { useGateway } from "../../harness/gateway/fixture.ts";
import { sumOf } from "../../harness/gateway/process.ts";
import { COLLECTABLE, usageAfterCollection, type ProcessUsage } from "../../harness/gateway/process-usage.ts";

/** Seconds of load; `NEXENT_SOAK_SECONDS` makes a longer run of it. */
const SOAK_SECONDS = Number(process.env["NEXENT_SOAK_SECONDS"] ?? 25);
/** Before it is measured, every path has been used once. */
const WARM_UP_SECONDS = 4;
const CLIENTS = 40;
const ABORTED_SHARE = 0.6;
/** Idle upstream sockets live 4 s. */
const UPSTREAM_IDLE_MS = 5_000;
/** Bound for the median: the machine is full of clients. */
const ABORT_MS = 100;
const MIB = 1024 * 1024;

/** What became of one stream, told by both of its ends. */
interface Fate {
  readonly aborts: boolean;
  /** When the client broke off. */
  leftAtMs?: number;
  /** The client got the whole answer. */
  completed?: boolean;
  /** The client saw an error that it did not cause. */
  failed?: boolean;
  /** The request arrived upstream. */
  reached?: boolean;
  /** The upstream could write all of its answer. */
  finished?: boolean;
  /** When the upstream lost its connection before that. */
  lostAtMs?: number;
}

/** Repeatable numbers from 0 to 1. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const fixture = useGateway({ nodeArgs: COLLECTABLE });
const fates = new Map<string, Fate>();
const random = createRandom(7);

/** Streams of 2 to 40 chunks, the head up to 60 ms late. */
function playStreams(): void {
  const random = createRandom(11);
  fixture.upstream.play((request, response) => {
    const fate = fates.get(String(request.headers["x-id"]));
    if (fate === undefined) return;
    fate.reached = true;
    let left = 2 + Math.floor(random() * 38);
    const timers = new Set<NodeJS.Timeout>();
    response.on("close", () => {
      for (const timer of timers) clearTimeout(timer);
      if (response.writableFinished) fate.finished = true;
      else fate.lostAtMs = performance.now();
    });
    const step = (): void => {
      if (left === 0) {
        response.end(chunkEvent({}, {}, "stop") + DONE_EVENT);
        return;
      }
      left -= 1;
      response.write(chunkEvent({ content: "word " }));
      timers.add(setTimeout(step, 10));
    };
    timers.add(
      setTimeout(() => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        step();
      }, random() * 60),
    );
    // The list of requests would outgrow what is being measured.
    fixture.upstream.requests.length = 0;
  });
}

/** One stream; an aborting client leaves within 250 ms: before the head, in mid-stream, or too late. */
function stream(agent: http.Agent, id: string): Promise<void> {
  const fate: Fate = { aborts: random() < ABORTED_SHARE };
  fates.set(id, fate);
  return new Promise((resolve) => {
    const sent = http.request(`${fixture.gateway.origin}/v1/chat/completions`, {
      method: "POST",
      agent,
      headers: { "content-type": "application/json", "x-id": id },
    });
    const leave = fate.aborts
      ? setTimeout(() => {
          fate.leftAtMs = performance.now();
          sent.destroy();
        }, random() * 250)
      : undefined;
    const end = (): void => {
      clearTimeout(leave);
      resolve();
    };
    sent.on("response", (response) => {
      response.resume();
      response.on("error", () => undefined);
      response.on("close", () => {
        if (response.complete) fate.completed = true;
        end();
      });
    });
    sent.on("error", () => {
      if (fate.leftAtMs === undefined) fate.failed = true;
      end();
    });
    sent.end('{"model":"soak","stream":true}');
  });
}

async function load(seconds: number, name: string): Promise<void> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
  const endMs = performance.now() + seconds * 1000;
  const client = async (index: number): Promise<void> => {
    for (let round = 0; performance.now() < endMs; round += 1) await stream(agent, `${name}-${index}-${round}`);
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index)));
  agent.destroy();
}

/** Streams whose answer is neither finished nor lost upstream. */
const openUpstream = (): number =>
  [...fates.values()].filter((fate) => fate.reached && !fate.finished && fate.lostAtMs === undefined).length;

interface Told {
  readonly all: readonly Fate[];
  readonly lost: readonly Fate[];
  /** Milliseconds from the client's leaving to the upstream's loss, sorted. */
  readonly delaysMs: readonly number[];
}

function told(): Told {
  const all = [...fates.values()];
  const lost = all.filter((fate) => fate.lostAtMs !== undefined);
  const delaysMs = lost.map((fate) => (fate.lostAtMs ?? 0) - (fate.leftAtMs ?? Infinity)).sort((a, b) => a - b);
  return { all, lost, delaysMs };
}

const atShare = (sorted: readonly number[], share: number): string =>
  (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);

describe("a soak with 60 % aborts", () => {
  let before: ProcessUsage;
  let requestsBefore = 0;

  beforeAll(
    async () => {
      playStreams();
      await load(WARM_UP_SECONDS, "warm");
      await pause(UPSTREAM_IDLE_MS);
      expect(openUpstream()).toBe(0);
      fates.clear();
      before = await usageAfterCollection(fixture.gateway.program);
      requestsBefore = sumOf(await fixture.gateway.metrics(), "llm_requests_total");
      await load(SOAK_SECONDS, "soak");
      await pause(700);
    },
    (SOAK_SECONDS + WARM_UP_SECONDS + 30) * 1000,
  );

  it("G32 what clients left while it ran was aborted upstream, and nothing else was", () => {
    const { all, lost, delaysMs } = told();
    console.info(
      `soak of ${SOAK_SECONDS} s: ${all.length} streams, ${all.filter((fate) => fate.leftAtMs).length} left by the client, ` +
        `${lost.length} of them while they ran upstream; told within p50 ${atShare(delaysMs, 0.5)} ms, ` +
        `p99 ${atShare(delaysMs, 0.99)} ms, max ${atShare(delaysMs, 1)} ms`,
    );
    expect(all.length).toBeGreaterThan(SOAK_SECONDS * 50);
    expect(lost.length / all.length).toBeGreaterThan(0.3);
    expect(openUpstream(), "still running 0.7 s after the end").toBe(0);
    expect(lost.filter((fate) => fate.leftAtMs === undefined)).toEqual([]);
    expect(all.filter((fate) => fate.completed && !fate.finished)).toEqual([]);
    expect(Number(atShare(delaysMs, 0.5))).toBeLessThan(ABORT_MS);
  });

  it("G32 who stayed got everything, and no client saw an error", () => {
    const { all } = told();
    expect(all.filter((fate) => fate.failed)).toEqual([]);
    expect(all.filter((fate) => fate.leftAtMs === undefined && !fate.completed)).toEqual([]);
  });

  it("G32 every request is counted once and none is open", async () => {
    const text = await fixture.gateway.metrics();
    const { all } = told();
    const counted = sumOf(text, "llm_requests_total") - requestsBefore;
    // A client that leaves with its request half sent is no LLM request.
    expect(counted).toBeGreaterThanOrEqual(all.filter((fate) => fate.reached).length);
    expect(counted).toBeLessThanOrEqual(all.length);
    expect(sumOf(text, "llm_requests_in_flight")).toBe(0);
    expect(sumOf(text, "nexent_gateway_upstream_connections", 'state="busy"')).toBe(0);
  });

  it("G32 sockets and memory return", async () => {
    await pause(UPSTREAM_IDLE_MS);
    const after = await usageAfterCollection(fixture.gateway.program);
    const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
    console.info(
      `after the soak: sockets ${before.openSockets} -> ${after.openSockets}, ` +
        `RSS after collection ${mib(before.residentBytes)} -> ${mib(after.residentBytes)} MiB`,
    );
    expect(after.openSockets - before.openSockets).toBeLessThanOrEqual(2);
    expect((after.residentBytes - before.residentBytes) / MIB).toBeLessThan(24);
  });
});
