import type { LiveEvent } from "@nexent/monitor-api";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createLiveConnection, type LiveConnectionOptions, type LiveState } from "./live-connection.ts";

const HELLO = 'event: hello\nid: 1\ndata: {"serverTimeMs":5,"version":"1"}\n\n';
const RESYNC = 'event: resync\nid: 2\ndata: {"missed":3}\n\n';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function pieces(...texts: readonly string[]): AsyncIterable<string> {
  return (async function* () {
    yield* texts;
  })();
}

/** A stream that stays open until it is aborted. */
function openEnded(signal: AbortSignal, ...texts: readonly string[]): AsyncIterable<string> {
  return (async function* () {
    yield* texts;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  })();
}

function record(open: LiveConnectionOptions["open"]) {
  const events: LiveEvent["event"][] = [];
  const states: LiveState[] = [];
  const connection = createLiveConnection({
    open,
    onEvent: (event) => events.push(event.event),
    onState: (state) => states.push(state),
    jitter: () => 1,
  });
  return { connection, events, states };
}

describe("the live connection", () => {
  it("delivers events and is live after the hello", async () => {
    const { connection, events, states } = record(async (_id, signal) => openEnded(signal, HELLO + RESYNC));
    connection.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(events).toEqual(["hello", "resync"]);
    expect(states).toEqual(["connecting", "live"]);
    connection.stop();
    expect(states.at(-1)).toBe("off");
  });

  it("resumes after the last event id it saw", async () => {
    const ids: (string | undefined)[] = [];
    const { connection } = record(async (id, signal) => {
      ids.push(id);
      return ids.length === 1 ? pieces(HELLO + RESYNC) : openEnded(signal);
    });
    connection.start();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(ids).toEqual([undefined, "2"]);
    connection.stop();
  });

  it("waits longer after each failure, up to thirty seconds", async () => {
    const at: number[] = [];
    const { connection, states } = record(async () => {
      at.push(Date.now());
      throw new Error("refused");
    });
    connection.start();
    await vi.advanceTimersByTimeAsync(120_000);
    connection.stop();
    const waits = at.slice(1).map((ms, index) => ms - (at[index] ?? 0));
    expect(waits.slice(0, 6)).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(states).toContain("reconnecting");
  });

  it("is stale after five seconds without a word", async () => {
    const { connection, states } = record(async (_id, signal) => openEnded(signal, HELLO));
    connection.start();
    await vi.advanceTimersByTimeAsync(4_900);
    expect(states.at(-1)).toBe("live");
    await vi.advanceTimersByTimeAsync(200);
    expect(states.at(-1)).toBe("stale");
    connection.stop();
  });

  it("skips events it does not know and data it cannot read", async () => {
    const odd = "event: chunks\ndata: {}\n\nevent: hello\ndata: {broken\n\n";
    const { connection, events } = record(async (_id, signal) => openEnded(signal, odd + HELLO));
    connection.start();
    await vi.advanceTimersByTimeAsync(0);
    expect(events).toEqual(["hello"]);
    connection.stop();
  });
});
