import { MonitorError } from "@nexent/monitor-core";
import type { RetentionReport } from "@nexent/monitor-store";
import { describe, expect, it } from "vitest";
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
      store: {
        retain(asked) {
          policies.push(asked);
          const answer = answers.shift() ?? NOTHING;
          return answer instanceof MonitorError ? Promise.reject(answer) : Promise.resolve(answer);
        },
      },
      policy,
      log: { info: write, warn: write, error: write },
      everyMs: 1,
    });
    await expect.poll(() => policies.length).toBeGreaterThan(4);
    await retention.stop();
    const looks = policies.length;
    expect(new Set(policies)).toStrictEqual(new Set([policy]));
    expect(lines).toStrictEqual([
      'retention_held {"reason":"clock-jump"}',
      'retention_failed {"error":"MonitorError: closed"}',
      'retention_removed {"days":"2026-11-20,2026-11-21","spans":7,"freedBytes":9}',
    ]);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(policies.length).toBe(looks);
  });
});
