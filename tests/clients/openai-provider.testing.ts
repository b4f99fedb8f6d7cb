import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

/** A provider that speaks OpenAI's chat and embeddings and always says the same; the model `refused` is rate limited. */
export async function startOpenAi(): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { server, url: `http://127.0.0.1:${port}/v1` };
}

const ANSWERED = { id: "c1", created: 1, model: "gpt-4o-2024-08-06" };
const USAGE = {
  prompt_tokens: 7,
  completion_tokens: 20,
  total_tokens: 27,
  prompt_tokens_details: { cached_tokens: 3 },
  completion_tokens_details: { reasoning_tokens: 4 },
};
const DELAY_MS = 50;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const asked: { readonly model?: string; readonly stream?: boolean } = JSON.parse(Buffer.concat(chunks).toString());
  if (request.url?.endsWith("/embeddings") === true) return json(response, 200, embedding(asked.model));
  if (asked.model === "refused") {
    return json(response, 429, { error: { message: "slow down", type: "rate_limit", code: "rate_limit_exceeded" } });
  }
  if (asked.stream !== true) return json(response, 200, completion());
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (choices: readonly object[], more: object = {}): void =>
    void response.write(
      `data: ${JSON.stringify({ ...ANSWERED, object: "chat.completion.chunk", choices, ...more })}\n\n`,
    );
  const delta = (content: object, reason: string | null = null): void =>
    send([{ index: 0, delta: content, finish_reason: reason }]);
  await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
  delta({ role: "assistant", content: "" });
  delta({ content: "Hello" });
  await new Promise((resolve) => setTimeout(resolve, DELAY_MS));
  delta({ content: " there" });
  delta({}, "stop");
  send([], { usage: USAGE });
  response.end("data: [DONE]\n\n");
}

function completion(): object {
  const message = { role: "assistant", content: "Hello there" };
  return {
    ...ANSWERED,
    object: "chat.completion",
    choices: [{ index: 0, message, finish_reason: "stop" }],
    usage: USAGE,
  };
}

function embedding(model = ""): object {
  const data = [{ object: "embedding", index: 0, embedding: [0.1, 0.2] }];
  return { object: "list", model, data, usage: { prompt_tokens: 5, total_tokens: 5 } };
}

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
