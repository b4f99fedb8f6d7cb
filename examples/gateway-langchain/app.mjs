// LangChain: only the base URL of the model changes. Prints the answer as it comes.
import { ChatOpenAI } from "@langchain/openai";

const { GATEWAY_BASE_URL = "http://127.0.0.1:8000/v1", OPENAI_API_KEY = "none", MODEL = "gpt-4o" } = process.env;

const model = new ChatOpenAI({
  apiKey: OPENAI_API_KEY,
  model: MODEL,
  configuration: { baseURL: GATEWAY_BASE_URL }, // before: https://api.openai.com/v1
});

for await (const chunk of await model.stream("why?")) process.stdout.write(chunk.text);
process.stdout.write("\n");
