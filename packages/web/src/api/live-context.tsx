import type { LiveEvent } from "@nexent/monitor-api";
import { createContext, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import type { LiveState } from "./live-connection.ts";
import { noteServerTime } from "./server-contact.ts";

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

/** Keeps one live stream for this browser while `enabled`; closed half a minute after the tab is hidden. */
export function LiveProvider(props: { readonly enabled: boolean; readonly children: ReactNode }) {
  const [state, setState] = useState<LiveState>("off");
  const listeners = useRef(new Set<Listener>());
  const lastEventMs = useRef<number>(undefined);

  useEffect(() => {
    if (!props.enabled) return undefined;
    const onEvent = (event: LiveEvent) => {
      lastEventMs.current = Date.now();
      if (event.event === "hello") noteServerTime(event.data.serverTimeMs);
      if (event.event === "kpi") noteServerTime(event.data.pipeline.serverTimeMs);
      for (const listener of listeners.current) listener(event);
    };
    let close: (() => void) | undefined;
    let unmounted = false;
    // The page is usable before its live stream; the code for it comes after.
    void import("./live-stream.ts").then(({ openLiveStream }) => {
      if (unmounted) return;
      const stream = openLiveStream({ onEvent, onState: setState });
      const stopWatching = startWhileVisible(stream.start, stream.stop);
      close = () => {
        stopWatching();
        stream.close();
      };
    });
    return () => {
      unmounted = true;
      close?.();
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
