import { LIVE_TOPICS, type LiveEvent } from "@nexent/monitor-api";
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { address, sessionHeaders } from "./client.ts";
import { createLiveConnection, type LiveState } from "./live-connection.ts";
import { createLiveTabs, type TabBus, type TabMessage } from "./live-tabs.ts";
import { noteAnswer, noteServerTime, noteSilence } from "./server-contact.ts";

const CHANNEL = "nexent.live";
const CLOSE_HIDDEN_AFTER_MS = 30_000;

type Listener = (event: LiveEvent) => void;

interface Live {
  readonly state: LiveState;
  /** When the last event came, Unix ms. */
  readonly lastEventMs: () => number | undefined;
  readonly listen: (listener: Listener) => () => void;
}

const LiveContext = createContext<Live>({
  state: "off",
  lastEventMs: () => undefined,
  listen: () => () => undefined,
});

async function openStream(lastEventId: string | undefined, signal: AbortSignal): Promise<AsyncIterable<string>> {
  const headers = sessionHeaders();
  headers["accept"] = "text/event-stream";
  if (lastEventId !== undefined) headers["last-event-id"] = lastEventId;
  const response = await fetch(address("/api/live", { topics: LIVE_TOPICS.join(",") }), {
    headers,
    signal,
    credentials: "same-origin",
    cache: "no-store",
  }).catch((cause: unknown) => {
    if (!signal.aborted) noteSilence();
    throw cause;
  });
  noteAnswer();
  if (!response.ok || response.body === null) throw new Error(`live stream refused with ${response.status}`);
  return readText(response.body);
}

async function* readText(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    reader.releaseLock();
  }
}

function openBus(): TabBus | undefined {
  if (typeof BroadcastChannel === "undefined") return undefined;
  const channel = new BroadcastChannel(CHANNEL);
  return {
    post: (message) => channel.postMessage(message),
    listen: (listener) =>
      channel.addEventListener("message", (event: MessageEvent<TabMessage>) => listener(event.data)),
    close: () => channel.close(),
  };
}

function tabId(): string {
  // Available on plain-HTTP origins too, unlike randomUUID.
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint32Array(2));
  return `${a.toString(36)}-${b.toString(36)}`;
}

/** Keeps one live stream for this browser while `enabled`; closed half a minute after the tab is hidden. */
export function LiveProvider(props: { readonly enabled: boolean; readonly children: ReactNode }) {
  const [state, setState] = useState<LiveState>("off");
  const listeners = useRef(new Set<Listener>());
  const lastEventMs = useRef<number>(undefined);

  useEffect(() => {
    if (!props.enabled) return undefined;
    const bus = openBus();
    const tabs = createLiveTabs({
      id: tabId(),
      bus,
      connect: (onEvent, onState) => createLiveConnection({ open: openStream, onEvent, onState }),
      onState: setState,
      onEvent: (event) => {
        lastEventMs.current = Date.now();
        if (event.event === "hello") noteServerTime(event.data.serverTimeMs);
        if (event.event === "kpi") noteServerTime(event.data.pipeline.serverTimeMs);
        for (const listener of listeners.current) listener(event);
      },
    });
    const stopWatching = startWhileVisible(tabs.start, tabs.stop);
    return () => {
      stopWatching();
      tabs.stop();
      bus?.close();
    };
  }, [props.enabled]);

  const live = useMemo<Live>(
    () => ({
      state,
      lastEventMs: () => lastEventMs.current,
      listen: (listener) => {
        listeners.current.add(listener);
        return () => listeners.current.delete(listener);
      },
    }),
    [state],
  );
  return <LiveContext.Provider value={live}>{props.children}</LiveContext.Provider>;
}

function startWhileVisible(start: () => void, stop: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const follow = () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") start();
    else timer = setTimeout(stop, CLOSE_HIDDEN_AFTER_MS);
  };
  document.addEventListener("visibilitychange", follow);
  follow();
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", follow);
  };
}

/** The state of the live stream. */
export function useLive(): Live {
  return useContext(LiveContext);
}

/** Calls `listener` for every live event while mounted. */
export function useLiveEvents(listener: Listener): void {
  const { listen } = useLive();
  const latest = useRef(listener);
  useEffect(() => {
    latest.current = listener;
  });
  useEffect(() => listen((event) => latest.current(event)), [listen]);
}
