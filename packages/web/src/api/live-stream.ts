import { LIVE_TOPICS, type LiveEvent } from "@nexent/monitor-api";
import { address, sessionHeaders } from "./client.ts";
import { createLiveConnection, type LiveState } from "./live-connection.ts";
import { createLiveTabs, type TabBus, type TabMessage } from "./live-tabs.ts";
import { noteAnswer, noteSilence } from "./server-contact.ts";

const CHANNEL = "nexent.live";

interface LiveStreamOptions {
  readonly onEvent: (event: LiveEvent) => void;
  readonly onState: (state: LiveState) => void;
}

/** This tab's share of the browser's one live stream. */
export interface LiveStream {
  readonly start: () => void;
  readonly stop: () => void;
  /** Stops for good and leaves the other tabs. */
  readonly close: () => void;
}

/** Joins the other tabs of this origin; nothing is connected before `start`. */
export function openLiveStream(options: LiveStreamOptions): LiveStream {
  const bus = openBus();
  const tabs = createLiveTabs({
    id: tabId(),
    bus,
    connect: (onEvent, onState) => createLiveConnection({ open: openStream, onEvent, onState }),
    ...options,
  });
  return {
    start: tabs.start,
    stop: tabs.stop,
    close: () => {
      tabs.stop();
      bus?.close();
    },
  };
}

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
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a BroadcastChannel has no target
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
