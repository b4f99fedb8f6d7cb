import type { MiddlewareHandler } from "hono";
import { createTokenCheck, type VerifyToken } from "../token-check.ts";
import type { ApiEnv } from "./api-context.ts";
import { isThisMachine } from "./peer.ts";

/** Why a query client is turned away. */
export interface QueryRefusal {
  readonly status: 401 | 403;
  readonly message: string;
}

export interface QueryGuardOptions {
  /** Token that readers present; without one only this machine may read. */
  readonly readToken: string | undefined;
  /** Tokens taken besides, from any machine; default none. */
  readonly isNamedToken?: VerifyToken;
  readonly refuse: (refusal: QueryRefusal) => Response;
}

/**
 * Guards the read-only query APIs (reliability contract 7.1): with a read token everybody presents it; without one only
 * clients of this machine pass. Pages of other origins are refused either way.
 */
export function guardQueries({ readToken, isNamedToken, refuse }: QueryGuardOptions): MiddlewareHandler<ApiEnv> {
  const token = createTokenCheck(readToken, isNamedToken);
  return async (c, next) => {
    const { incoming } = c.env;
    // A page of another site can ask without an Origin header; browsers mark that.
    const site = c.req.header("sec-fetch-site");
    if (site !== undefined && site !== "none" && site !== "same-origin") {
      return refuse({ status: 403, message: "pages of other origins may not ask here" });
    }
    if (!token.allows(incoming.headers)) return refuse({ status: 401, message: "a valid read token is needed" });
    if (readToken === undefined && !isThisMachine(incoming) && !token.isPresented(incoming.headers)) {
      return refuse({ status: 401, message: "a read token is needed to read from other machines" });
    }
    return await next();
  };
}
