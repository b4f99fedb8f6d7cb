import type { SetupCheck } from "@nexent/monitor-api";

export const SNIPPET_IDS = ["curl", "gateway", "sdk", "python", "otlp"] as const;
export type SnippetId = (typeof SNIPPET_IDS)[number];

/** Where the parts of this installation listen. */
export type Addresses = Pick<SetupCheck, "gatewayBaseUrl" | "exactBaseUrl" | "otlpUrl">;

const BUILT_IN_MODEL = "exact";
const EXAMPLE_MODEL = "gpt-4o-mini";

const SNIPPETS: Readonly<Record<SnippetId, (at: Addresses) => string>> = { curl, gateway, sdk, python, otlp };

/** Code to copy, with the addresses this server really has. */
export function snippet(id: SnippetId, at: Addresses): string {
  return SNIPPETS[id](at);
}

function gateway(at: Addresses): string {
  return `import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${quoted(at.gatewayBaseUrl)} });
const stream = await client.chat.completions.create({
  model: "${EXAMPLE_MODEL}",
  stream: true,
  messages: [{ role: "user", content: "Hello" }],
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");`;
}

function sdk(at: Addresses): string {
  return `// ENABLE_TELEMETRY=true OTEL_EXPORTER_OTLP_ENDPOINT=${at.otlpUrl} node app.js
import { monitorLlmCall } from "@nexent/monitor";

export const ask = monitorLlmCall("${EXAMPLE_MODEL}")(callModel);`;
}

function python(at: Addresses): string {
  return `from openai import OpenAI

client = OpenAI(base_url=${quoted(at.gatewayBaseUrl)})
stream = client.chat.completions.create(
    model="${EXAMPLE_MODEL}",
    stream=True,
    messages=[{"role": "user", "content": "Hello"}],
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="")`;
}

function otlp(at: Addresses): string {
  return `export OTEL_EXPORTER_OTLP_ENDPOINT=${at.otlpUrl}
export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
export OTEL_SERVICE_NAME=my-service`;
}

function curl(at: Addresses): string {
  const base = at.exactBaseUrl ?? at.gatewayBaseUrl;
  const model = at.exactBaseUrl === undefined ? EXAMPLE_MODEL : BUILT_IN_MODEL;
  const key = at.exactBaseUrl === undefined ? `\n  -H "authorization: Bearer $OPENAI_API_KEY" \\` : "";
  return `curl -N ${base}/chat/completions \\${key}
  -H 'content-type: application/json' \\
  -d '{"model":"${model}","stream":true,"messages":[{"role":"user","content":"Hello"}]}'`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
