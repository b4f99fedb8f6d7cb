import { z } from "zod";

/** What a named token opens: the receivers, or the read-only APIs. */
export const TOKEN_SCOPES = ["ingest", "read"] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "must be 1 to 64 letters, digits, dots, _ or -");

/** `POST /api/tokens`: makes a token; the name must be free. */
export const createTokenSchema = z.strictObject({ name, scope: z.enum(TOKEN_SCOPES) });

/** `POST /api/tokens/revoke`. */
export const revokeTokenSchema = z.strictObject({ name });

/** A token as it is listed. */
export const tokenInfoSchema = z.object({ name, scope: z.enum(TOKEN_SCOPES), createdAt: z.iso.datetime() });
export type TokenInfo = z.infer<typeof tokenInfoSchema>;

/** Answer of `GET /api/tokens`. */
export const tokenListSchema = z.object({ tokens: z.array(tokenInfoSchema) });

/** Answer of `POST /api/tokens`: the only time the token itself is shown. */
export const createdTokenSchema = tokenInfoSchema.extend({ token: z.string() });

/** Answer of `POST /api/tokens/revoke`; false when there was none of that name. */
export const revokedTokenSchema = z.object({ revoked: z.boolean() });
