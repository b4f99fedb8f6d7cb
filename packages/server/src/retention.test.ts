import { MonitorError } from "@nexent/monitor-core";
import type { RetentionPolicy, RetentionReport } from "@nexent/monitor-store";
import { describe, expect, it } from "vitest";
import { silentLog } from "./log.ts";
import { startRetention } from "./retention.ts";

const NOTHING: RetentionReport = { days: [], spans: 0, freedBytes: 0 };

describe("retention of the server", () => {
  it("looks again and again, says what it removed or why it did not, and outlives a failure", async () => {
    const answers: (RetentionReport | MonitorError)[] = [
      { ...NOTHING, held: "clock-jump" },
      new MonitorError("STORE_UNAVAILABLE", "closed"),
      { days: ["2026-11-20", "2026-11-21"], spans: 7, freedBytes: 9 },
    ];
    const policies: unknown[] = [];
    const lines: string[] = [];
    const write = (event: string, fields: object = {}): void => void lines.push(`${event} ${JSON.stringify(fields)}`);
    const policy = { maxAgeDays: 15, maxBytes: 20 };
    const retention = startRetention({
      stores: [
        {
          retain(asked) {
            policies.push(asked);
            const answer = answers.shift() ?? NOTHING;
            return answer instanceof MonitorError ? Promise.reject(answer) : Promise.resolve(answer);
          },
        },
      ],
      policy,
      log: { info: write, warn: write, error: write },
      everyMs: 1,
    });
    await expect.poll(() => policies.length).toBeGreaterThan(4);
    await retention.stop();
    const looks = policies.length;
    expect(new Set(policies.map((asked) => JSON.stringify(asked)))).toStrictEqual(new Set(['{"maxAgeDays":15}']));
    expect(lines).toStrictEqual([
      'retention_held {"reason":"clock-jump"}',
      'retention_failed {"error":"MonitorError: closed"}',
      'retention_removed {"days":"2026-11-20,2026-11-21","spans":7,"freedBytes":9}',
    ]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(policies.length).toBe(looks);
  });

  const DAY_BYTES = 10;

  /** A store of some days before today, 10 bytes each. */
  function storeOf(name: string, days: string[], removed: string[], isLow: (days: readonly string[]) => boolean) {
    return {
      async retain({ maxBytes = Number.POSITIVE_INFINITY }: RetentionPolicy) {
        const gone: string[] = [];
        while (days.length * DAY_BYTES > maxBytes) gone.push(...days.splice(0, 1));
        removed.push(...gone.map((day) => `${name} ${day}`));
        const [oldestDay] = days;
        return {
          days: gone,
          freedBytes: gone.length * DAY_BYTES,
          left: {
            bytes: days.length * DAY_BYTES,
            isDiskLow: isLow(days),
            ...(oldestDay === undefined ? {} : { oldestDay }),
          },
        };
      },
    };
  }

  it("holds traces and metrics inside one bound: the oldest day of both goes first, no more than needed", async () => {
    const removed: string[] = [];
    const retention = startRetention({
      stores: [
        storeOf("traces", ["d2", "d4", "d5"], removed, () => false),
        storeOf("metrics", ["d1", "d2", "d3"], removed, () => false),
      ],
      policy: { maxAgeDays: 15, maxBytes: 3 * DAY_BYTES },
      log: silentLog,
    });
    expect(await retention.run()).toStrictEqual({ days: ["d1", "d2"], spans: 0, freedBytes: 30 });
    expect(removed).toStrictEqual(["metrics d1", "traces d2", "metrics d2"]);
    await retention.stop();
  });

  it("D5 frees the disk by the oldest days until enough is free or nothing is left", async () => {
    const removed: string[] = [];
    const days = ["d1", "d2", "d3"];
    const isLow = (left: readonly string[]): boolean => left.length > 1;
    const policy = { maxAgeDays: 15, maxBytes: Number.POSITIVE_INFINITY };
    const retention = startRetention({ stores: [storeOf("traces", days, removed, isLow)], policy, log: silentLog });
    await retention.freeDisk();
    expect(removed).toStrictEqual(["traces d1", "traces d2"]);
    const hopeless = startRetention({ stores: [storeOf("traces", days, removed, () => true)], policy, log: silentLog });
    await hopeless.freeDisk();
    expect(days).toStrictEqual([]);
    await Promise.all([retention.stop(), hopeless.stop()]);
  });

  it("D10 frees nothing while the clock is in doubt, and does not confirm a jump by asking again", async () => {
    let calls = 0;
    const store = {
      async retain() {
        calls++;
        const left = { bytes: 10, oldestDay: "d1", isDiskLow: true };
        return { days: [], freedBytes: 0, held: "clock-jump" as const, left };
      },
    };
    const retention = startRetention({ stores: [store], policy: { maxAgeDays: 1, maxBytes: 1 }, log: silentLog });
    for (let at = 0; at < 3; at++) await retention.freeDisk();
    expect(calls).toBe(1);
    await retention.stop();
  });
});
