// Express and the OpenAI client: one trace from the HTTP request to the last token of the model.
import express from "express";
import OpenAI from "openai";
import { configure, shutdown } from "@nexent/monitor";
import { setupExpressApp } from "@nexent/monitor/express";
import { wrapOpenAI } from "@nexent/monitor/openai";

const { MODEL = "gpt-4o", PORT = "3000" } = process.env;

configure(); // Reads the environment. OpenTelemetry is loaded here, not in the first request.

const client = wrapOpenAI(new OpenAI()); // OPENAI_BASE_URL and OPENAI_API_KEY
const app = express();
setupExpressApp(app, { metricsPath: "/metrics", ignorePaths: ["/health"] });

app.use(express.json());
app.get("/health", (_request, response) => void response.send("ok"));
// oxlint-disable-next-line oxc/no-async-endpoint-handlers -- Express 5 takes the rejection
app.post("/chat/:conversation", async (request, response) => {
  const messages = [{ role: "user", content: String(request.body?.question) }];
  const stream = await client.chat.completions.create({
    model: MODEL,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  // A browser that closes its tab stops the model too.
  response.on("close", () => stream.controller.abort());
  response.type("text/plain");
  for await (const chunk of stream) response.write(chunk.choices[0]?.delta.content ?? "");
  response.end();
});

const server = app.listen(Number(PORT), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});

process.once("SIGTERM", () => {
  server.close();
  void shutdown(); // Sends the last spans; at most two seconds.
});
