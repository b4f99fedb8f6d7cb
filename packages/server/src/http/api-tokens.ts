import { tokenInfoSchema, type TokenInfo, type TokenScope } from "@nexent/monitor-api";
import { MonitorError } from "@nexent/monitor-core";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { ControlFile } from "../control-file.ts";
import type { VerifyToken } from "../token-check.ts";
import { newSecret, secretHash } from "./secret.ts";

/** A token at the moment it is made. */
type CreatedToken = TokenInfo & { readonly token: string };

/** Named tokens for senders and readers. Only their hashes are kept; a change is durable before it is answered. */
export interface ApiTokens {
  /** Oldest first. */
  list(): readonly TokenInfo[];
  /** @returns what cannot be had again, or why there is none. */
  create(name: string, scope: TokenScope): Promise<CreatedToken | "taken" | "too_many">;
  /** @returns false when there is none of that name. */
  revoke(name: string): Promise<boolean>;
  /** Judges tokens of one scope. */
  verifier(scope: TokenScope): VerifyToken;
}

/** Known to secret scanners and to our own redaction. */
const PREFIXES: Readonly<Record<TokenScope, string>> = { ingest: "nxm_ing_", read: "nxm_read_" };
const MAX_TOKENS = 1_000;
const storedSchema = tokenInfoSchema.extend({ hash: z.string() });
type StoredToken = z.infer<typeof storedSchema>;

/** @throws {DATA_DIR_UNUSABLE} when the file cannot be read: writing a new one would revoke every token in silence. */
export async function loadApiTokens(file: ControlFile, clock: Clock): Promise<ApiTokens> {
  let tokens = await readTokens(file);
  let turn: Promise<unknown> = Promise.resolve();

  /** One change at a time, so that none is computed from a list that another one replaces. */
  function change<T>(work: () => Promise<T>): Promise<T> {
    const done = turn.then(work);
    turn = done.catch(() => undefined);
    return done;
  }

  async function store(next: readonly StoredToken[]): Promise<void> {
    await file.save(next);
    tokens = next;
  }

  return {
    list: () => tokens.map(({ name, scope, createdAt }) => ({ name, scope, createdAt })),
    create: (name, scope) =>
      change(async () => {
        if (tokens.some((token) => token.name === name)) return "taken";
        if (tokens.length >= MAX_TOKENS) return "too_many";
        const token = PREFIXES[scope] + newSecret();
        const info = { name, scope, createdAt: new Date(clock.wallMs()).toISOString() };
        await store([...tokens, { ...info, hash: secretHash(token) }]);
        return { ...info, token };
      }),
    revoke: (name) =>
      change(async () => {
        const left = tokens.filter((token) => token.name !== name);
        if (left.length === tokens.length) return false;
        await store(left);
        return true;
      }),
    verifier: (scope) => (token) => {
      if (!token.startsWith(PREFIXES[scope])) return false;
      // A hash of 256 random bits: how long it takes to find it tells nothing about the token.
      const hash = secretHash(token);
      return tokens.some((stored) => stored.scope === scope && stored.hash === hash);
    },
  };
}

async function readTokens(file: ControlFile): Promise<readonly StoredToken[]> {
  try {
    return z.array(storedSchema).parse((await file.load()) ?? []);
  } catch (cause) {
    throw new MonitorError("DATA_DIR_UNUSABLE", "the tokens in control/tokens.json of the data folder cannot be read", {
      hint: "Restore the file from a backup, or remove it, which revokes every named token.",
      cause,
    });
  }
}
