/** The optional YAML file of the gateway (`GATEWAY_CONFIG`). Unknown keys are errors: a misspelt limit must not be ignored. */
import { readFileSync } from "node:fs";
import { parseDocument, type Document } from "yaml";
import { z } from "zod";
import { baseUrlSchema } from "./base-url.ts";

const milliseconds = z.int().min(0).max(86_400_000);
const shortName = z.string().regex(/^[\w.:/-]{1,64}$/, "must be a short name such as openai or vllm");
const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$/, "must be the name of a header");

const upstreamSchema = z.strictObject({
  prefix: z.string().optional(),
  baseUrl: baseUrlSchema.optional(),
  provider: shortName.optional(),
  format: z.enum(["auto", "openai", "anthropic", "gemini", "ollama", "opaque"]).optional(),
  models: z.array(z.string().min(1).max(256)).max(1000).optional(),
  usage: z.enum(["inject", "observe"]).optional(),
  tracing: z.enum(["pass", "propagate", "strip"]).optional(),
  stall: z.enum(["observe", "abort"]).optional(),
  apiKeyEnv: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "is the name of a variable, not a key")
    .optional(),
  authHeader: headerName.optional(),
  streamIdleTimeoutMs: milliseconds.optional(),
  enabled: z.boolean().optional(),
});

const fileSchema = z.strictObject({
  listen: z
    .strictObject({ host: z.string().min(1).optional(), port: z.int().min(0).max(65_535).optional() })
    .optional(),
  upstreams: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "must be a short name"), upstreamSchema).optional(),
  usage: z.enum(["inject", "observe"]).optional(),
  stall: z.enum(["observe", "abort"]).optional(),
  accessLog: z.boolean().optional(),
  workers: z.int().min(1).max(64).optional(),
  drainTimeoutMs: milliseconds.optional(),
  limits: z
    .strictObject({
      bufferedBodyBytes: z
        .int()
        .min(1024)
        .max(256 * 1024 * 1024)
        .optional(),
      openRequests: z.int().min(1).max(1_000_000).optional(),
    })
    .optional(),
});

/** One upstream as the file names it; absent keys come from a preset or the default. */
export type UpstreamSettings = z.infer<typeof upstreamSchema>;

/** The file's content; everything may be absent. */
export type FileSettings = z.infer<typeof fileSchema>;

const TOO_MANY_ALIASES = Symbol("too many aliases");

/** The document as plain values. Aliases are bounded, or a few lines could grow into gigabytes. */
function plainValue(document: Document.Parsed): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return TOO_MANY_ALIASES;
  }
}

/** Reads and checks the file. Problems are added to `problems`, each a sentence; the settings are empty then. */
export function readConfigFile(path: string | undefined, problems: string[]): FileSettings {
  if (path === undefined) return {};
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    problems.push(`GATEWAY_CONFIG: ${path} cannot be read`);
    return {};
  }
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  if (document.errors.length > 0) {
    problems.push(...document.errors.map((error) => `${path}: ${error.message.split("\n", 1)[0] ?? "is not YAML"}`));
    return {};
  }
  const value = plainValue(document);
  if (value === TOO_MANY_ALIASES) {
    problems.push(`${path}: its aliases refer to too much`);
    return {};
  }
  const parsed = fileSchema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    problems.push(`${path}: ${issue.path.length === 0 ? "" : `${issue.path.join(".")}: `}${issue.message}`);
  }
  return {};
}
