import { rejects } from "node:assert/strict";
import { MonitorError, type ErrorCode } from "@nexent/monitor-core";
import type { AcknowledgedListener, CallFilter, CallPage, CallRow, TimeRange, TraceStore } from "../contract.ts";

/** Opens an empty store; the suite closes it. */
export type OpenStore = (options: {
  readonly onAcknowledged?: AcknowledgedListener;
  /** Wall clock, ms. */
  readonly now?: () => number;
  readonly exactQuantileLimit?: number;
}) => Promise<TraceStore>;

/** One case of the suite. */
export interface StoreCase {
  readonly title: string;
  run(open: OpenStore): Promise<void>;
}

/** The range of every sample span. */
export const EVERYTHING: TimeRange = { fromUnixNanos: 0n, toUnixNanos: 2n ** 63n - 1n };

/** A case that works on an empty store and leaves it closed. */
export function onStore(
  title: string,
  work: (store: TraceStore) => Promise<void>,
  options: Parameters<OpenStore>[0] = {},
): StoreCase {
  return {
    title,
    async run(open) {
      const store = await open(options);
      try {
        await work(store);
      } finally {
        await store.close();
      }
    },
  };
}

export async function calls(
  store: TraceStore,
  filter: Partial<CallFilter> = {},
  page: Partial<CallPage> = {},
): Promise<readonly CallRow[]> {
  await store.flush();
  return (await store.calls({ range: EVERYTHING, ...filter }, { limit: 1_000, ...page })).rows;
}

export async function models(store: TraceStore, filter: Partial<CallFilter>): Promise<readonly (string | undefined)[]> {
  return (await calls(store, filter)).map(({ llm }) => llm.model).sort((a = "", b = "") => (a < b ? -1 : 1));
}

export function refusesWith(code: ErrorCode, work: Promise<unknown>): Promise<void> {
  return rejects(work, (error) => error instanceof MonitorError && error.code === code);
}
