/**
 * Hosts of known providers -> `gen_ai.provider.name` (values of measurement contract 5.2; `ollama` is the name the
 * gateway's preset gives). A `*` stands for at least one character; there is at most one.
 */
const HOSTS: readonly (readonly [provider: string, ...patterns: readonly string[]])[] = [
  ["openai", "api.openai.com", "*.api.openai.com"],
  ["anthropic", "api.anthropic.com"],
  ["gcp.gemini", "generativelanguage.googleapis.com"],
  ["gcp.vertex_ai", "aiplatform.googleapis.com", "*-aiplatform.googleapis.com", "aiplatform.*.rep.googleapis.com"],
  ["azure.ai.openai", "*.openai.azure.com", "*.openai.azure.us", "*.openai.azure.cn", "*.cognitiveservices.azure.com"],
  ["azure.ai.inference", "*.services.ai.azure.com", "*.models.ai.azure.com", "models.inference.ai.azure.com"],
  ["azure.ai.inference", "models.github.ai"],
  ["aws.bedrock", "bedrock-runtime.*.amazonaws.com", "bedrock-runtime-fips.*.amazonaws.com"],
  ["aws.bedrock", "bedrock-runtime.*.amazonaws.com.cn", "bedrock-mantle.*.api.aws"],
  ["cohere", "api.cohere.com", "api.cohere.ai"],
  ["deepseek", "api.deepseek.com"],
  ["groq", "api.groq.com"],
  ["ibm.watsonx.ai", "*.ml.cloud.ibm.com"],
  ["mistral_ai", "api.mistral.ai", "codestral.mistral.ai"],
  ["moonshot_ai", "api.moonshot.cn", "api.moonshot.ai"],
  ["perplexity", "api.perplexity.ai"],
  ["x_ai", "api.x.ai", "*.api.x.ai"],
  // Ollama listens on this port of the own machine unless told otherwise.
  ["ollama", "localhost:11434", "127.0.0.1:11434", "[::1]:11434", "ollama.com"],
];

/** Longest DNS name, and a port behind it. */
const MAX_HOST_LENGTH = 260;

interface Wildcard {
  readonly before: string;
  readonly after: string;
  readonly provider: string;
}

const EXACT = new Map<string, string>();
const WILDCARDS: Wildcard[] = [];
for (const [provider, ...patterns] of HOSTS) {
  for (const pattern of patterns) {
    const star = pattern.indexOf("*");
    if (star < 0) EXACT.set(pattern, provider);
    else WILDCARDS.push({ before: pattern.slice(0, star), after: pattern.slice(star + 1), provider });
  }
}

function wildcardOf(name: string): string | undefined {
  return WILDCARDS.find(
    ({ before, after }) =>
      name.length > before.length + after.length && name.startsWith(before) && name.endsWith(after),
  )?.provider;
}

/**
 * The provider behind a host; undefined for every other host, also for one that only looks alike.
 * @param host as in `URL.host`: a port may follow. For a provider on the internet the port does not matter; a local
 * Ollama is known by its port alone.
 */
export function providerOfHost(host: string): string | undefined {
  if (host.length > MAX_HOST_LENGTH) return undefined;
  const given = host.toLowerCase();
  const local = EXACT.get(given);
  if (local !== undefined) return local;
  const colon = given.lastIndexOf(":");
  const withoutPort = colon < 0 ? given : given.slice(0, colon);
  const name = withoutPort.endsWith(".") ? withoutPort.slice(0, -1) : withoutPort;
  return EXACT.get(name) ?? wildcardOf(name);
}
