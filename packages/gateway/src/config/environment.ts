/** The gateway's environment variables; each wins over the key of the file. */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { baseUrlSchema } from "./base-url.ts";

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

const TOKEN_CHARACTERS = 32;

function list(text: string): string[] {
  return text
    .split(/[\s,]+/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

const token = z.string().min(TOKEN_CHARACTERS, `a token needs at least ${TOKEN_CHARACTERS} characters`);

const SCHEMA = z.object({
  GATEWAY_CONFIG: z.string().optional(),
  GATEWAY_HOST: z.string().optional(),
  GATEWAY_PORT: z.coerce.number().int().min(0).max(65_535).optional(),
  UPSTREAM_BASE_URL: baseUrlSchema.optional(),
  UPSTREAM_PROVIDER: z
    .string()
    .regex(/^[\w.:/-]{1,64}$/, "must be a short name such as openai or vllm")
    .optional(),
  UPSTREAM_API_KEY: z.string().optional(),
  UPSTREAM_MODELS: z.string().transform(list).optional(),
  GATEWAY_EXACT_BASE_URL: baseUrlSchema.optional(),
  GATEWAY_TOKENS: z.string().transform(list).pipe(z.array(token)).default([]),
  GATEWAY_TOKENS_FILE: z.string().optional(),
  GATEWAY_WORKERS: z.coerce.number().int().min(1).max(64).optional(),
  GATEWAY_DRAIN_TIMEOUT_MS: z.coerce.number().int().min(0).max(3_600_000).optional(),
  GATEWAY_STALL: z.enum(["observe", "abort"]).optional(),
  GATEWAY_ACCESS_LOG: z.stringbool().optional(),
  GATEWAY_LOG_LEVEL: z.enum(["debug", "info", "warn", "error", "silent"]).default("info"),
  LLM_MONITOR_INJECT_USAGE: z.stringbool().optional(),
  LLM_MONITOR_READ_TOKEN: token.optional(),
  LLM_MONITOR_ALLOWED_HOSTS: z.string().transform(list).default([]),
  LLM_MONITOR_ALLOWED_ORIGINS: z.string().transform(list).default([]),
});

/** What the environment says; absent = not given. */
export type EnvironmentSettings = z.infer<typeof SCHEMA>;

/** An empty variable is unset. */
function given(env: Environment): Record<string, string> {
  const known: Record<string, string> = {};
  for (const name of Object.keys(SCHEMA.shape)) {
    const value = env[name]?.trim();
    if (value !== undefined && value !== "") known[name] = value;
  }
  return known;
}

/** Reads the variables. Bad ones are added to `problems`, each a sentence, and count as not given. */
export function readEnvironment(env: Environment, problems: string[]): EnvironmentSettings {
  const values = given(env);
  const parsed = SCHEMA.safeParse(values);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) {
    const name = String(issue.path[0]);
    problems.push(`${name}: ${issue.message}`);
    delete values[name];
  }
  return SCHEMA.parse(values);
}

/** Tokens of `GATEWAY_TOKENS_FILE`, separated by commas or white space. */
export function readTokenFile(path: string | undefined, problems: string[]): string[] {
  if (path === undefined) return [];
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    problems.push(`GATEWAY_TOKENS_FILE: ${path} cannot be read`);
    return [];
  }
  const tokens = list(text);
  if (tokens.some((candidate) => candidate.length < TOKEN_CHARACTERS)) {
    problems.push(`GATEWAY_TOKENS_FILE: a token needs at least ${TOKEN_CHARACTERS} characters`);
  }
  return tokens;
}
