import { liveEventSchema, type LiveEvent } from "@nexent/monitor-api";
import { createSseParser } from "./sse.ts";

export type LiveState = "off" | "connecting" | "live" | "reconnecting" | "stale";

/** Opens the stream; resumes after `lastEventId`. Rejects or ends when the connection is gone. */
export type OpenStream = (lastEventId: string | undefined, signal: AbortSignal) => Promise<AsyncIterable<string>>;

export interface LiveConnectionOptions {
  readonly open: OpenStream;
  readonly onEvent: (event: LiveEvent) => void;
  readonly onState: (state: LiveState) => void;
  /** 0..1, spreads reconnects of many browsers; default `Math.random`. */
  readonly jitter?: () => number;
  /** No KPI event for so long means stale. Default 5 s. */
  readonly staleAfterMs?: number;
  /** First and longest wait before connecting again. Defaults 1 s and 30 s. */
  readonly backoffMs?: readonly [number, number];
}

/** One live stream that keeps itself open. */
export interface LiveConnection {
  readonly start: () => void;
  readonly stop: () => void;
}

/** A connection with back-off, resume by last event id, and a watch for silence. */
export function createLiveConnection(options: LiveConnectionOptions): LiveConnection {
  const [firstWaitMs, longestWaitMs] = options.backoffMs ?? [1_000, 30_000];
  const jitter = options.jitter ?? Math.random;
  let running: AbortController | undefined;
  let lastEventId: string | undefined;
  let staleTimer: ReturnType<typeof setTimeout> | undefined;

  const watchSilence = () => {
    clearTimeout(staleTimer);
    staleTimer = setTimeout(() => options.onState("stale"), options.staleAfterMs ?? 5_000);
  };

  const deliver = (name: string, text: string): void => {
    const parsed = liveEventSchema.safeParse({ event: name, data: readJson(text) });
    // An event kind of a newer server is skipped, not fatal.
    if (!parsed.success) return;
    if (parsed.data.event === "kpi" || parsed.data.event === "hello") {
      watchSilence();
      options.onState("live");
    }
    options.onEvent(parsed.data);
  };

  const readOnce = async (signal: AbortSignal): Promise<boolean> => {
    let delivered = false;
    const parser = createSseParser();
    for await (const text of await options.open(lastEventId, signal)) {
      for (const event of parser.push(text)) {
        lastEventId = event.id ?? lastEventId;
        delivered = true;
        deliver(event.event, event.data);
      }
    }
    return delivered;
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    let waitMs = firstWaitMs;
    options.onState("connecting");
    while (!signal.aborted) {
      const worked = await readOnce(signal).catch(() => false);
      clearTimeout(staleTimer);
      if (signal.aborted) return;
      options.onState("reconnecting");
      waitMs = worked ? firstWaitMs : Math.min(longestWaitMs, waitMs * 2);
      await pause(waitMs * (0.5 + jitter() / 2), signal);
    }
  };

  return {
    start: () => {
      if (running !== undefined) return;
      running = new AbortController();
      void run(running.signal);
    },
    stop: () => {
      running?.abort();
      running = undefined;
      clearTimeout(staleTimer);
      options.onState("off");
    },
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
