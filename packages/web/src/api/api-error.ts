/** Why an API call gave nothing. `id` is an error code of the server, or `network` or `contract`. */
export class ApiError extends Error {
  readonly id: string;
  readonly params: Readonly<Record<string, string | number>>;
  readonly requestId: string | undefined;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Seconds the server asks to wait. */
  readonly retryAfterSeconds: number | undefined;

  constructor(fields: {
    readonly id: string;
    readonly status: number;
    readonly params?: Readonly<Record<string, string | number>> | undefined;
    readonly requestId?: string | undefined;
    readonly retryAfterSeconds?: number | undefined;
    readonly cause?: unknown;
  }) {
    super(`${fields.id} (${fields.status})`, { cause: fields.cause });
    this.name = "ApiError";
    this.id = fields.id;
    this.status = fields.status;
    this.params = fields.params ?? {};
    this.requestId = fields.requestId;
    this.retryAfterSeconds = fields.retryAfterSeconds;
  }
}
