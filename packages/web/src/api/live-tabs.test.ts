import type { LiveEvent } from "@nexent/monitor-api";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LiveState } from "./live-connection.ts";
import { createLiveTabs, type TabBus, type TabMessage } from "./live-tabs.ts";

const EVENT: LiveEvent = { event: "resync", data: { missed: 1 } };

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** Channels of one browser: what one tab posts, all others hear. */
function createBrowser() {
  const listeners = new Map<object, (message: TabMessage) => void>();
  return {
    bus(): TabBus {
      const key = {};
      return {
        post: (message) => {
          for (const [other, listener] of listeners) if (other !== key) listener(message);
        },
        listen: (listener) => void listeners.set(key, listener),
        close: () => void listeners.delete(key),
      };
    },
  };
}

function createTab(id: string, bus: TabBus | undefined) {
  const tab = { connected: false, events: 0, state: "off" as LiveState };
  let emit: ((event: LiveEvent) => void) | undefined;
  const tabs = createLiveTabs({
    id,
    bus,
    connect: (onEvent, onState) => ({
      start: () => {
        tab.connected = true;
        emit = onEvent;
        onState("live");
      },
      stop: () => void (tab.connected = false),
    }),
    onEvent: () => void (tab.events += 1),
    onState: (state) => void (tab.state = state),
  });
  return { tab, tabs, emit: () => emit?.(EVENT) };
}

describe("tabs that share one live stream", () => {
  it("let the lowest id connect and relay its events and state", async () => {
    const browser = createBrowser();
    const [a, b, c] = [createTab("a", browser.bus()), createTab("b", browser.bus()), createTab("c", browser.bus())];
    for (const one of [c, b, a]) one.tabs.start();
    await vi.advanceTimersByTimeAsync(1_100);
    expect([a.tab.connected, b.tab.connected, c.tab.connected]).toEqual([true, false, false]);
    a.emit();
    expect([a.tab.events, b.tab.events, c.tab.events]).toEqual([1, 1, 1]);
    for (const one of [a, b, c]) one.tabs.stop();
  });

  it("hand over at once when the leader says goodbye", async () => {
    const browser = createBrowser();
    const [a, b] = [createTab("a", browser.bus()), createTab("b", browser.bus())];
    a.tabs.start();
    b.tabs.start();
    await vi.advanceTimersByTimeAsync(1_100);
    a.tabs.stop();
    expect([a.tab.connected, b.tab.connected]).toEqual([false, true]);
    b.tabs.stop();
  });

  it("take over three seconds after the leader went silent", async () => {
    const browser = createBrowser();
    let muted = false;
    const heard = browser.bus();
    const first: TabBus = { ...heard, post: (message) => (muted ? undefined : heard.post(message)) };
    const [a, b] = [createTab("a", first), createTab("b", browser.bus())];
    a.tabs.start();
    b.tabs.start();
    await vi.advanceTimersByTimeAsync(1_100);
    muted = true;
    await vi.advanceTimersByTimeAsync(2_500);
    expect(b.tab.connected).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(b.tab.connected).toBe(true);
    b.tabs.stop();
    a.tabs.stop();
  });

  it("step down when a lower id appears", async () => {
    const browser = createBrowser();
    const b = createTab("b", browser.bus());
    b.tabs.start();
    await vi.advanceTimersByTimeAsync(1_100);
    expect(b.tab.connected).toBe(true);
    const a = createTab("a", browser.bus());
    a.tabs.start();
    await vi.advanceTimersByTimeAsync(1_100);
    expect([a.tab.connected, b.tab.connected]).toEqual([true, false]);
    a.tabs.stop();
    b.tabs.stop();
  });

  it("lead alone where tabs cannot talk", () => {
    const only = createTab("x", undefined);
    only.tabs.start();
    expect([only.tab.connected, only.tab.state]).toEqual([true, "live"]);
    only.tabs.stop();
  });
});
