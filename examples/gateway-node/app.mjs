// Node and the openai package: only the base URL changes. Prints the answer as it comes.
import OpenAI from "openai";

const { GATEWAY_BASE_URL = "http://127.0.0.1:8000/v1", OPENAI_API_KEY = "none", MODEL = "gpt-4o" } = process.env;

const client = new OpenAI({
  apiKey: OPENAI_API_KEY,
  baseURL: GATEWAY_BASE_URL, // before: https://api.openai.com/v1
});

const messages = [{ role: "user", content: "why?" }];
const stream = await client.chat.completions.create({ model: MODEL, messages, stream: true });
for await (const chunk of stream) process.stdout.write(chunk.choices[0].delta.content ?? "");
process.stdout.write("\n");
