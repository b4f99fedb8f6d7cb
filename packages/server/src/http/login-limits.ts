import { LIMITS } from "@nexent/monitor-core";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { ControlFile } from "../control-file.ts";

/** Who tries to sign in. */
export interface LoginAttempt {
  readonly user: string;
  readonly address: string;
  /** Strangers and this machine are counted apart, so that nobody outside can lock out the person in front of it. */
  readonly isLoopback: boolean;
}

type LoginAdmission =
  /** Go on to the hash. The attempt counts until `succeed` takes it back. */
  | { readonly admitted: true; readonly succeed: () => void }
  | { readonly admitted: false; readonly retryAfterMs: number };

/** Counts failed sign-ins: 5 per user and 10 per address in 5 minutes, judged before anything is hashed. */
export interface LoginLimits {
  admit(attempt: LoginAttempt): LoginAdmission;
  /** Makes the counts durable; a restart must not give new guesses. */
  save(): Promise<void>;
}

/** Names and addresses remembered at most. */
const MAX_KEYS = 10_000;
const schema = z.array(z.tuple([z.string(), z.array(z.number())]));

/** Reads the counts of the last run; without a readable file counting starts anew. */
export async function loadLoginLimits(file: ControlFile, clock: Clock): Promise<LoginLimits> {
  /** Monotonic times of attempts by key, oldest first. */
  const attempts = new Map<string, number[]>();
  const parsed = schema.safeParse(await file.load().catch(() => undefined));
  const toMonotonic = (wallMs: number): number => clock.monotonicMs() - Math.max(0, clock.wallMs() - wallMs);
  for (const [key, times] of parsed.success ? parsed.data : []) attempts.set(key, times.map(toMonotonic));

  function recent(key: string): number[] {
    const since = clock.monotonicMs() - LIMITS.loginWindowMs;
    const times = (attempts.get(key) ?? []).filter((time) => time > since);
    if (times.length === 0) attempts.delete(key);
    else attempts.set(key, times);
    return times;
  }

  /** How long until one more attempt is allowed; 0 = now. */
  function waitOf(key: string, limit: number): number {
    const times = recent(key);
    const blocking = times.length < limit ? undefined : times[times.length - limit];
    return blocking === undefined ? 0 : blocking + LIMITS.loginWindowMs - clock.monotonicMs();
  }

  function count(key: string): () => void {
    if (!attempts.has(key) && attempts.size >= MAX_KEYS) for (const known of attempts.keys()) recent(known);
    const time = clock.monotonicMs();
    attempts.set(key, [...(attempts.get(key) ?? []), time]);
    return () => {
      const times = attempts.get(key);
      const at = times?.indexOf(time) ?? -1;
      if (at >= 0) times?.splice(at, 1);
    };
  }

  return {
    admit({ user, address, isLoopback }) {
      const byUser = `user ${isLoopback ? "local" : "remote"} ${user}`;
      const byAddress = `address ${address}`;
      const retryAfterMs = Math.max(
        waitOf(byUser, LIMITS.loginAttemptsPerUser),
        waitOf(byAddress, LIMITS.loginAttemptsPerAddress),
      );
      if (retryAfterMs > 0) return { admitted: false, retryAfterMs };
      const undo = [count(byUser), count(byAddress)];
      return {
        admitted: true,
        succeed: () => {
          for (const takeBack of undo) takeBack();
          attempts.delete(byUser);
        },
      };
    },
    save: () => {
      const offset = clock.wallMs() - clock.monotonicMs();
      return file.save([...attempts].map(([key, times]) => [key, times.map((time) => Math.round(time + offset))]));
    },
  };
}
