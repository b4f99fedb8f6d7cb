import { z } from "zod";

/** A statistic over present values: absent when unknown; tails only from 20 requests on. */
export const statSchema = z.object({
  n: z.number().int().nonnegative(),
  p50: z.number().optional(),
  p95: z.number().optional(),
  p10: z.number().optional(),
});
export type Stat = z.infer<typeof statSchema>;

/** The six tiles. Attempts are what is counted, as in the metric families. Seconds, tokens/s, shares 0..1. */
export const tilesSchema = z.object({
  attempts: z.number().int().nonnegative(),
  requestsPerSecond: z.number(),
  /** Error attempts / attempts, `abandoned` left out; absent without attempts. */
  errorRate: z.number().optional(),
  errors: z.number().int().nonnegative(),
  ttft: statSchema,
  speed: statSchema,
  duration: statSchema,
  /** Mean number of open requests over the range, by Little's law. */
  meanInFlight: z.number().optional(),
});
export type Tiles = z.infer<typeof tilesSchema>;

/** At most 60 points per tile; null where nothing is known. */
export const sparklinesSchema = z.object({
  requestsPerSecond: z.array(z.number().nullable()),
  errorRate: z.array(z.number().nullable()),
  ttftP50: z.array(z.number().nullable()),
  speedP50: z.array(z.number().nullable()),
  durationP50: z.array(z.number().nullable()),
  meanInFlight: z.array(z.number().nullable()),
});

export const modelRowSchema = z.object({
  model: z.string(),
  attempts: z.number().int(),
  errorRate: z.number().optional(),
  ttft: statSchema,
  speed: statSchema,
  duration: statSchema,
  outputTokens: z.number().optional(),
});
export type ModelRow = z.infer<typeof modelRowSchema>;

/** `GET /api/summary`. */
export const summarySchema = z.object({
  tiles: tilesSchema,
  /** The range of equal length before this one; absent when it holds nothing. */
  previous: tilesSchema.optional(),
  sparklines: sparklinesSchema,
  models: z.array(modelRowSchema),
  /** Configured thresholds, drawn as lines. */
  slowTokenRate: z.number(),
  slowRequestSeconds: z.number(),
  /** Start of the newest call ever stored, Unix ms; absent = never any data. */
  newestCallMs: z.number().optional(),
});
export type Summary = z.infer<typeof summarySchema>;

/** `GET /api/series`: closed buckets; `null` is a gap, never bridged. At most 6 groups, the rest folded into `other`. */
export const seriesSchema = z.object({
  stepMs: z.number(),
  /** Bucket starts, Unix ms, ascending, gap-free. */
  times: z.array(z.number()),
  series: z.array(
    z.object({
      /** Model name, or absent for the total. */
      model: z.string().optional(),
      /** How many models were folded, when this is the rest. */
      folded: z.number().optional(),
      stat: z.enum(["p50", "p95", "p10", "value"]),
      n: z.number(),
      values: z.array(z.number().nullable()),
    }),
  ),
});
export type Series = z.infer<typeof seriesSchema>;

const facetSchema = z.array(z.object({ value: z.string(), calls: z.number() }));
/** `GET /api/facets`. */
export const facetsSchema = z.object({
  services: facetSchema,
  models: facetSchema,
  operations: facetSchema,
  providers: facetSchema,
  /** Stable accent index (0..) per model, given on first sight. */
  accents: z.record(z.string(), z.number().int()),
});
export type FacetsAnswer = z.infer<typeof facetsSchema>;

/** `GET /api/health`: the pipeline footer. */
export const pipelineSchema = z.object({
  spansPerSecond: z.number(),
  spansAccepted: z.number(),
  spansRejected: z.number(),
  spansStored: z.number(),
  bytesOnDisk: z.number(),
  indexLagSeconds: z.number(),
  damagedFrames: z.number(),
  storageDegraded: z.boolean(),
  serverTimeMs: z.number(),
});
export type Pipeline = z.infer<typeof pipelineSchema>;
