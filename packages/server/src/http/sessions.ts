import { LIMITS } from "@nexent/monitor-core";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { ControlFile } from "../control-file.ts";
import { equalText, newSecret, secretHash } from "./secret.ts";

/** A signed-in browser. Only hashes of its secrets are kept. */
export interface Session {
  readonly key: string;
  readonly user: string;
  /** Signed in with the default password: may change it, skip, or sign out. */
  readonly mustChange: boolean;
  /** The change was skipped: a banner stays. */
  readonly skipped: boolean;
}

/** Secrets of a new session; they are told once. */
interface SessionSecrets {
  readonly id: string;
  readonly csrf: string;
}

/** Sessions of the dashboard; every start and end is durable before it is answered. */
export interface Sessions {
  start(session: Pick<Session, "user" | "mustChange" | "skipped">): Promise<SessionSecrets>;
  /** The session of a cookie value, if it is alive; counts as use. */
  find(id: string | undefined): Session | undefined;
  isAlive(key: string): boolean;
  hasCsrf(session: Session, token: string | undefined): boolean;
  end(key: string): Promise<void>;
  endAllOf(user: string): Promise<void>;
}

/** Sessions kept at most; the one unused for longest goes first. */
const MAX_SESSIONS = 1_000;
/** How often use alone is written down, so that a restart does not end sessions in use. */
const SAVE_USE_MS = 10 * 60_000;

const savedSchema = z.array(
  z.object({
    key: z.string(),
    csrfHash: z.string(),
    user: z.string(),
    mustChange: z.boolean(),
    skipped: z.boolean(),
    createdMs: z.number(),
    usedMs: z.number(),
  }),
);
type Saved = z.infer<typeof savedSchema>[number];

interface Live extends Session {
  readonly csrfHash: string;
  /** Monotonic milliseconds: a jump of the wall clock neither ends nor prolongs a session. */
  readonly createdAt: number;
  usedAt: number;
}

/** Reads the sessions of the last run; a file that cannot be read means everybody signs in again. */
export async function loadSessions(file: ControlFile, clock: Clock): Promise<Sessions> {
  const live = new Map<string, Live>();
  const parsed = savedSchema.safeParse(await file.load().catch(() => undefined));
  for (const saved of parsed.success ? parsed.data : []) live.set(saved.key, revive(saved, clock));
  let savedAt = clock.monotonicMs();

  function isExpired(session: Live): boolean {
    const now = clock.monotonicMs();
    return now - session.usedAt >= LIMITS.sessionIdleMs || now - session.createdAt >= LIMITS.sessionMaxMs;
  }

  async function save(): Promise<void> {
    for (const [key, session] of live) if (isExpired(session)) live.delete(key);
    savedAt = clock.monotonicMs();
    await file.save([...live.values()].map((session) => freeze(session, clock)));
  }

  function makeRoom(): void {
    while (live.size >= MAX_SESSIONS) {
      const oldest = [...live.values()].reduce((a, b) => (a.usedAt <= b.usedAt ? a : b));
      live.delete(oldest.key);
    }
  }

  return {
    async start(session) {
      makeRoom();
      const secrets = { id: newSecret(), csrf: newSecret() };
      const key = secretHash(secrets.id);
      const now = clock.monotonicMs();
      live.set(key, { ...session, key, csrfHash: secretHash(secrets.csrf), createdAt: now, usedAt: now });
      await save();
      return secrets;
    },
    find(id) {
      const session = id === undefined ? undefined : live.get(secretHash(id));
      if (session === undefined || isExpired(session)) return undefined;
      session.usedAt = clock.monotonicMs();
      // Only the time of use is at stake; the next start or end of a session writes it again.
      if (session.usedAt - savedAt >= SAVE_USE_MS) save().catch(() => undefined);
      return session;
    },
    isAlive(key) {
      const session = live.get(key);
      return session !== undefined && !isExpired(session);
    },
    hasCsrf(session, token) {
      const found = live.get(session.key);
      return found !== undefined && token !== undefined && equalText(secretHash(token), found.csrfHash);
    },
    async end(key) {
      live.delete(key);
      await save();
    },
    async endAllOf(user) {
      for (const [key, session] of live) if (session.user === user) live.delete(key);
      await save();
    },
  };
}

function revive(saved: Saved, clock: Clock): Live {
  const age = (wallMs: number): number => Math.max(0, clock.wallMs() - wallMs);
  const { createdMs, usedMs, ...rest } = saved;
  return { ...rest, createdAt: clock.monotonicMs() - age(createdMs), usedAt: clock.monotonicMs() - age(usedMs) };
}

function freeze({ createdAt, usedAt, ...rest }: Live, clock: Clock): Saved {
  const wallOf = (monotonicMs: number): number => Math.round(clock.wallMs() - (clock.monotonicMs() - monotonicMs));
  return { ...rest, createdMs: wallOf(createdAt), usedMs: wallOf(usedAt) };
}
