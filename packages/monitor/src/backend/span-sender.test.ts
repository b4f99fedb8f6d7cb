import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SendOutcome, Transport } from "./transport.ts";
import { createSpanSender, type SpanSender, type SpanSenderOptions } from "./span-sender.ts";

interface Setup {
  readonly sender: SpanSender<number>;
  readonly sent: number[][];
  readonly dropped: Record<string, number>;
  outcome: SendOutcome | "never";
  encodes: boolean;
  closed: boolean;
}

function setUp(options: Partial<SpanSenderOptions<number>> = {}): Setup {
  const sent: number[][] = [];
  const dropped: Record<string, number> = {};
  const transport: Transport = {
    async send(body, signal) {
      sent.push([...body]);
      if (setup.outcome !== "never") return setup.outcome;
      return new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve({ status: "retryable", reason: "aborted" }));
      });
    },
    close() {
      setup.closed = true;
    },
  };
  const setup: Setup = {
    sent,
    dropped,
    outcome: { status: "accepted" },
    encodes: true,
    closed: false,
    sender: createSpanSender<number>({
      transport,
      encode: (items) => (setup.encodes ? Uint8Array.from(items) : undefined),
      sizeOf: () => 10,
      maxItems: 8,
      maxBytes: 1000,
      batchItems: 4,
      batchBytes: 1000,
      delayMs: 500,
      retryMs: { first: 1000, longest: 5000 },
      onDropped: (count, reason) => (dropped[reason] = (dropped[reason] ?? 0) + count),
      wallMs: () => 42,
      ...options,
    }),
  };
  return setup;
}

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pushAll = (sender: SpanSender<number>, ...items: number[]): void => items.forEach((item) => sender.push(item));

