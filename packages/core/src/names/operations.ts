/** GenAI operations that may name a model without asking it. */
const NOT_INFERENCE = new Set(["execute_tool", "invoke_agent", "create_agent", "invoke_workflow", "plan", "retrieval"]);

/** Whether a `gen_ai.operation.name` asks a model: `chat`, `embeddings` and whatever else is not work around a model. */
export function isInferenceOperation(operation: string): boolean {
  return !NOT_INFERENCE.has(operation);
}
