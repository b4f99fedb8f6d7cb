import {
  loginRequestSchema,
  passwordRequestSchema,
  type LoginAnswer,
  type Session as SessionAnswer,
} from "@nexent/monitor-api";
import type { Context } from "hono";
import { deleteCookie, setCookie } from "hono/cookie";
import type { HostRules } from "../../host-origin.ts";
import type { Log } from "../../log.ts";
import { answerData, ApiRefusal } from "../api-answer.ts";
import type { ApiApp, ApiEnv } from "../api-context.ts";
import type { LoginLimits } from "../login-limits.ts";
import { isThisMachine, peerAddress } from "../peer.ts";
import { readJson } from "../read-input.ts";
import { requireOwnOrigin, requireSession, SESSION_COOKIE, sessionOfCookie } from "../session-guard.ts";
import type { Session, Sessions } from "../sessions.ts";
import { DEFAULT_USER, type Users } from "../users.ts";

/** What signing in needs. */
export interface SignIn {
  readonly users: Users;
  readonly sessions: Sessions;
  readonly limits: LoginLimits;
  readonly hostRules: HostRules;
  readonly version: string;
  readonly log: Log;
}

/** Waits of a caller that met the full queue of hashes. */
const BUSY_RETRY_MS = 2_000;

/** `/api/session`: who am I, sign in, sign out, change or skip the password. */
export function addSessionRoutes(app: ApiApp, signIn: SignIn): void {
  const { users, sessions, hostRules } = signIn;
  const ownOrigin = requireOwnOrigin(hostRules);
  const signedIn = requireSession(sessions, { whileMustChange: true });

  app.get("/api/session", (c) => answerData(c, sessionAnswer(c, signIn, sessionOfCookie(c, sessions))));
  app.post("/api/session", ownOrigin, (c) => login(c, signIn));
  app.delete("/api/session", ownOrigin, signedIn, async (c) => {
    await sessions.end(c.get("session").key);
    deleteCookie(c, SESSION_COOKIE, { path: "/" });
    return answerData(c, sessionAnswer(c, signIn, undefined));
  });
  app.post("/api/session/skip", ownOrigin, signedIn, async (c) => {
    const session = c.get("session");
    if (!session.mustChange || !isThisMachine(c.env.incoming)) throw new ApiRefusal("FORBIDDEN", { reason: "skip" });
    await sessions.end(session.key);
    return begin(c, signIn, { user: session.user, mustChange: false, skipped: true });
  });
  app.post("/api/session/password", ownOrigin, signedIn, async (c) => {
    const { oldPassword, newPassword } = await readJson(c, passwordRequestSchema);
    const { user } = c.get("session");
    await verify(c, signIn, {
      user,
      password: oldPassword,
      wrong: new ApiRefusal("FORBIDDEN", { reason: "old_password" }),
    });
    const problem = await users.change(user, oldPassword, newPassword);
    if (problem === "busy") throw new ApiRefusal("RATE_LIMITED", {}, BUSY_RETRY_MS);
    if (problem !== undefined) throw new ApiRefusal("QUERY_INVALID", { field: "newPassword", problem });
    await sessions.endAllOf(user);
    signIn.log.info("password_changed");
    return begin(c, signIn, { user, mustChange: false, skipped: false });
  });
}

async function login(c: Context<ApiEnv>, signIn: SignIn): Promise<Response> {
  const { user, password } = await readJson(c, loginRequestSchema);
  await verify(c, signIn, { user, password, wrong: new ApiRefusal("UNAUTHENTICATED") });
  const before = sessionOfCookie(c, signIn.sessions);
  if (before !== undefined) await signIn.sessions.end(before.key);
  return begin(c, signIn, { user, mustChange: signIn.users.hasDefaultPassword(user), skipped: false });
}

/** Checks a password within the limits of sign-in attempts. @throws `wrong`, {RATE_LIMITED} */
async function verify(
  c: Context<ApiEnv>,
  { users, limits, log }: SignIn,
  given: { readonly user: string; readonly password: string; readonly wrong: ApiRefusal },
): Promise<void> {
  const isLoopback = isThisMachine(c.env.incoming);
  const admission = limits.admit({ user: given.user, address: peerAddress(c.env.incoming), isLoopback });
  if (!admission.admitted) throw new ApiRefusal("RATE_LIMITED", {}, admission.retryAfterMs);
  const verdict = await users.verify(given.user, given.password, isLoopback);
  if (verdict === "match") {
    admission.succeed();
    return;
  }
  await limits.save();
  if (verdict === "busy") throw new ApiRefusal("RATE_LIMITED", {}, BUSY_RETRY_MS);
  log.warn("sign_in_refused", { peerIsLoopback: isLoopback });
  throw given.wrong;
}

/** Starts a session with new secrets and tells them: the cookie by header, the CSRF token in the body, once. */
async function begin(
  c: Context<ApiEnv>,
  signIn: SignIn,
  session: Pick<Session, "user" | "mustChange" | "skipped">,
): Promise<Response> {
  const { id, csrf } = await signIn.sessions.start(session);
  setCookie(c, SESSION_COOKIE, id, { path: "/", httpOnly: true, sameSite: "Strict" });
  const answer: LoginAnswer = { session: sessionAnswer(c, signIn, session), csrf };
  return answerData(c, answer);
}

function sessionAnswer(
  c: Context<ApiEnv>,
  { users, version }: SignIn,
  session: Pick<Session, "user" | "mustChange" | "skipped"> | undefined,
): SessionAnswer {
  const isLocal = isThisMachine(c.env.incoming);
  const stage = session === undefined ? "signed_out" : session.mustChange ? "must_change" : "ready";
  return {
    stage,
    ...(session === undefined ? {} : { user: session.user }),
    canSkip: isLocal,
    defaultPasswordHint: isLocal && users.hasDefaultPassword(DEFAULT_USER),
    passwordSkipped: session?.skipped === true && users.hasDefaultPassword(session.user),
    version,
  };
}
