import type { LiveEvent } from "@nexent/monitor-api";
import type { LiveConnection, LiveState } from "./live-connection.ts";

/** What tabs say to each other. */
export type TabMessage =
  | { readonly type: "beat"; readonly id: string }
  | { readonly type: "bye"; readonly id: string }
  | { readonly type: "event"; readonly id: string; readonly event: LiveEvent }
  | { readonly type: "state"; readonly id: string; readonly state: LiveState };

/** A channel between the tabs of this origin. */
export interface TabBus {
  readonly post: (message: TabMessage) => void;
  readonly listen: (listener: (message: TabMessage) => void) => void;
  readonly close: () => void;
}

export interface LiveTabsOptions {
  /** This tab's id; the lowest one alive leads. */
  readonly id: string;
  /** Undefined where tabs cannot talk: then every tab leads itself. */
  readonly bus: TabBus | undefined;
  readonly connect: (onEvent: (event: LiveEvent) => void, onState: (state: LiveState) => void) => LiveConnection;
  readonly onEvent: (event: LiveEvent) => void;
  readonly onState: (state: LiveState) => void;
  /** Heartbeat and the silence after which a tab counts as gone. Defaults 1 s and 3 s. */
  readonly beatMs?: number;
  readonly lostAfterMs?: number;
}

/** Shares one live stream among all tabs: browsers open at most six connections to one origin. */
export interface LiveTabs {
  readonly start: () => void;
  readonly stop: () => void;
}

/** Leader election by lowest id over heartbeats; the leader connects and relays. */
export function createLiveTabs(options: LiveTabsOptions): LiveTabs {
  const beatMs = options.beatMs ?? 1_000;
  const lostAfterMs = options.lostAfterMs ?? 3_000;
  const seen = new Map<string, number>();
  let leading = false;
  let running = false;
  let timer: ReturnType<typeof setInterval> | undefined;

  const connection = options.connect(
    (event) => {
      options.onEvent(event);
      options.bus?.post({ type: "event", id: options.id, event });
    },
    (state) => {
      if (!leading) return;
      options.onState(state);
      options.bus?.post({ type: "state", id: options.id, state });
    },
  );

  const decide = (nowMs: number): void => {
    if (!running) return;
    for (const [id, atMs] of seen) if (nowMs - atMs > lostAfterMs) seen.delete(id);
    const leads = [...seen.keys()].every((id) => id > options.id);
    if (leads === leading) return;
    if (leads) {
      leading = true;
      connection.start();
    } else {
      connection.stop();
      leading = false;
    }
  };

  options.bus?.listen((message) => {
    if (!running || message.id === options.id) return;
    if (message.type === "bye") seen.delete(message.id);
    else seen.set(message.id, Date.now());
    decide(Date.now());
    if (leading) return;
    if (message.type === "event") options.onEvent(message.event);
    if (message.type === "state") options.onState(message.state);
  });

  const beat = (): void => {
    options.bus?.post({ type: "beat", id: options.id });
    decide(Date.now());
  };

  return {
    start: () => {
      if (running) return;
      running = true;
      options.onState("connecting");
      timer = setInterval(beat, beatMs);
      options.bus?.post({ type: "beat", id: options.id });
      // Alone: lead at once. Otherwise the first heartbeats decide.
      if (options.bus === undefined) decide(Date.now());
      else setTimeout(() => decide(Date.now()), Math.min(250, beatMs));
    },
    stop: () => {
      if (!running) return;
      clearInterval(timer);
      options.bus?.post({ type: "bye", id: options.id });
      if (leading) connection.stop();
      leading = false;
      running = false;
      seen.clear();
      options.onState("off");
    },
  };
}
