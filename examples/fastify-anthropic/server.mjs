// Fastify and the Anthropic client: one trace from the HTTP request to the last token of the model.
import { Readable } from "node:stream";
import Anthropic from "@anthropic-ai/sdk";
import fastify from "fastify";
import { configure, shutdown } from "@nexent/monitor";
import { wrapAnthropic } from "@nexent/monitor/anthropic";
import { setupFastifyApp } from "@nexent/monitor/fastify";

const { MODEL = "claude-sonnet-4-5", PORT = "3000" } = process.env;

configure(); // Reads the environment. OpenTelemetry is loaded here, not in the first request.

const client = wrapAnthropic(new Anthropic()); // ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY
const app = fastify();
setupFastifyApp(app, { metricsPath: "/metrics", ignorePaths: ["/health"] });

async function* textOf(stream) {
  for await (const event of stream) {
    if (event.type === "content_block_delta" && event.delta.type === "text_delta") yield event.delta.text;
  }
}

app.get("/health", () => "ok");
app.post("/chat/:conversation", async (request, reply) => {
  const messages = [{ role: "user", content: String(request.body?.question) }];
  const stream = await client.messages.create({ model: MODEL, max_tokens: 1024, messages, stream: true });
  // A browser that closes its tab ends the generator, and with it the request to the model.
  return reply.type("text/plain").send(Readable.from(textOf(stream), { objectMode: false }));
});

console.log(`listening on ${await app.listen({ port: Number(PORT), host: "127.0.0.1" })}`);

process.once("SIGTERM", async () => {
  await app.close();
  await shutdown(); // Sends the last spans; at most two seconds.
});
