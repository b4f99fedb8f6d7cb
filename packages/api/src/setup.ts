import { z } from "zod";
import { messageSchema } from "./envelope.ts";

/** `GET /api/setup/check`: from nothing to the first request, step by step. */
export const setupCheckSchema = z.object({
  listening: z.array(
    z.object({
      name: z.enum(["gateway", "otlp_http", "otlp_grpc", "jaeger_thrift", "dashboard"]),
      url: z.string(),
      open: z.boolean(),
    }),
  ),
  steps: z.array(
    z.object({
      id: z.enum(["port_open", "bytes_seen", "span_decoded", "llm_attributes"]),
      state: z.enum(["ok", "no", "waiting"]),
      /** Cause and remedy of the first failing step. */
      reason: messageSchema.optional(),
    }),
  ),
  /** Base URL of the gateway for applications (`…/v1`) and of the built-in model (`…/exact/v1`, absent when not running). */
  gatewayBaseUrl: z.string(),
  exactBaseUrl: z.string().optional(),
  otlpUrl: z.string(),
  /** Newest call since the server started, if any. */
  newestRequestId: z.string().optional(),
});
export type SetupCheck = z.infer<typeof setupCheckSchema>;

/** `POST /api/setup/test`: sends one request through the gateway to the built-in model. */
export const setupTestSchema = z.object({
  sent: z.boolean(),
  status: z.number().optional(),
  reason: messageSchema.optional(),
});
export type SetupTest = z.infer<typeof setupTestSchema>;
