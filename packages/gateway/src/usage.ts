/**
 * Usage policy `inject` (gateway contract 7): asks OpenAI streams for usage by one splice into the request, remembers
 * upstreams that reject it, and decides whether a 400 was ours.
 */

const SPLICE = Buffer.from('"stream_options":{"include_usage":true},');
const OPEN_BRACE = 0x7b;

/** The body with the usage request spliced in after its first `{`; everything else is byte-identical. */
export function withUsageRequest(body: Buffer): Buffer | undefined {
  const at = body.indexOf(OPEN_BRACE);
  if (at < 0) return undefined;
  return Buffer.concat([body.subarray(0, at + 1), SPLICE, body.subarray(at + 1)]);
}

/** Whether a parsed request body may be asked for usage: it streams and says nothing about stream options itself. */
export function wantsUsage(parsed: unknown): boolean {
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return false;
  return "stream" in parsed && parsed.stream === true && !Object.hasOwn(parsed, "stream_options");
}

/** Whether an error body complains about the field we added. */
export function namesUsageOption(body: Buffer): boolean {
  return body.includes("stream_options") || body.includes("include_usage");
}

/** What is known about asking one model of one upstream for usage. */
export type UsageSupport = "unknown" | "works" | "rejects";

/** Remembers pairs of upstream and model for the life of the process. */
export interface UsageMemory {
  support(upstream: string, model: string): UsageSupport;
  remember(upstream: string, model: string, support: "works" | "rejects"): void;
}

/** A memory of at most `maxPairs` (default 1,000); the oldest pair is forgotten first. */
export function createUsageMemory(maxPairs = 1_000): UsageMemory {
  const pairs = new Map<string, "works" | "rejects">();
  const keyOf = (upstream: string, model: string): string => `${upstream}\n${model}`;
  return {
    support: (upstream, model) => pairs.get(keyOf(upstream, model)) ?? "unknown",
    remember(upstream, model, support) {
      const key = keyOf(upstream, model);
      if (pairs.get(key) === support) return;
      pairs.delete(key);
      pairs.set(key, support);
      if (pairs.size <= maxPairs) return;
      for (const oldest of pairs.keys()) {
        pairs.delete(oldest);
        break;
      }
    },
  };
}
