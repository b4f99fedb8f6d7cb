// Hono and the AI SDK: one trace from the HTTP request to the last token of the model.
import { createOpenAI } from "@ai-sdk/openai";
import { serve } from "@hono/node-server";
import { configure, shutdown } from "@nexent/monitor";
import { monitorMiddleware } from "@nexent/monitor/ai";
import { setupHonoApp } from "@nexent/monitor/hono";
import { streamText, wrapLanguageModel } from "ai";
import { Hono } from "hono";

const { MODEL = "gpt-4o", PORT = "3000" } = process.env;

configure(); // Reads the environment. OpenTelemetry is loaded here, not in the first request.

const openai = createOpenAI(); // OPENAI_BASE_URL and OPENAI_API_KEY
const model = wrapLanguageModel({ model: openai.chat(MODEL), middleware: monitorMiddleware() });
const app = new Hono();
setupHonoApp(app, { metricsPath: "/metrics", ignorePaths: ["/health"] });

app.get("/health", (context) => context.text("ok"));
app.post("/chat/:conversation", async (context) => {
  const { question } = await context.req.json();
  // A browser that closes its tab ends the request to the model: the AI SDK reads ahead and needs to be told.
  const result = streamText({ model, prompt: String(question), abortSignal: context.req.raw.signal });
  return result.toTextStreamResponse();
});

const server = serve({ fetch: app.fetch, port: Number(PORT), hostname: "127.0.0.1" }, ({ port }) =>
  console.log(`listening on http://127.0.0.1:${port}`),
);

process.once("SIGTERM", () => {
  server.close(() => void shutdown()); // Sends the last spans; at most two seconds.
});
