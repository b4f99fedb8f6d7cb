import { z } from "zod";
import { pipelineSchema } from "./summary.ts";
import { openCallsSchema } from "./in-flight.ts";
import { requestRowSchema } from "./requests.ts";

/**
 * `GET /api/live?topics=kpi,requests,open`: Server-Sent Events read with `fetch` (a CSRF header is needed). Events are
 * `hello` `kpi` `row` `open` `resync`; each has an `id:`, a gap after reconnecting with `Last-Event-ID` gives `resync`.
 */
export const liveEventSchema = z.discriminatedUnion("event", [
  z.object({ event: z.literal("hello"), data: z.object({ serverTimeMs: z.number(), version: z.string() }) }),
  z.object({
    event: z.literal("kpi"),
    data: z.object({
      pipeline: pipelineSchema,
      /** Ended requests per second over the last 10 s. */
      requestsPerSecond: z.number(),
    }),
  }),
  z.object({ event: z.literal("row"), data: requestRowSchema }),
  z.object({ event: z.literal("open"), data: openCallsSchema }),
  z.object({ event: z.literal("resync"), data: z.object({ missed: z.number() }) }),
]);
export type LiveEvent = z.infer<typeof liveEventSchema>;
export const LIVE_TOPICS = ["kpi", "requests", "open"] as const;
