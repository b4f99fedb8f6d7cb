import { z } from "zod";

/** Text of an open call; the gateway cuts names itself. */
const name = z.string().max(256);
const milliseconds = z.number().nonnegative();

/**
 * One LLM call that is open in the gateway. Absent = not known, or not yet there. `id` is `<trace id>-<span id>`, under
 * which the ended call is found.
 */
export const openCallSchema = z.object({
  id: z
    .string()
    .regex(/^[0-9a-f]{32}-[0-9a-f]{16}$/)
    .optional(),
  model: name,
  upstream: name,
  provider: name,
  operation: name,
  streaming: z.boolean(),
  /** `connecting` until a connection takes the request, `waiting` for the first token. */
  state: z.enum(["connecting", "waiting", "streaming", "stalled"]),
  elapsedMs: milliseconds,
  ttftMs: milliseconds.optional(),
  outputTokens: z.number().int().nonnegative().optional(),
  /** The tokens are estimated from bytes. */
  estimated: z.boolean(),
  /** Since the latest counted chunk. */
  sinceTokenMs: milliseconds.optional(),
});
export type OpenCall = z.infer<typeof openCallSchema>;

/** `GET /inflight` of the gateway. `observed` is false while its telemetry is off. */
export const inFlightSchema = z.object({
  observed: z.boolean(),
  /** Open calls; the list holds the oldest of them. */
  total: z.number().int().nonnegative(),
  calls: z.array(openCallSchema).max(1_000),
});

/** Event `open` of the live feed. `total` is absent when the gateway cannot be asked, or does not look. */
export const openCallsSchema = z.object({
  total: z.number().int().nonnegative().optional(),
  calls: z.array(openCallSchema),
});
export type OpenCalls = z.infer<typeof openCallsSchema>;
