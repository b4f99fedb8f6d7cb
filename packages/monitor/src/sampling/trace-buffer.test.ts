import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { KeepReason } from "./keep-reason.ts";
import { createTraceBuffer, type TraceBuffer, type TraceBufferOptions } from "./trace-buffer.ts";

interface Setup {
  readonly buffer: TraceBuffer<string>;
  /** Exported spans as `span:reason`. */
  readonly exported: string[];
  readonly kept: string[];
  readonly evicted: string[];
  waiting: number;
  /** A whole trace of one span. */
  readonly trace: (traceId: string, reason?: KeepReason) => void;
  readonly end: (traceId: string, span: string, reason?: KeepReason) => void;
}

/** Spans are their own names and sizes. */
function setUp(options: Partial<TraceBufferOptions<string>> = {}): Setup {
  const [exported, kept, evicted]: [string[], string[], string[]] = [[], [], []];
  const buffer = createTraceBuffer<string>({
    maxTraces: 2000,
    maxSpans: 1000,
    maxBytes: 1_000_000,
    maxAgeMs: 600_000,
    sizeOf: (span) => span.length,
    keep: (span, reason) => exported.push(`${span}:${reason}`),
    onKept: (reason) => kept.push(reason),
    onEvicted: (reason) => evicted.push(reason),
    onWaiting: (count) => {
      setup.waiting = count;
    },
    nowMs: () => Date.now(),
    ...options,
  });
  const end = (traceId: string, span: string, reason?: KeepReason): void =>
    buffer.end({ traceId, spanId: span, span, reason });
  const setup: Setup = {
    buffer,
    exported,
    kept,
    evicted,
    waiting: 0,
    trace(traceId, reason) {
      buffer.open(traceId, `${traceId}-root`);
      end(traceId, `${traceId}-root`, reason);
    },
    end,
  };
  return setup;
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a waiting trace", () => {
  it("is exported whole when one of its spans demands it, and forgotten when none does", () => {
    const { buffer, end, exported, kept } = setUp();
    for (const trace of ["t", "u"]) {
      buffer.open(trace, "root");
      end(trace, `${trace}-child`);
      buffer.open(trace, `${trace}-call`);
      end(trace, `${trace}-call`, trace === "t" ? "error" : undefined);
      expect(exported).toEqual(trace === "t" ? [] : ["t-child:error", "t-call:error", "root:error"]);
      end(trace, "root");
    }
    expect(exported).toEqual(["t-child:error", "t-call:error", "root:error"]);
    expect(kept).toEqual(["error"]);
  });

  it("waits for its local root and for every LLM span, whichever ends last", () => {
    const { buffer, end, exported, waiting } = setUp();
    expect(waiting).toBe(0);
    buffer.open("t", "root");
    buffer.open("t", "call 1");
    buffer.open("t", "call 2");
    end("t", "call 1", "slow");
    end("t", "root");
    expect(exported).toEqual([]);
    end("t", "call 2");
    expect(exported).toEqual(["call 1:slow", "root:slow", "call 2:slow"]);
  });

  it("has one reason, the first that holds of error, stalled, slow, slow_rate", () => {
    const { buffer, end, exported, kept } = setUp();
    buffer.open("t", "root");
    end("t", "a", "slow_rate");
    end("t", "b", "stalled");
    end("t", "c", "slow");
    end("t", "root");
    expect(exported).toEqual(["a:stalled", "b:stalled", "c:stalled", "root:stalled"]);
    expect(kept).toEqual(["stalled"]);
  });

  it("is decided at the close, open or not, and nothing waits afterwards", () => {
    const { buffer, end, exported } = setUp();
    buffer.open("t", "root");
    end("t", "call", "error");
    buffer.open("u", "root");
    end("u", "fine");
    buffer.close();
    expect(exported).toEqual(["call:error"]);
    expect(vi.getTimerCount()).toBe(0);
    buffer.open("v", "root");
    expect(vi.getTimerCount()).toBe(0);
    buffer.end({ traceId: "v", spanId: "root", span: "root of v", reason: "error" });
    expect(exported).toEqual(["call:error", "root of v:error"]);
  });
});

