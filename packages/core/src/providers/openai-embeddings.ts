/**
 * Answers that report nothing but their input: embeddings of OpenAI and its relatives, and the rerank and score answers
 * of compatible servers (measurement contract 2, "Embeddings, rerank").
 */
import { readFault } from "./fault.ts";
import { countOf, fieldsOf, knownOf, textOf, type Fields } from "./json-fields.ts";
import { createOpenAiStreamParser } from "./openai-stream.ts";
import { resetStreamEvent, type Provider, type ResponseReading } from "./provider.ts";
import { readRequestBody } from "./request-parameters.ts";

type Named = Pick<ResponseReading, "responseModel" | "responseId" | "usage" | "fault">;

/** Servers that give the total alone mean the same: there is no output. */
function inputTokensOf(usage: Fields | undefined): number | undefined {
  return countOf(usage?.["prompt_tokens"]) ?? countOf(usage?.["total_tokens"]);
}

function readBody(body: Fields): ResponseReading | undefined {
  const usage = fieldsOf(body["usage"]);
  const error = fieldsOf(body["error"]) ?? textOf(body["error"]);
  const hasRows = Array.isArray(body["data"]) || Array.isArray(body["results"]);
  if (!hasRows && usage === undefined && error === undefined) return undefined;
  return {
    finishReasons: [],
    outputBytes: 0,
    choiceCount: 0,
    ...knownOf<Named>({
      responseModel: textOf(body["model"]),
      responseId: textOf(body["id"]),
      usage: knownOf({ inputTokens: inputTokensOf(usage) }),
      fault: error === undefined ? undefined : readFault(error),
    }),
  };
}

function readResponse(body: unknown): ResponseReading | undefined {
  try {
    const given = fieldsOf(body);
    return given === undefined ? undefined : readBody(given);
  } catch {
    // Whatever a hostile object throws stays here.
    return undefined;
  }
}

/** `POST …/embeddings`, `…/rerank`, `…/score`: usage and model only. There are no chunks: these answers never stream. */
export const openaiEmbeddings: Provider = {
  format: "openai-embeddings",
  createStreamParser: createOpenAiStreamParser,
  readChunk(_value, event) {
    resetStreamEvent(event);
    return false;
  },
  readRequest: (body) =>
    readRequestBody(body, (given) => ({
      stream: false,
      parameters: {},
      ...knownOf({ model: textOf(given["model"]) }),
    })),
  readResponse,
  normalEnd: "finish_reason",
};
