/**
 * Names and values of other conventions and the ones they are stored as (measurement contract 5.6). In every table
 * earlier rows win.
 */
type Renaming = readonly (readonly [foreign: string, ours: string])[];

/** OpenTelemetry GenAI of earlier versions, and what was built on them. */
export const GEN_AI_NAMES: Renaming = [
  ["gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"],
  ["gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens"],
  ["gen_ai.usage.completion_tokens", "gen_ai.usage.output_tokens"],
  ["gen_ai.workflow.name", "gen_ai.agent.name"],
  ["gen_ai.client.operation.time_to_first_chunk", "gen_ai.response.time_to_first_chunk"],
  ["gen_ai.openai.request.seed", "gen_ai.request.seed"],
  ["gen_ai.openai.request.service_tier", "openai.request.service_tier"],
  ["gen_ai.openai.response.service_tier", "openai.response.service_tier"],
  ["gen_ai.openai.response.system_fingerprint", "openai.response.system_fingerprint"],
  // OpenLLMetry
  ["gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read.input_tokens"],
  ["gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write.input_tokens"],
  ["gen_ai.usage.reasoning_tokens", "gen_ai.usage.reasoning.output_tokens"],
  ["llm.is_streaming", "gen_ai.request.stream"],
];

/** OpenInference. `llm.model_name` has a rule of its own: it may be the model asked or the model that answered. */
export const OPENINFERENCE_NAMES: Renaming = [
  ["llm.request.model_name", "gen_ai.request.model"],
  ["embedding.model_name", "gen_ai.request.model"],
  ["reranker.model_name", "gen_ai.request.model"],
  ["llm.response.model_name", "gen_ai.response.model"],
  ["llm.token_count.prompt", "gen_ai.usage.input_tokens"],
  ["llm.token_count.completion", "gen_ai.usage.output_tokens"],
  ["llm.token_count.total", "llm.total_tokens"],
  ["llm.token_count.prompt_details.cache_read", "gen_ai.usage.cache_read.input_tokens"],
  ["llm.token_count.prompt_details.cache_write", "gen_ai.usage.cache_write.input_tokens"],
  ["llm.token_count.completion_details.reasoning", "gen_ai.usage.reasoning.output_tokens"],
  ["session.id", "gen_ai.conversation.id"],
];

/** AI SDK, on the spans of its calls only: the spans around them repeat the same values. */
export const AI_SDK_NAMES: Renaming = [
  ["ai.model.id", "gen_ai.request.model"],
  ["ai.response.model", "gen_ai.response.model"],
  ["ai.response.id", "gen_ai.response.id"],
  ["ai.usage.inputTokens", "gen_ai.usage.input_tokens"],
  ["ai.usage.promptTokens", "gen_ai.usage.input_tokens"],
  ["ai.usage.tokens", "gen_ai.usage.input_tokens"],
  ["ai.usage.outputTokens", "gen_ai.usage.output_tokens"],
  ["ai.usage.completionTokens", "gen_ai.usage.output_tokens"],
  ["ai.usage.inputTokenDetails.cacheReadTokens", "gen_ai.usage.cache_read.input_tokens"],
  ["ai.usage.cachedInputTokens", "gen_ai.usage.cache_read.input_tokens"],
  ["ai.usage.inputTokenDetails.cacheWriteTokens", "gen_ai.usage.cache_write.input_tokens"],
  ["ai.usage.outputTokenDetails.reasoningTokens", "gen_ai.usage.reasoning.output_tokens"],
  ["ai.usage.reasoningTokens", "gen_ai.usage.reasoning.output_tokens"],
];

/** Last part of `ai.operationId` on the span of a call -> operation, and whether it streams. */
export const AI_SDK_CALLS: ReadonlyMap<string, { readonly operation: string; readonly streams: boolean }> = new Map([
  ["doGenerate", { operation: "chat", streams: false }],
  ["doStream", { operation: "chat", streams: true }],
  ["doEmbed", { operation: "embeddings", streams: false }],
  ["doRerank", { operation: "rerank", streams: false }],
]);

