import { LIMITS, MonitorError } from "@nexent/monitor-core";
import { z } from "zod";
import type { ControlFile } from "../control-file.ts";
import type { PasswordHasher } from "./password-hash.ts";
import { equalText } from "./secret.ts";

/** The account of a fresh installation; its password must be changed, or skipped on this machine. */
export const DEFAULT_USER = "admin";
const DEFAULT_PASSWORD = "admin";

/** A user without a hash still has the default password. */
const schema = z.array(z.object({ name: z.string(), hash: z.string().optional() }));
type User = z.infer<typeof schema>[number];

type PasswordVerdict = "match" | "mismatch" | "busy";
type PasswordProblem = "too_short" | "too_long" | "is_user_name" | "is_old" | "busy";

/** People who may sign in. Changes are durable before they are answered. */
export interface Users {
  hasDefaultPassword(name: string): boolean;
  /**
   * Takes the same time for known and unknown names.
   * @param allowDefault whether this peer may sign in with the default password.
   */
  verify(name: string, password: string, allowDefault: boolean): Promise<PasswordVerdict>;
  /** Sets a new password, the old one is checked before. @returns what is wrong with it, if anything. */
  change(name: string, oldPassword: string, newPassword: string): Promise<PasswordProblem | undefined>;
}

/** @throws {DATA_DIR_UNUSABLE} when the file of users cannot be read; nobody is let in on a guess. */
export async function loadUsers(file: ControlFile, hasher: PasswordHasher): Promise<Users> {
  const saved = await readUsers(file);
  const users = new Map(saved.map((user) => [user.name, user]));

  async function store(user: User): Promise<void> {
    const next = new Map(users).set(user.name, user);
    await file.save([...next.values()]);
    users.set(user.name, user);
  }

  async function rehash(name: string, password: string): Promise<void> {
    const hash = await hasher.hash(password);
    if (hash !== undefined) await store({ name, hash });
  }

  return {
    hasDefaultPassword(name) {
      const user = users.get(name);
      return user !== undefined && user.hash === undefined;
    },
    async verify(name, password, allowDefault) {
      const user = users.get(name);
      const verdict = await hasher.verify(password, user?.hash);
      if (user === undefined || verdict === "busy") return verdict;
      if (user.hash === undefined) return allowDefault && equalText(password, DEFAULT_PASSWORD) ? "match" : "mismatch";
      if (verdict === "match" && hasher.isOutdated(user.hash)) await rehash(name, password);
      return verdict;
    },
    async change(name, oldPassword, newPassword) {
      const problem = problemOf(name, oldPassword, newPassword);
      if (problem !== undefined) return problem;
      const hash = await hasher.hash(newPassword);
      if (hash === undefined) return "busy";
      await store({ name, hash });
      return undefined;
    },
  };
}

async function readUsers(file: ControlFile): Promise<readonly User[]> {
  let value: unknown;
  try {
    value = await file.load();
  } catch (cause) {
    throw unreadable(cause);
  }
  if (value === undefined) return [{ name: DEFAULT_USER }];
  const parsed = schema.safeParse(value);
  if (!parsed.success || parsed.data.length === 0) throw unreadable(parsed.error);
  return parsed.data;
}

function unreadable(cause: unknown): MonitorError {
  return new MonitorError("DATA_DIR_UNUSABLE", "the users in control/users.json of the data folder cannot be read", {
    hint: "Restore the file from a backup, or remove it to start again with admin / admin on this machine.",
    cause,
  });
}

function problemOf(name: string, oldPassword: string, newPassword: string): PasswordProblem | undefined {
  if (newPassword.length < LIMITS.passwordMinLength) return "too_short";
  if (newPassword.length > LIMITS.passwordMaxLength) return "too_long";
  if (newPassword.toLowerCase() === name.toLowerCase()) return "is_user_name";
  return newPassword === oldPassword ? "is_old" : undefined;
}
