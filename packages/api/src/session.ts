import { z } from "zod";

/** Header that every `/api` call of a session carries; its token comes once, in the sign-in answer. */
export const CSRF_HEADER = "x-nexent-csrf";

/**
 * `GET /api/session` (no CSRF token needed), and part of the answer to every session change.
 * `stage`: `signed_out`; `must_change` (signed in with the default password: change, skip or sign out only); `ready`.
 */
export const sessionSchema = z.object({
  stage: z.enum(["signed_out", "must_change", "ready"]),
  user: z.string().optional(),
  /** Whether skipping the change is offered: loopback peer, no forwarding header, loopback Host. */
  canSkip: z.boolean(),
  /** The default password is still valid and this peer may sign in with it: show the hint. */
  defaultPasswordHint: z.boolean(),
  /** Signed in, change was skipped: show the banner. */
  passwordSkipped: z.boolean(),
  version: z.string(),
});
export type Session = z.infer<typeof sessionSchema>;

/** `POST /api/session`. */
export const loginRequestSchema = z.object({ user: z.string().min(1).max(256), password: z.string().min(1).max(256) });
export type LoginRequest = z.infer<typeof loginRequestSchema>;

/** Answer to `POST /api/session`, `/api/session/password`, `/api/session/skip`: the session and its CSRF token. */
export const loginAnswerSchema = z.object({ session: sessionSchema, csrf: z.string() });
export type LoginAnswer = z.infer<typeof loginAnswerSchema>;

/** `POST /api/session/password`: 8 to 256 characters, neither the user name nor the old one. */
export const passwordRequestSchema = z.object({
  oldPassword: z.string().min(1).max(256),
  newPassword: z.string().min(1).max(256),
});
export type PasswordRequest = z.infer<typeof passwordRequestSchema>;
