/** Names of other conventions and the ones they are stored as (measurement contract 5.6). Earlier rows win. */
export const RENAMED: readonly (readonly [foreign: string, ours: string])[] = [
  // OpenTelemetry GenAI v1.41 and older
  ["gen_ai.system", "gen_ai.provider.name"],
  ["gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens"],
  ["gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens"],
  ["gen_ai.usage.completion_tokens", "gen_ai.usage.output_tokens"],
  ["gen_ai.workflow.name", "gen_ai.agent.name"],
  ["gen_ai.client.operation.time_to_first_chunk", "gen_ai.response.time_to_first_chunk"],
  // OpenInference
  ["llm.request.model_name", "gen_ai.request.model"],
  ["llm.model_name", "gen_ai.request.model"],
  ["llm.response.model_name", "gen_ai.response.model"],
  ["llm.provider", "gen_ai.provider.name"],
  ["llm.system", "gen_ai.provider.name"],
  ["llm.token_count.prompt", "gen_ai.usage.input_tokens"],
  ["llm.token_count.completion", "gen_ai.usage.output_tokens"],
  ["llm.token_count.prompt_details.cache_read", "gen_ai.usage.cache_read.input_tokens"],
  ["llm.token_count.prompt_details.cache_write", "gen_ai.usage.cache_write.input_tokens"],
  ["llm.token_count.completion_details.reasoning", "gen_ai.usage.reasoning.output_tokens"],
  ["session.id", "gen_ai.conversation.id"],
];

/** `openinference.span.kind` -> `gen_ai.operation.name`; kinds that are no GenAI operation are left out. */
export const SPAN_KIND_OPERATIONS: ReadonlyMap<string, string> = new Map([
  ["LLM", "chat"],
  ["EMBEDDING", "embeddings"],
  ["RETRIEVER", "retrieval"],
  ["TOOL", "execute_tool"],
  ["AGENT", "invoke_agent"],
]);

/** Keys of `llm.invocation_parameters` -> `gen_ai.request.*`. */
export const INVOCATION_PARAMETERS: readonly (readonly [foreign: string, ours: string])[] = [
  ["max_tokens", "gen_ai.request.max_tokens"],
  ["max_completion_tokens", "gen_ai.request.max_tokens"],
  ["temperature", "gen_ai.request.temperature"],
  ["top_p", "gen_ai.request.top_p"],
  ["top_k", "gen_ai.request.top_k"],
  ["seed", "gen_ai.request.seed"],
  ["frequency_penalty", "gen_ai.request.frequency_penalty"],
  ["presence_penalty", "gen_ai.request.presence_penalty"],
  ["stream", "gen_ai.request.stream"],
];
