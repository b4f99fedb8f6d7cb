import { z } from "zod";

/**
 * What a number rests on: `n` requests, and how long the server took. Counts and sums are always exact; where `exact` is
 * false, percentiles are sketches, at most `relativeError` (a share) away from the exact ones.
 */
export const metaSchema = z.object({
  n: z.number().int().nonnegative().optional(),
  exact: z.boolean(),
  relativeError: z.number().positive().optional(),
  tookMs: z.number().nonnegative(),
});

/** Wraps an answer as `{ data, meta }`. */
export function envelope<T extends z.ZodType>(data: T) {
  return z.object({ data, meta: metaSchema });
}

/** A message id with typed parameters; the reader's language turns it into a sentence (the server sends no prose). */
export const messageSchema = z.object({
  id: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type Message = z.infer<typeof messageSchema>;

/** Every error of the API. `id` is an ErrorCode of core; `requestId` is also in the server's log. */
export const errorBodySchema = z.object({
  error: z.object({
    id: z.string(),
    params: z.record(z.string(), z.union([z.string(), z.number()])),
    requestId: z.string(),
  }),
});
export type ErrorBody = z.infer<typeof errorBodySchema>;
