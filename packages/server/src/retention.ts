import { LIMITS } from "@nexent/monitor-core";
import type { MetricRetention, RetentionPolicy, RetentionReport } from "@nexent/monitor-store";
import type { Log } from "./log.ts";

/** A store whose days may go; only traces count spans. */
export interface RetainedStore {
  retain(policy: RetentionPolicy): Promise<MetricRetention & Partial<Pick<RetentionReport, "spans">>>;
}

/** Options of the retention. */
export interface RetentionOptions {
  /** Of equally old days, that of the first store goes first. */
  readonly stores: readonly RetainedStore[];
  /** The age holds for each store, the bytes for all together. */
  readonly policy: Required<RetentionPolicy>;
  readonly log: Log;
  /** Time between two looks; default 10 min. */
  readonly everyMs?: number;
}

/** Removes what is too old or too much, again and again. */
export interface Retention {
  /** Removes now; calls run one after the other. */
  run(): Promise<Omit<RetentionReport, "left">>;
  /** Removes the oldest days because the disk is nearly full; not while the clock is in doubt. Never rejects. */
  freeDisk(): Promise<void>;
  /** Waits until nothing is being removed any more. */
  stop(): Promise<void>;
}

/** The first look comes one interval after the start: by then a wrong clock has mostly been set right. */
export function startRetention(options: RetentionOptions): Retention {
  const { stores, policy, log, everyMs = LIMITS.retentionEveryMs } = options;
  let turn: Promise<unknown> = Promise.resolve();
  let isLooking = false;
  let isClockInDoubt = false;

  function run(): ReturnType<Retention["run"]> {
    const result = turn.then(() => removeFromAll(stores, policy));
    turn = result.catch(() => undefined);
    return result;
  }

  async function look(): Promise<void> {
    try {
      const { days, spans, freedBytes, held } = await run();
      isClockInDoubt = held !== undefined;
      if (held !== undefined) log.warn("retention_held", { reason: held });
      if (days.length > 0) log.info("retention_removed", { days: days.join(","), spans, freedBytes });
    } catch (error) {
      log.warn("retention_failed", { error: String(error) });
    }
  }

  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    void look().finally(() => (isLooking = false));
  }, everyMs);
  timer.unref();
  return {
    run,
    async freeDisk() {
      // A call would confirm a jump of the clock that only time should confirm.
      if (!isClockInDoubt) await look();
    },
    async stop() {
      clearInterval(timer);
      await turn;
    },
  };
}

/** By age in each store; then the oldest day of all goes as long as they are too large together, or the disk is full. */
async function removeFromAll(stores: readonly RetainedStore[], { maxAgeDays, maxBytes }: Required<RetentionPolicy>) {
  const reports: Awaited<ReturnType<RetainedStore["retain"]>>[] = [];
  const latest = new Map<RetainedStore, (typeof reports)[number]>();

  async function retain(store: RetainedStore, policy: RetentionPolicy): Promise<void> {
    const report = await store.retain(policy);
    reports.push(report);
    latest.set(store, report);
  }

  for (const store of stores) await retain(store, { maxAgeDays });
  for (;;) {
    const left = [...latest].flatMap(([store, report]) =>
      report.left === undefined ? [] : [{ store, ...report.left }],
    );
    const bytes = left.reduce((sum, one) => sum + one.bytes, 0);
    const isTooMuch = bytes > maxBytes || left.some(({ isDiskLow }) => isDiskLow);
    const [oldest] = left
      .filter(({ oldestDay }) => oldestDay !== undefined)
      .sort((a, b) => (a.oldestDay ?? "").localeCompare(b.oldestDay ?? ""));
    if (!isTooMuch || oldest === undefined || reports.some(({ held }) => held !== undefined)) break;
    await retain(oldest.store, { maxBytes: oldest.bytes - 1 });
    if ((latest.get(oldest.store)?.left?.bytes ?? 0) >= oldest.bytes) break;
  }
  const held = reports.find((report) => report.held !== undefined)?.held;
  return {
    days: [...new Set(reports.flatMap(({ days }) => days))].sort(),
    spans: reports.reduce((sum, { spans = 0 }) => sum + spans, 0),
    freedBytes: reports.reduce((sum, { freedBytes }) => sum + freedBytes, 0),
    ...(held === undefined ? {} : { held }),
  };
}
