import { z } from "zod";

const epochMs = z.number().int().min(0).max(8_640_000_000_000_000);
const text = z.string().min(1).max(1_024);

/** `POST /api/data/purge/preview`: conditions joined by AND, or `all`. `from` and `to`: starts, Unix ms, half-open. */
export const purgeSelectorSchema = z
  .strictObject({
    all: z.literal(true).optional(),
    from: epochMs.optional(),
    to: epochMs.optional(),
    service: text.optional(),
    model: text.optional(),
    traceId: z
      .string()
      .regex(/^[0-9a-f]{32}$/, "must be 32 hex digits")
      .optional(),
  })
  .refine(({ all, ...conditions }) => (all === true) !== Object.values(conditions).some((one) => one !== undefined), {
    message: "name a condition, or all",
  });
export type PurgeSelectorInput = z.infer<typeof purgeSelectorSchema>;

/** What a purge would erase; `planId` is good for one purge within 10 min. */
export const purgePreviewSchema = z.object({
  planId: z.string(),
  spans: z.number().int().nonnegative(),
  traces: z.number().int().nonnegative(),
  /** `2026-11-24`, oldest first. */
  days: z.array(z.string()),
  bytesToRewrite: z.number().nonnegative(),
  /** Files that could not be read; a purge erases them too. */
  quarantinedFiles: z.number().int().nonnegative(),
});
export type PurgePreviewAnswer = z.infer<typeof purgePreviewSchema>;

/** `POST /api/data/purge`. */
export const purgeRequestSchema = z.strictObject({ planId: z.string().min(1).max(64) });

/** What a purge erased. */
export const purgeReportSchema = z.object({
  planId: z.string(),
  previewedSpans: z.number().int().nonnegative(),
  spans: z.number().int().nonnegative(),
  /** Samples of the same time; selectors by service, model or trace leave samples alone. */
  metricSamples: z.number().int().nonnegative(),
});
export type PurgeReportAnswer = z.infer<typeof purgeReportSchema>;

/** `POST /api/data/retain`: removes what is beyond the configured age and size, now. */
export const retentionReportSchema = z.object({
  days: z.array(z.string()),
  spans: z.number().int().nonnegative(),
  freedBytes: z.number().nonnegative(),
  /** Nothing was removed: the wall clock jumped, and only a second call believes it. */
  held: z.enum(["clock-jump"]).optional(),
});
export type RetentionReportAnswer = z.infer<typeof retentionReportSchema>;

/** `POST /api/data/verify`: what reading every file found, oldest day first. */
export const verifyReportSchema = z.object({
  metricDays: z.array(
    z.object({
      day: z.string(),
      samples: z.number().int().nonnegative(),
      bytes: z.number().nonnegative(),
      problem: z.string().optional(),
    }),
  ),
  days: z.array(
    z.object({
      day: z.string(),
      sealed: z.boolean(),
      spans: z.number().int().nonnegative(),
      bytes: z.number().nonnegative(),
      /** Absent when everything could be read. */
      problem: z.string().optional(),
    }),
  ),
});
export type VerifyReportAnswer = z.infer<typeof verifyReportSchema>;

/** `POST /api/data/backup`, from this machine only: an absolute path that does not exist or is empty. */
export const backupRequestSchema = z.strictObject({ directory: z.string().min(1).max(4_096) });

/** What a backup copied. */
export const backupReportSchema = z.object({
  directory: z.string(),
  files: z.number().int().nonnegative(),
  bytes: z.number().nonnegative(),
});
export type BackupReportAnswer = z.infer<typeof backupReportSchema>;
