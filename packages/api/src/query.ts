import { z } from "zod";

const list = z
  .union([z.string(), z.array(z.string())])
  .transform((value) => (typeof value === "string" ? [value] : value))
  .pipe(z.array(z.string().max(256)).max(50));

const epochMs = z.coerce.number().int().min(0).max(8_640_000_000_000_000);

/** Query parameters that every range question takes: `from`, `to` (Unix ms, half-open), `m`, `op`, `prov` (repeatable). */
export const rangeQuerySchema = z.object({
  from: epochMs,
  to: epochMs,
  m: list.optional(),
  op: list.optional(),
  prov: list.optional(),
});
export type RangeQuery = z.infer<typeof rangeQuerySchema>;

/** `GET /api/series`. One answer per metric; `step` is chosen by the server. */
export const seriesQuerySchema = rangeQuerySchema.extend({
  metric: z.enum(["ttft", "speed", "duration", "requests", "error_rate"]),
  by: z.enum(["model", "none"]).default("model"),
});
export type SeriesQuery = z.input<typeof seriesQuerySchema>;

export const requestSortSchema = z.enum(["start", "ttft", "speed", "duration", "in", "out", "stalls"]);
export type RequestSort = z.infer<typeof requestSortSchema>;

/** `GET /api/requests`. `sort` with a leading `-` is descending; default `-start`. `f` is free text (ids, model, error). */
export const requestsQuerySchema = rangeQuerySchema.extend({
  outcome: list.optional(),
  f: z.string().max(16_384).optional(),
  sort: z
    .string()
    .regex(/^-?(start|ttft|speed|duration|in|out|stalls)$/)
    .default("-start"),
  cursor: z.string().max(512).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
export type RequestsQuery = z.input<typeof requestsQuerySchema>;

/** Bucket width by range, as in the dashboard contract: at most 1,000 points. */
export const SERIES_STEPS: readonly { readonly upToMs: number; readonly stepMs: number }[] = [
  { upToMs: 15 * 60_000, stepMs: 1_000 },
  { upToMs: 60 * 60_000, stepMs: 5_000 },
  { upToMs: 6 * 3_600_000, stepMs: 30_000 },
  { upToMs: 24 * 3_600_000, stepMs: 120_000 },
  { upToMs: 7 * 86_400_000, stepMs: 900_000 },
  { upToMs: Number.MAX_SAFE_INTEGER, stepMs: 3_600_000 },
];