describe("a late span", () => {
  it("follows the decision of its trace for 60 seconds", () => {
    const { trace, end, exported } = setUp();
    trace("kept", "slow");
    trace("lost");
    vi.advanceTimersByTime(60_000);
    end("kept", "late");
    end("lost", "late too");
    vi.advanceTimersByTime(1);
    end("kept", "too late");
    expect(exported).toEqual(["kept-root:slow", "late:slow"]);
  });

  it("that demands it is exported all the same, and those after it follow", () => {
    const { trace, end, exported, kept } = setUp();
    trace("t");
    end("t", "late call", "error");
    end("t", "later");
    expect(exported).toEqual(["late call:error", "later:error"]);
    expect(kept).toEqual(["error"]);
  });

  it("that is an LLM span makes its trace wait again; a trace that was kept stays so and is counted once", () => {
    const { buffer, trace, end, exported, kept } = setUp();
    trace("t", "slow");
    buffer.open("t", "call");
    vi.advanceTimersByTime(120_000);
    end("t", "attempt");
    end("t", "call");
    expect(exported).toEqual(["t-root:slow", "attempt:slow", "call:slow"]);
    expect(kept).toEqual(["slow", "slow"]);
  });
});

describe("bounds", () => {
  it("one trace more than may wait decides the oldest by what was demanded so far", () => {
    const { buffer, end, exported, evicted } = setUp({ maxTraces: 2 });
    buffer.open("binding", "root");
    end("binding", "call", "error");
    buffer.open("plain", "root");
    end("plain", "child");
    buffer.open("third", "root");
    expect(exported).toEqual(["call:error"]);
    buffer.open("fourth", "root");
    expect(evicted).toEqual(["traces", "traces"]);
    end("plain", "root");
    end("binding", "root");
    expect(exported).toEqual(["call:error", "root:error"]);
  });

  it("an end that belongs to an evicted wait does not end the next wait of the same trace", () => {
    const { buffer, end, exported } = setUp({ maxTraces: 1 });
    buffer.open("t", "old root");
    buffer.open("u", "root");
    buffer.open("t", "call");
    end("t", "old root");
    expect(exported).toEqual([]);
    end("t", "call", "error");
    expect(exported).toEqual(["old root:error", "call:error"]);
  });

  it("one span more than a trace may hold decides that trace", () => {
    const { buffer, end, exported, evicted, trace } = setUp({ maxSpans: 3 });
    buffer.open("t", "root");
    for (const span of ["a", "b", "c"]) end("t", span);
    expect(evicted).toEqual([]);
    end("t", "d");
    expect(evicted).toEqual(["spans"]);
    end("t", "root");
    expect(exported).toEqual([]);
    trace("other", "error");
    expect(exported).toEqual(["other-root:error"]);
  });

  it("more bytes than may wait decide the oldest traces", () => {
    const { buffer, end, exported, evicted } = setUp({ maxBytes: 10 });
    for (const trace of ["a", "b", "c"]) {
      buffer.open(trace, "root");
      end(trace, `${trace}____`, trace === "a" ? "slow" : undefined);
    }
    expect([exported, evicted]).toEqual([["a____:slow"], ["spans"]]);
    end("b", "b_____");
    expect(evicted).toEqual(["spans", "spans"]);
  });

  it("a trace that waits too long is decided, and the timer that saw it stops", () => {
    const { buffer, end, exported, evicted } = setUp();
    buffer.open("t", "root");
    end("t", "call", "stalled");
    vi.advanceTimersByTime(300_000);
    buffer.open("u", "root");
    vi.advanceTimersByTime(310_000);
    expect([exported, evicted]).toEqual([["call:stalled"], ["age"]]);
    vi.advanceTimersByTime(300_000);
    expect(evicted).toEqual(["age", "age"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("an hour of traces that never end keeps a bounded number of traces and spans", () => {
    const setup = setUp({ maxTraces: 50, maxSpans: 20, maxBytes: 3000, maxAgeMs: 60_000 });
    let most = 0;
    let ended = 0;
    for (let second = 0; second < 3600; second += 1) {
      for (let i = 0; i < 3; i += 1) {
        const trace = `${second}-${i}`;
        setup.buffer.open(trace, "root");
        for (let span = 0; span < 10 * i + 5; span += 1) {
          setup.end(trace, `${trace}-${span}`, second % 100 === 0 && span === 0 ? "error" : undefined);
          ended += 1;
        }
      }
      most = Math.max(most, setup.waiting);
      vi.advanceTimersByTime(1000);
    }
    expect(most).toBeLessThanOrEqual(50);
    expect(setup.kept).toHaveLength(108);
    expect(setup.evicted.filter((reason) => reason === "spans").length).toBeGreaterThan(3600);
    vi.advanceTimersByTime(70_000);
    expect(setup.waiting).toBe(0);
    expect(setup.evicted).toHaveLength(3600 * 3);
    expect(setup.exported.length).toBeLessThan(ended / 50);
  });
});
