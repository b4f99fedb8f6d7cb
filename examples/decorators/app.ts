// Decorators: the class that asks the model stays what it is, and every call of it is measured.
import OpenAI from "openai";
import { configure, monitorEndpoint, monitorLlmCall, shutdown } from "@nexent/monitor";

const { MODEL = "gpt-4o" } = process.env;

class Assistant {
  readonly #client = new OpenAI(); // OPENAI_BASE_URL and OPENAI_API_KEY

  /** The model call: timed to the token, whatever the caller does with the stream. */
  @monitorLlmCall((_question: string) => MODEL, "chat_completion", { provider: "openai" })
  ask(question: string) {
    return this.#client.chat.completions.create({
      model: MODEL,
      messages: [{ role: "user", content: question }],
      stream: true,
      stream_options: { include_usage: true },
    });
  }

  /** What surrounds it: its own span and its own duration, never counted as model time. */
  @monitorEndpoint("assistant.answer", { includeParams: ["question"] })
  async answer(question: string): Promise<string> {
    let text = "";
    for await (const chunk of await this.ask(question)) text += chunk.choices[0]?.delta.content ?? "";
    return text;
  }
}

configure(); // Reads the environment. OpenTelemetry is loaded here, not in the first call.
console.log(await new Assistant().answer("why?"));
await shutdown(); // Sends the last spans; at most two seconds.
