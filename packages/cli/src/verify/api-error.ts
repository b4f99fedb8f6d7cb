import { z } from "zod";

const text = z.string().optional().catch(undefined);
const faultSchema = z.looseObject({
  error: z.looseObject({
    message: text,
    code: z.union([z.string(), z.number()]).optional().catch(undefined),
    type: text,
  }),
});

/** An error answer or error event, with the name and the fields that client libraries give it. */
export class APIError extends Error {
  /** HTTP status; `undefined` for an error event under status 200. */
  readonly status: number | undefined;
  readonly code: string | number | undefined;
  readonly type: string | undefined;
  /** The `error` member as it came. */
  readonly error: unknown;

  constructor(status: number | undefined, body: unknown) {
    const fault = faultOf(body);
    super(fault.message ?? `status ${String(status)}`);
    this.name = "APIError";
    this.status = status;
    this.code = fault.code;
    this.type = fault.type;
    this.error = fault;
  }
}

/** Whether a parsed value of a stream is an error. */
export function hasError(value: unknown): boolean {
  return typeof value === "object" && value !== null && "error" in value && Boolean(value.error);
}

function faultOf(body: unknown): Partial<z.output<typeof faultSchema>["error"]> {
  const parsed = faultSchema.safeParse(body);
  return parsed.success ? parsed.data.error : {};
}
