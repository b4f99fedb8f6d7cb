/**
 * Answers that report nothing but their input: embeddings of OpenAI and its relatives, and the rerank and score answers
 * of compatible servers (measurement contract 2, "Embeddings, rerank").
 */
import { readFault } from "./fault.ts";
import { countOf, fieldsOf, knownOf, readSafely, textOf, type Fields } from "./json-fields.ts";
import { createOpenAiStreamParser } from "./openai-stream.ts";
import { resetStreamEvent, type Provider, type RequestReading, type ResponseReading } from "./provider.ts";
import { UNREAD_REQUEST } from "./request-parameters.ts";

/** Servers that give the total alone mean the same: there is no output. */
function inputTokensOf(usage: Fields | undefined): number | undefined {
  return countOf(usage?.["prompt_tokens"]) ?? countOf(usage?.["total_tokens"]);
}

function readRequestBody(body: Fields): RequestReading {
  const model = textOf(body["model"]);
  return { stream: false, parameters: {}, ...(model === undefined ? {} : { model }) };
}

function readResponseBody(body: Fields): ResponseReading | undefined {
  const usage = fieldsOf(body["usage"]);
  const error = fieldsOf(body["error"]) ?? textOf(body["error"]);
  const hasRows = Array.isArray(body["data"]) || Array.isArray(body["results"]);
  if (!hasRows && usage === undefined && error === undefined) return undefined;
  return knownOf<ResponseReading>({
    responseModel: textOf(body["model"]),
    responseId: textOf(body["id"]),
    finishReasons: [],
    usage: knownOf({ inputTokens: inputTokensOf(usage) }),
    fault: error === undefined ? undefined : readFault(error),
    serverTimings: undefined,
    outputBytes: 0,
    choiceCount: 0,
  });
}

/** `POST …/embeddings`, `…/rerank`, `…/score`: usage and model only. There are no chunks: these answers never stream. */
export const openaiEmbeddings: Provider = {
  format: "openai-embeddings",
  createStreamParser: createOpenAiStreamParser,
  readChunk(_value, event) {
    resetStreamEvent(event);
    return false;
  },
  readRequest: (body) => readSafely(body, readRequestBody, UNREAD_REQUEST),
  readResponse: (body) => readSafely(body, readResponseBody, undefined),
  normalEnd: "finish_reason",
};
