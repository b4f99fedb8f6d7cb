import type { IncomingMessage } from "node:http";
import { jsonDepthExceeds, LIMITS } from "@nexent/monitor-core";
import type { Context } from "hono";
import type { z } from "zod";
import type { ApiEnv } from "./api-context.ts";
import { ApiRefusal } from "./api-answer.ts";

/** Largest body our own pages send. */
const MAX_BODY_BYTES = 64 * 1024;

/** The query of a request, checked. @throws {QUERY_INVALID} naming the first wrong parameter. */
export function readQuery<T extends z.ZodType>(c: Context<ApiEnv>, schema: T): z.output<T> {
  const target = c.env.incoming.url ?? "";
  const mark = target.indexOf("?");
  const values = new Map<string, string[]>();
  for (const [key, value] of new URLSearchParams(mark === -1 ? "" : target.slice(mark))) {
    values.set(key, [...(values.get(key) ?? []), value]);
  }
  // `fromEntries` makes own keys of any name; the schema drops those it does not know.
  return check(schema, Object.fromEntries([...values].map(([key, list]) => [key, list.length === 1 ? list[0] : list])));
}

/** The JSON body of a request, checked: size first, depth second. @throws {QUERY_INVALID} {PAYLOAD_TOO_LARGE} */
export async function readJson<T extends z.ZodType>(c: Context<ApiEnv>, schema: T): Promise<z.output<T>> {
  const type = c.env.incoming.headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase();
  if (type !== "application/json") throw new ApiRefusal("UNSUPPORTED_MEDIA_TYPE");
  const text = await readText(c.env.incoming);
  if (jsonDepthExceeds(text, LIMITS.valueNesting)) throw new ApiRefusal("QUERY_INVALID", { problem: "nesting" });
  return check(schema, parse(text));
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes: Buffer = chunk;
    size += bytes.byteLength;
    if (size > MAX_BODY_BYTES) throw new ApiRefusal("PAYLOAD_TOO_LARGE");
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text === "" ? "{}" : text);
  } catch {
    throw new ApiRefusal("QUERY_INVALID", { problem: "not JSON" });
  }
}

function check<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ApiRefusal("QUERY_INVALID", { field: issue?.path.join(".") ?? "", problem: issue?.message ?? "" });
}
