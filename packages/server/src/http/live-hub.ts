import { randomBytes } from "node:crypto";
import type { LiveEvent, OpenCalls } from "@nexent/monitor-api";
import type { AcknowledgedSpans, StoredSpan } from "@nexent/monitor-store";
import type { Clock } from "../clock.ts";
import { callOf, requestRow } from "../query/request-row.ts";

export type LiveTopic = "kpi" | "requests" | "open";

/** The other end of a live stream. */
export interface LiveClient {
  readonly topics: ReadonlySet<LiveTopic>;
  /** Sends text; `false` when the client reads too slowly or is gone. */
  write(text: string): boolean;
  /** Whether its session is still alive; asked once a second. */
  isAllowed(): boolean;
  end(): void;
}

/** Spreads new rows and numbers to open pages, coalesced, with ids to resume from. */
export interface LiveHub {
  /** Calls that are durable now. @param calls places of the calls among the spans. */
  publish(spans: AcknowledgedSpans, calls: readonly number[]): void;
  /**
   * Adds a client: `hello`, then what it missed after `lastEventId`, else `resync`.
   * @returns removes the client.
   */
  attach(client: LiveClient, lastEventId: string | undefined): () => void;
  /** Ends every stream. */
  close(): void;
}

export interface LiveHubOptions {
  readonly clock: Clock;
  readonly version: string;
  /** Numbers of the `kpi` event, asked once a second while somebody looks. */
  readonly kpi: () => Promise<Extract<LiveEvent, { event: "kpi" }>["data"]>;
  /** Calls that are open now, asked twice a second while somebody looks. */
  readonly openCalls: () => Promise<OpenCalls>;
}

/** Rows go out at most four times a second, and at most so many at once: a page cannot show more. */
const FLUSH_MS = 250;
const ROWS_PER_FLUSH = 200;
const KPI_MS = 1_000;
const OPEN_MS = 500;
/** A comment every 15 ticks keeps idle connections open. */
const HEARTBEAT_TICKS = 15;
/** Events kept for clients that come back. */
const RING_EVENTS = 2_000;
/** Without a client for so long nobody comes back for the ring. */
const FORGET_MS = 60_000;

/** A hub without clients costs nothing: no timer runs. */
export function createLiveHub({ clock, version, kpi, openCalls }: LiveHubOptions): LiveHub {
  // Ids of another process mean nothing here; the prefix tells them apart.
  const boot = randomBytes(6).toString("base64url");
  const clients = new Set<LiveClient>();
  const ring: { readonly seq: number; readonly text: string }[] = [];
  const pending = new Map<string, () => StoredSpan>();
  let seq = 0;
  let dropped = 0;
  let ticks = 0;
  let lastClientAt = Number.NEGATIVE_INFINITY;
  let flushTimer: NodeJS.Timeout | undefined;
  let tickTimer: NodeJS.Timeout | undefined;
  let openTimer: NodeJS.Timeout | undefined;
  let asksOpen = false;

  const frame = (event: LiveEvent, id: number): string =>
    `id: ${boot}.${id}\nevent: ${event.event}\ndata: ${JSON.stringify(event.data)}\n\n`;

  function drop(client: LiveClient): void {
    if (!clients.delete(client)) return;
    lastClientAt = clock.monotonicMs();
    client.end();
    if (clients.size > 0) return;
    clearInterval(tickTimer);
    clearInterval(openTimer);
    tickTimer = undefined;
    openTimer = undefined;
  }

  function send(topic: LiveTopic | undefined, text: string): void {
    for (const client of clients) {
      if ((topic === undefined || client.topics.has(topic)) && !client.write(text)) drop(client);
    }
  }

  function flush(): void {
    flushTimer = undefined;
    for (const stored of pending.values()) {
      const call = callOf(stored());
      if (call === undefined) continue;
      const text = frame({ event: "row", data: requestRow(call) }, ++seq);
      ring.push({ seq, text });
      send("requests", text);
    }
    pending.clear();
    if (dropped > 0) {
      // What was left out can be asked for; a client that resumes later sees the gap in the ids.
      seq += dropped;
      ring.length = 0;
      send("requests", frame({ event: "resync", data: { missed: dropped } }, seq));
      dropped = 0;
    }
    if (ring.length > RING_EVENTS) ring.splice(0, ring.length - RING_EVENTS);
  }

  async function tick(): Promise<void> {
    ticks++;
    for (const client of clients) if (!client.isAllowed()) drop(client);
    if (ticks % HEARTBEAT_TICKS === 0) send(undefined, ": still here\n\n");
    if (![...clients].some(({ topics }) => topics.has("kpi"))) return;
    try {
      send("kpi", frame({ event: "kpi", data: await kpi() }, seq));
    } catch {
      // The store could not say just now; pages notice the silence as STALE and the next second asks again.
    }
  }

  /** One question at a time: a gateway that is slow to answer is not asked faster than it answers. */
  async function lookAtOpen(): Promise<void> {
    if (asksOpen || ![...clients].some(({ topics }) => topics.has("open"))) return;
    asksOpen = true;
    const data = await openCalls();
    asksOpen = false;
    send("open", frame({ event: "open", data }, seq));
  }

  function resume(client: LiveClient, lastEventId: string | undefined): void {
    const last = lastEventId === undefined ? undefined : positionOf(lastEventId, boot);
    const hello = frame({ event: "hello", data: { serverTimeMs: clock.wallMs(), version } }, last ?? seq);
    client.write(hello);
    if (lastEventId === undefined || last === seq) return;
    const oldest = ring[0]?.seq;
    if (last === undefined || oldest === undefined || last < oldest - 1) {
      client.write(frame({ event: "resync", data: { missed: last === undefined ? 0 : seq - last } }, seq));
      return;
    }
    for (const event of ring) if (event.seq > last) client.write(event.text);
  }

  return {
    publish(spans, calls) {
      if (clients.size === 0 && clock.monotonicMs() - lastClientAt > FORGET_MS) {
        seq += calls.length;
        ring.length = 0;
        return;
      }
      for (const call of calls) {
        const key = spans.keys[call] ?? "";
        if (pending.size >= ROWS_PER_FLUSH && !pending.has(key)) dropped++;
        else pending.set(key, () => spans.span(call));
      }
      flushTimer ??= setTimeout(flush, FLUSH_MS).unref();
    },
    attach(client, lastEventId) {
      clients.add(client);
      resume(client, lastEventId);
      tickTimer ??= setInterval(() => void tick(), KPI_MS).unref();
      openTimer ??= setInterval(() => void lookAtOpen(), OPEN_MS).unref();
      void tick();
      void lookAtOpen();
      return () => drop(client);
    },
    close() {
      clearTimeout(flushTimer);
      for (const client of clients) drop(client);
    },
  };
}

/** Position of an id of this process; `undefined` for any other. */
function positionOf(id: string, boot: string): number | undefined {
  const dot = id.lastIndexOf(".");
  const position = Number(id.slice(dot + 1));
  return id.slice(0, dot) === boot && Number.isSafeInteger(position) && position >= 0 ? position : undefined;
}
