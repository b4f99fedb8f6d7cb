import { CSRF_HEADER, errorBodySchema, metaSchema } from "@nexent/monitor-api";
import { ApiError } from "./api-error.ts";
import { csrfToken } from "./csrf-token.ts";
import { noteAnswer, noteSilence } from "./server-contact.ts";

/** Anything that checks a value and gives it a type; the schemas of the API package fit. */
export interface Schema<T> {
  readonly parse: (value: unknown) => T;
}

/** What a number rests on, from the envelope. */
export interface Meta {
  readonly exact: boolean;
  /** Of percentiles that are not exact, a share. */
  readonly relativeError?: number | undefined;
  readonly tookMs: number;
  readonly n?: number | undefined;
}

export interface Answer<T> {
  readonly data: T;
  readonly meta: Meta;
}

export type QueryValue = string | number | readonly string[] | undefined;

interface Call<T> {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly body?: unknown;
  readonly schema: Schema<T>;
  readonly signal?: AbortSignal | undefined;
}

let onSignedOut: (() => void) | undefined;
/** What to do when the server no longer knows this session. */
export function whenSignedOut(action: () => void): void {
  onSignedOut = action;
}

/** Path and query, lists as repeated keys, absent values left out. */
export function address(path: string, query: Readonly<Record<string, QueryValue>> = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined) continue;
    for (const item of typeof value === "object" ? value : [String(value)]) params.append(key, item);
  }
  const text = params.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** Headers that every call of a session carries. */
export function sessionHeaders(): Record<string, string> {
  const token = csrfToken();
  return token === undefined ? {} : { [CSRF_HEADER]: token };
}

/** One API call. @throws ApiError; an aborted call throws the signal's reason. */
export async function call<T>(request: Call<T>): Promise<Answer<T>> {
  const response = await send(request);
  if (!response.ok) throw await failure(response, request.path);
  const envelope: unknown = await response.json().catch((cause: unknown) => {
    throw request.signal?.aborted === true ? cause : new ApiError({ id: "contract", status: response.status, cause });
  });
  return open(envelope, request.schema, response.status);
}

async function send<T>(request: Call<T>): Promise<Response> {
  const headers = sessionHeaders();
  headers["accept"] = "application/json";
  const init: RequestInit = { method: request.method ?? "GET", headers, credentials: "same-origin", cache: "no-store" };
  if (request.signal !== undefined) init.signal = request.signal;
  if (request.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(request.body);
  }
  try {
    const response = await fetch(address(request.path, request.query), init);
    noteAnswer();
    return response;
  } catch (cause) {
    if (request.signal?.aborted === true) throw cause;
    noteSilence();
    throw new ApiError({ id: "network", status: 0, cause });
  }
}

function open<T>(envelope: unknown, schema: Schema<T>, status: number): Answer<T> {
  try {
    if (typeof envelope !== "object" || envelope === null || !("data" in envelope) || !("meta" in envelope)) {
      throw new TypeError("an answer without data and meta");
    }
    return { data: schema.parse(envelope.data), meta: metaSchema.parse(envelope.meta) };
  } catch (cause) {
    throw new ApiError({ id: "contract", status, cause });
  }
}

async function failure(response: Response, path: string): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => undefined);
  const parsed = errorBodySchema.safeParse(body);
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  const error = new ApiError({
    id: parsed.success ? parsed.data.error.id : "contract",
    status: response.status,
    params: parsed.success ? parsed.data.error.params : { status: response.status },
    requestId: parsed.success ? parsed.data.error.requestId : undefined,
    retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : undefined,
  });
  // A refused sign-in is an answer to the form, not a lost session.
  if (response.status === 401 && !path.startsWith("/api/session")) onSignedOut?.();
  return error;
}
