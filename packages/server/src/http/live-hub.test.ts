import { liveEventSchema, type LiveEvent, type OpenCalls } from "@nexent/monitor-api";
import { acknowledgedSpans, type StoredSpan } from "@nexent/monitor-store";
import { toStoredCall } from "../testing/stored-call.ts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFakeClock } from "../testing/clock.ts";
import { createLiveHub, type LiveClient, type LiveHub, type LiveTopic } from "./live-hub.ts";

/** A client that keeps what it was sent. */
function client(topics: readonly LiveTopic[] = ["requests"]) {
  let text = "";
  const state = { ended: false, slow: false, allowed: true };
  const end: LiveClient = {
    topics: new Set(topics),
    write(piece) {
      if (state.slow) return false;
      text += piece;
      return true;
    },
    isAllowed: () => state.allowed,
    end: () => (state.ended = true),
  };
  const frames = () =>
    text
      .split("\n\n")
      .filter((frame) => frame.startsWith("id: "))
      .map((frame) => {
        const [id = "", event = "", data = ""] = frame.split("\n").map((line) => line.slice(line.indexOf(": ") + 2));
        return { id, ...liveEventSchema.parse({ event, data: JSON.parse(data) }) };
      });
  return {
    end,
    state,
    frames,
    events: () => frames().map(({ event }) => event),
    lastId: () => frames().at(-1)?.id,
    text: () => text,
  };
}

const pipeline = {
  spansPerSecond: 1,
  spansAccepted: 1,
  spansRejected: 0,
  spansStored: 1,
  bytesOnDisk: 0,
  indexLagSeconds: 0,
  damagedFrames: 0,
  storageDegraded: false,
  serverTimeMs: 1,
};
const kpi = (): Promise<Extract<LiveEvent, { event: "kpi" }>["data"]> =>
  Promise.resolve({ pipeline, requestsPerSecond: 2 });

let asked = 0;
const openCalls = (): Promise<OpenCalls> => {
  asked += 1;
  return Promise.resolve({ total: 3, calls: [] });
};

let hub: LiveHub;

function publish(...calls: readonly StoredSpan[]): void {
  hub.publish(acknowledgedSpans(calls), [...calls.keys()]);
}
let clock: ReturnType<typeof createFakeClock>;
beforeEach(() => {
  vi.useFakeTimers();
  clock = createFakeClock();
  asked = 0;
  hub = createLiveHub({ clock, version: "0.1.0", kpi, openCalls });
});
afterEach(() => {
  hub.close();
  vi.useRealTimers();
});

describe("live hub", () => {
  it("greets, then sends each new call once, coalesced within 250 ms", async () => {
    const reader = client();
    hub.attach(reader.end, undefined);
    publish(toStoredCall(1), toStoredCall(1));
    publish(toStoredCall(2));
    expect(reader.events()).toEqual(["hello"]);
    await vi.advanceTimersByTimeAsync(250);
    expect(reader.events()).toEqual(["hello", "row", "row"]);
    expect(new Set(reader.frames().map(({ id }) => id)).size).toBe(3);
  });

  it("sends numbers once a second, only to those who asked, and a heartbeat every 15 s", async () => {
    const numbers = client(["kpi"]);
    const rows = client(["requests"]);
    hub.attach(numbers.end, undefined);
    hub.attach(rows.end, undefined);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(numbers.events().filter((event) => event === "kpi").length).toBeGreaterThanOrEqual(15);
    expect(rows.events()).toEqual(["hello"]);
    expect(rows.text()).toContain(": still here");
  });

  it("resumes after the last id, and says what is lost when it cannot", async () => {
    const first = client();
    const detach = hub.attach(first.end, undefined);
    publish(toStoredCall(1));
    await vi.advanceTimersByTimeAsync(250);
    detach();
    publish(toStoredCall(2), toStoredCall(3));
    await vi.advanceTimersByTimeAsync(250);
    const again = client();
    hub.attach(again.end, first.lastId());
    expect(again.events()).toEqual(["hello", "row", "row"]);
    const current = client();
    hub.attach(current.end, again.lastId());
    expect(current.events()).toEqual(["hello"]);
    const foreign = client();
    hub.attach(foreign.end, "another-process.5");
    expect(foreign.events()).toEqual(["hello", "resync"]);
  });

  it("forgets the past when nobody has looked for a minute, and says so to one that comes back", async () => {
    const first = client();
    hub.attach(first.end, undefined)();
    clock.advance(61_000);
    publish(toStoredCall(1), toStoredCall(2));
    const late = client();
    hub.attach(late.end, first.lastId());
    expect(late.frames().at(-1)).toMatchObject({ event: "resync", data: { missed: 2 } });
  });

  it("tells of rows beyond what a page can show instead of sending them", async () => {
    const reader = client();
    hub.attach(reader.end, undefined);
    publish(...Array.from({ length: 250 }, (_, index) => toStoredCall(index)));
    await vi.advanceTimersByTimeAsync(250);
    expect(reader.events().filter((event) => event === "row")).toHaveLength(200);
    expect(reader.frames().at(-1)).toMatchObject({ event: "resync", data: { missed: 50 } });
  });

  it("ends a client that reads too slowly, and one whose session has ended; the others go on", async () => {
    const [slow, signedOut, fine] = [client(["kpi"]), client(["kpi"]), client(["kpi"])];
    for (const each of [slow, signedOut, fine]) hub.attach(each.end, undefined);
    slow.state.slow = true;
    signedOut.state.allowed = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect([slow.state.ended, signedOut.state.ended, fine.state.ended]).toEqual([true, true, false]);
    hub.close();
    expect(fine.state.ended).toBe(true);
  });

  it("tells the open calls twice a second, to those who asked for them, and asks nobody otherwise", async () => {
    hub.attach(client(["requests"]).end, undefined);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked).toBe(0);
    const reader = client(["open"]);
    hub.attach(reader.end, undefined);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(reader.frames().at(-1)).toMatchObject({ event: "open", data: { total: 3, calls: [] } });
    expect(asked).toBe(3);
  });

  it("runs no timer without a client", () => {
    const detach = hub.attach(client().end, undefined);
    detach();
    expect(vi.getTimerCount()).toBe(0);
    clock.advance(61_000);
    publish(toStoredCall(1));
    expect(vi.getTimerCount()).toBe(0);
  });
});