/** Attributes that name a provider in words of their own. */
export const PROVIDER_NAMES: readonly string[] = ["gen_ai.system", "llm.provider", "llm.system", "ai.model.provider"];

/** Other words for a provider, in lower case -> `gen_ai.provider.name`. A value that is missing here stays as it is. */
export const PROVIDER_VALUES: ReadonlyMap<string, string> = new Map([
  ...[
    "openai",
    "anthropic",
    "aws.bedrock",
    "azure.ai.inference",
    "azure.ai.openai",
    "cohere",
    "deepseek",
    "gcp.gemini",
    "gcp.gen_ai",
    "gcp.vertex_ai",
    "groq",
    "ibm.watsonx.ai",
    "mistral_ai",
    "moonshot_ai",
    "ollama",
    "perplexity",
    "x_ai",
  ].map((name) => [name, name] as const),
  // OpenTelemetry before 1.37
  ["az.ai.inference", "azure.ai.inference"],
  ["az.ai.openai", "azure.ai.openai"],
  ["gemini", "gcp.gemini"],
  ["vertex_ai", "gcp.vertex_ai"],
  ["xai", "x_ai"],
  // OpenInference, OpenLLMetry, AI SDK
  ["aws", "aws.bedrock"],
  ["bedrock", "aws.bedrock"],
  ["amazon-bedrock", "aws.bedrock"],
  ["azure", "azure.ai.openai"],
  ["azure-openai", "azure.ai.openai"],
  ["google", "gcp.gen_ai"],
  ["google.generative-ai", "gcp.gemini"],
  ["google.vertex", "gcp.vertex_ai"],
  ["vertexai", "gcp.vertex_ai"],
  ["mistral", "mistral_ai"],
  ["mistralai", "mistral_ai"],
  ["moonshotai", "moonshot_ai"],
  ["watsonx", "ibm.watsonx.ai"],
]);

/** `openinference.span.kind` -> `gen_ai.operation.name`; kinds that are no GenAI operation are left out. */
export const SPAN_KIND_OPERATIONS: ReadonlyMap<string, string> = new Map([
  ["LLM", "chat"],
  ["EMBEDDING", "embeddings"],
  ["RERANKER", "rerank"],
  ["RETRIEVER", "retrieval"],
  ["TOOL", "execute_tool"],
  ["AGENT", "invoke_agent"],
]);

/** `llm.request.type` of OpenLLMetry -> `gen_ai.operation.name`. */
export const REQUEST_TYPE_OPERATIONS: ReadonlyMap<string, string> = new Map([
  ["chat", "chat"],
  ["completion", "text_completion"],
  ["embedding", "embeddings"],
  ["rerank", "rerank"],
]);

/** Keys of `llm.invocation_parameters` -> `gen_ai.request.*`. */
export const INVOCATION_PARAMETERS: Renaming = [
  ["model", "gen_ai.request.model"],
  ["max_tokens", "gen_ai.request.max_tokens"],
  ["max_completion_tokens", "gen_ai.request.max_tokens"],
  ["max_output_tokens", "gen_ai.request.max_tokens"],
  ["temperature", "gen_ai.request.temperature"],
  ["top_p", "gen_ai.request.top_p"],
  ["top_k", "gen_ai.request.top_k"],
  ["seed", "gen_ai.request.seed"],
  ["frequency_penalty", "gen_ai.request.frequency_penalty"],
  ["presence_penalty", "gen_ai.request.presence_penalty"],
  ["reasoning_effort", "gen_ai.request.reasoning.level"],
  ["stream", "gen_ai.request.stream"],
];

/** Lists that a protocol without lists, such as Jaeger thrift, carries as JSON text. */
export const LIST_ATTRIBUTES: readonly string[] = [
  "gen_ai.response.finish_reasons",
  "gen_ai.request.stop_sequences",
  "llm.slow",
];
