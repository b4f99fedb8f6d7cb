import { CSRF_HEADER } from "@nexent/monitor-api";
import type { Context, MiddlewareHandler } from "hono";
import { getCookie } from "hono/cookie";
import type { HostRules } from "../host-origin.ts";
import type { TokenCheck } from "../token-check.ts";
import { ApiRefusal } from "./api-answer.ts";
import type { ApiEnv } from "./api-context.ts";
import type { Session, Sessions } from "./sessions.ts";

/** Cookie of the session on plain HTTP of this machine. */
export const SESSION_COOKIE = "nexent";

/** The session of the cookie, without asking for the CSRF token: enough to say who it is, not to read anything. */
export function sessionOfCookie(c: Context<ApiEnv>, sessions: Sessions): Session | undefined {
  return sessions.find(getCookie(c, SESSION_COOKIE));
}

/** Lets only signed-in pages pass: cookie and CSRF header. @throws {UNAUTHENTICATED} {FORBIDDEN} */
export function requireSession(
  sessions: Sessions,
  options: { readonly whileMustChange?: boolean } = {},
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const session = sessionOfCookie(c, sessions);
    if (session === undefined) throw new ApiRefusal("UNAUTHENTICATED");
    if (!sessions.hasCsrf(session, c.req.header(CSRF_HEADER))) throw new ApiRefusal("FORBIDDEN", { reason: "csrf" });
    if (session.mustChange && options.whileMustChange !== true)
      throw new ApiRefusal("FORBIDDEN", { reason: "must_change" });
    c.set("session", session);
    await next();
  };
}

/** Reports over what is stored; nothing that changes, signs in or tells of other tokens. */
const REPORTS = /^\/api\/(summary|series|facets|health|requests(\/[^/]+(\/stream)?)?)$/;

/** Reports are answered to programs with a read token; everything else is left to `guard`. */
export function letReadersPass(guard: MiddlewareHandler<ApiEnv>, readToken: TokenCheck): MiddlewareHandler<ApiEnv> {
  return (c, next) =>
    c.req.method === "GET" && REPORTS.test(c.req.path) && readToken.isPresented(c.env.incoming.headers)
      ? next()
      : guard(c, next);
}

/**
 * A change must come from a page of this listener: its own Origin, or `Sec-Fetch-Site: same-origin`. A form of another
 * site sends neither. @throws {FORBIDDEN}
 */
export function requireOwnOrigin(hostRules: HostRules): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { origin, host } = c.env.incoming.headers;
    const isOwn = origin !== undefined && hostRules.isOwnOrigin(origin, host ?? "");
    if (!isOwn && c.req.header("sec-fetch-site") !== "same-origin")
      throw new ApiRefusal("FORBIDDEN", { reason: "origin" });
    await next();
  };
}
