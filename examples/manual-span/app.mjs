// By hand: no client library, no decorator. A few statements around a request that you send and read yourself.
import { addSpanEvent, configure, createTokenTracker, shutdown, traceLlmRequest } from "@nexent/monitor";

const { OPENAI_BASE_URL = "https://api.openai.com/v1", OPENAI_API_KEY = "", MODEL = "gpt-4o" } = process.env;

/** Sends the request and gives the text of each server-sent event. */
async function* send(question) {
  const response = await fetch(`${OPENAI_BASE_URL}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${OPENAI_API_KEY}` },
    body: JSON.stringify({
      model: MODEL,
      messages: [{ role: "user", content: question }],
      stream: true,
      stream_options: { include_usage: true },
    }),
  });
  if (!response.ok) throw Object.assign(new Error("the model refused"), { status: response.status });
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: {")) yield JSON.parse(line.slice("data: ".length));
    }
  }
}

configure(); // Reads the environment. OpenTelemetry is loaded here, not in the first call.

// A block: its span is active inside, and it ends with it. An exception in it is the call's error.
await traceLlmRequest("chat_completion", MODEL, async (request) => {
  let usage;
  for await (const chunk of send("why?")) {
    const text = chunk.choices[0]?.delta.content;
    if (text) request.recordToken(text);
    usage = chunk.usage ?? usage;
  }
  addSpanEvent("answer.complete");
  request.recordCompletion(usage?.prompt_tokens, usage?.completion_tokens);
});

// A tracker: for streams that are driven from elsewhere, here from one place all the same.
const tracker = createTokenTracker(MODEL, { operation: "chat_completion" });
for await (const chunk of send("and why not?")) {
  const text = chunk.choices[0]?.delta.content;
  if (text) tracker.recordToken(text);
  if (chunk.usage) tracker.recordCompletion(chunk.usage.prompt_tokens, chunk.usage.completion_tokens);
}

await shutdown(); // Sends the last spans; at most two seconds.
console.log("done");
