import { LIMITS } from "@nexent/monitor-core";
import type { RetentionPolicy, RetentionReport } from "@nexent/monitor-store";
import type { Log } from "./log.ts";

/** Options of the retention. */
export interface RetentionOptions {
  /** Of traces or of metric samples; only the first count spans and bytes. */
  readonly store: {
    retain(policy: RetentionPolicy): Promise<Partial<RetentionReport> & Pick<RetentionReport, "days">>;
  };
  readonly policy: RetentionPolicy;
  readonly log: Log;
  /** Time between two looks; default 10 min. */
  readonly everyMs?: number;
}

/** Removes what is too old or too much, again and again. */
export interface Retention {
  /** Waits for a removal that is under way. */
  stop(): Promise<void>;
}

/** The first look comes one interval after the start: by then a wrong clock has mostly been set right. */
export function startRetention({ store, policy, log, everyMs = LIMITS.retentionEveryMs }: RetentionOptions): Retention {
  let running: Promise<void> | undefined;

  async function look(): Promise<void> {
    try {
      const report = await store.retain(policy);
      if (report.held !== undefined) log.warn("retention_held", { reason: report.held });
      if (report.days.length > 0) {
        log.info("retention_removed", {
          days: report.days.join(","),
          spans: report.spans,
          freedBytes: report.freedBytes,
        });
      }
    } catch (error) {
      log.warn("retention_failed", { error: String(error) });
    }
  }

  const timer = setInterval(() => {
    running ??= look().finally(() => (running = undefined));
  }, everyMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
