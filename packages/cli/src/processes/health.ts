import { setTimeout as sleep } from "node:timers/promises";

/** What a health address answered. */
export type HealthAnswer =
  | { readonly status: "up"; readonly body: unknown }
  | { readonly status: "unwell"; readonly httpStatus: number }
  | { readonly status: "down" };

/** Asks once. Never rejects; `timeoutMs` default 1 s. */
export async function askHealth(url: string, timeoutMs = 1_000): Promise<HealthAnswer> {
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(timeoutMs),
      headers: { accept: "application/json" },
    });
    const text = await response.text();
    if (!response.ok) return { status: "unwell", httpStatus: response.status };
    return { status: "up", body: parseOrText(text) };
  } catch {
    return { status: "down" };
  }
}

/** What to wait for, and what makes waiting pointless. */
export interface HealthWait {
  readonly urls: readonly string[];
  readonly timeoutMs: number;
  /** Polled between the questions: true ends the wait, e.g. because the process is gone. */
  readonly givenUp: () => boolean;
}

/** Waits until every address answers with success. @returns false on time-out or when `givenUp`. */
export async function waitUntilHealthy(wait: HealthWait): Promise<boolean> {
  const deadlineMs = performance.now() + wait.timeoutMs;
  for (const url of wait.urls) {
    while ((await askHealth(url)).status !== "up") {
      if (wait.givenUp() || performance.now() > deadlineMs) return false;
      await sleep(50);
    }
  }
  return true;
}

function parseOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