describe("span sender", () => {
  it("sends what it has after the delay, in one batch", async () => {
    const { sender, sent } = setUp();
    pushAll(sender, 1, 2);
    await vi.advanceTimersByTimeAsync(499);
    expect(sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent).toEqual([[1, 2]]);
    expect(sender.health).toEqual({ exported: 2, dropped: 0, exportFailures: 0 });
  });

  it("sends a full batch at once, the rest behind it, one request at a time", async () => {
    const { sender, sent } = setUp();
    pushAll(sender, 1, 2, 3, 4, 5);
    await vi.advanceTimersByTimeAsync(0);
    expect(sent).toEqual([[1, 2, 3, 4]]);
    await vi.advanceTimersByTimeAsync(500);
    expect(sent).toEqual([[1, 2, 3, 4], [5]]);
  });

  it("bounds a batch in bytes, and sends a larger item alone", async () => {
    const { sender, sent } = setUp({ batchBytes: 25, sizeOf: (item) => (item === 3 ? 50 : 10) });
    pushAll(sender, 1, 2, 3, 4);
    await sender.flush(1000);
    expect(sent).toEqual([[1, 2], [3], [4]]);
  });

  it("counts what the receiver rejected, never more than it was sent", async () => {
    const setup = setUp();
    setup.outcome = { status: "accepted", rejected: 2 };
    pushAll(setup.sender, 1, 2, 3);
    await setup.sender.flush(1000);
    expect(setup.sender.health).toMatchObject({ exported: 1, dropped: 2, exportFailures: 0 });
    setup.outcome = { status: "accepted", rejected: 1e9 };
    pushAll(setup.sender, 4);
    await setup.sender.flush(1000);
    expect(setup.dropped).toEqual({ rejected: 3 });
    expect(setup.sender.health.exported).toBe(1);
  });

  it("keeps the newest when the queue is full and counts the others", async () => {
    const setup = setUp({ batchItems: 100 });
    pushAll(setup.sender, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    await vi.advanceTimersByTimeAsync(500);
    expect(setup.sent).toEqual([[3, 4, 5, 6, 7, 8, 9, 10]]);
    expect(setup.dropped).toEqual({ queue_full: 2 });
    expect(setup.sender.health).toMatchObject({ dropped: 2, lastDropMs: 42 });
  });

  it("bounds the queue in bytes, and refuses one item beyond the bound", async () => {
    const setup = setUp({ maxBytes: 30, batchItems: 100, sizeOf: (item) => (item === 99 ? 31 : 10) });
    pushAll(setup.sender, 1, 2, 99, 3, 4);
    await vi.advanceTimersByTimeAsync(500);
    expect(setup.sent).toEqual([[2, 3, 4]]);
    expect(setup.dropped).toEqual({ queue_full: 1, too_large: 1 });
  });

  it("tries again after longer and longer waits, at most the longest, and loses nothing meanwhile", async () => {
    const setup = setUp();
    setup.outcome = { status: "retryable", reason: "ECONNREFUSED" };
    pushAll(setup.sender, 1);
    await vi.advanceTimersByTimeAsync(500);
    for (const waitMs of [1000, 2000, 4000, 5000, 5000]) {
      const before = setup.sent.length;
      await vi.advanceTimersByTimeAsync(waitMs - 1);
      expect(setup.sent).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(1);
      expect(setup.sent).toHaveLength(before + 1);
    }
    expect(setup.sender.health).toMatchObject({ failingSinceMs: 42, dropped: 0, exportFailures: 6 });
    setup.outcome = { status: "accepted" };
    await vi.advanceTimersByTimeAsync(5000);
    expect(setup.sender.health).toEqual({ exported: 1, dropped: 0, exportFailures: 6 });
  });

  it("stays bounded through an hour of refusal and sends within 5 s of the receiver's return", async () => {
    const setup = setUp();
    setup.outcome = { status: "retryable", reason: "HTTP 503" };
    for (let second = 0; second < 3600; second += 1) {
      setup.sender.push(second % 256);
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(setup.dropped).toEqual({ queue_full: 3600 - 8 });
    setup.outcome = { status: "accepted" };
    await vi.advanceTimersByTimeAsync(5000);
    expect(setup.sender.health.exported).toBe(8);
    expect(setup.sender.health.failingSinceMs).toBeUndefined();
  });

  it("waits as long as the receiver asks", async () => {
    const setup = setUp();
    setup.outcome = { status: "retryable", reason: "HTTP 429", retryAfterMs: 30_000 };
    pushAll(setup.sender, 1);
    await vi.advanceTimersByTimeAsync(500 + 29_999);
    expect(setup.sent).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(setup.sent).toHaveLength(2);
  });

  it("gives up what is refused or cannot be encoded", async () => {
    const setup = setUp();
    setup.outcome = { status: "refused", reason: "HTTP 400" };
    pushAll(setup.sender, 1, 2);
    await vi.advanceTimersByTimeAsync(500);
    setup.encodes = false;
    pushAll(setup.sender, 3);
    await vi.advanceTimersByTimeAsync(1000);
    expect(setup.dropped).toEqual({ export_failed: 3 });
    expect(setup.sender.health.exportFailures).toBe(1);
  });

  it("flushes everything, and ends a flush at its timeout when nothing answers", async () => {
    const setup = setUp();
    pushAll(setup.sender, 1, 2, 3, 4, 5, 6);
    await setup.sender.flush(1000);
    expect(setup.sent.flat()).toEqual([1, 2, 3, 4, 5, 6]);
    setup.outcome = "never";
    pushAll(setup.sender, 7);
    let done = false;
    const flushed = setup.sender.flush(1000).then(() => (done = true));
    await vi.advanceTimersByTimeAsync(999);
    expect(done).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await flushed;
    expect(done).toBe(true);
  });

  it("goes on sending after a flush that failed", async () => {
    const setup = setUp();
    setup.outcome = { status: "retryable", reason: "ECONNREFUSED" };
    pushAll(setup.sender, 1);
    await setup.sender.flush(1000);
    setup.outcome = { status: "accepted" };
    await vi.advanceTimersByTimeAsync(1000);
    expect(setup.sender.health.exported).toBe(1);
  });

  it("closes within the timeout, counts what is left, and takes nothing more", async () => {
    const setup = setUp();
    setup.outcome = "never";
    pushAll(setup.sender, 1, 2, 3, 4, 5);
    const closed = setup.sender.close(1000);
    await vi.advanceTimersByTimeAsync(1000);
    await closed;
    await vi.advanceTimersByTimeAsync(0);
    expect(setup.closed).toBe(true);
    pushAll(setup.sender, 6);
    await setup.sender.close(1000);
    expect(setup.dropped).toEqual({ shutdown: 6 });
    expect(vi.getTimerCount()).toBe(0);
  });
});
