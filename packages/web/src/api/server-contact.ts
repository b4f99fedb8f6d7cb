import { useSyncExternalStore } from "react";

/** When the server last answered, and since when it does not. */
export interface ServerContact {
  readonly lastAnswerMs: number | undefined;
  readonly gone: boolean;
}

let contact: ServerContact = { lastAnswerMs: undefined, gone: false };
let clockOffsetMs = 0;
const listeners = new Set<() => void>();

function update(next: ServerContact): void {
  const changed = next.gone !== contact.gone;
  contact = next;
  if (changed) for (const listener of listeners) listener();
}

/** The server answered, whatever it said. */
export function noteAnswer(): void {
  update({ lastAnswerMs: Date.now(), gone: false });
}

/** No answer at all: connection refused or cut. */
export function noteSilence(): void {
  update({ ...contact, gone: true });
}

/** Learns the server's clock; a browser's clock may be minutes off. */
export function noteServerTime(serverTimeMs: number): void {
  clockOffsetMs = serverTimeMs - Date.now();
}

/** Now by the server's clock, Unix ms. */
export function serverNow(): number {
  return Date.now() + clockOffsetMs;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether the server answers; re-renders when that changes. */
export function useServerContact(): ServerContact {
  return useSyncExternalStore(subscribe, () => contact);
}

/** Seconds since a moment of this browser's clock, whole; 0 when there is none. */
export function secondsSince(ms: number | undefined): number {
  return ms === undefined ? 0 : Math.max(0, Math.round((Date.now() - ms) / 1e3));
}
