/**
 * A program of a consumer: the same class whatever kind of decorator the compiler makes, and the same functions wrapped.
 * It is compiled by itself against the published declarations, and run; see `forms.test.ts`.
 */
import { configure, metricsText, monitorEndpoint, monitorLlmCall } from "@nexent/monitor";

interface Named {
  readonly name: string;
}

export class Assistant {
  readonly name = "ada";
  readonly #suffix = "!";

  @monitorLlmCall("gpt-4o", "chat")
  async ask(question: string): Promise<string> {
    await Promise.resolve();
    return question + this.#suffix;
  }

  @monitorEndpoint()
  @monitorLlmCall((count: number) => `model-${count}`)
  async *stream(count: number): AsyncGenerator<number, string, undefined> {
    for (let i = 0; i < count; i += 1) yield i;
    return "end";
  }

  @monitorEndpoint("generic")
  pair<Left, Right>(left: Left, right: Right): readonly [Left, Right] {
    return [left, right];
  }

  pick(value: string): string;
  pick(value: number): number;
  @monitorEndpoint()
  pick(value: string | number): string | number {
    return value;
  }

  @monitorEndpoint()
  isText(value: unknown): value is string {
    return typeof value === "string";
  }

  @monitorEndpoint()
  greet(this: Named, other: string): string {
    return `${other}, I am ${this.name}`;
  }

  @monitorEndpoint()
  static create(): Assistant {
    return new this();
  }
}

const wrapped = {
  ask: monitorLlmCall("gpt-4o", "chat")(async (question: string) => `${question}!`),
  pair: monitorEndpoint("generic")(<Left, Right>(left: Left, right: Right): readonly [Left, Right] => [left, right]),
  isText: monitorEndpoint("isText")((value: unknown): value is string => typeof value === "string"),
};

/** What only a compiler can say; never called. */
export function checkTypes(assistant: Assistant, value: unknown): void {
  const answer: Promise<string> = assistant.ask("why");
  const stream: AsyncGenerator<number, string, undefined> = assistant.stream(1);
  const pair: readonly ["a", 1] = assistant.pair("a" as const, 1 as const);
  const text: string = assistant.pick("a");
  const count: number = assistant.pick(1);
  if (assistant.isText(value)) value.toUpperCase();
  if (wrapped.isText(value)) value.toUpperCase();
  const wrappedPair: readonly ["a", 1] = wrapped.pair("a" as const, 1 as const);
  // @ts-expect-error the arguments stay typed
  void assistant.ask(1);
  // @ts-expect-error so does the result
  const wrong: Promise<number> = assistant.ask("why");
  // @ts-expect-error no third overload
  assistant.pick(true);
  // @ts-expect-error `this` stays typed
  assistant.greet.call({}, "you");
  // @ts-expect-error a model name is a text, or a function that gives one
  monitorLlmCall(5);
  // @ts-expect-error only functions can be wrapped
  monitorEndpoint()(5);
  void [answer, stream, pair, text, count, wrappedPair, wrong];
}

/** What came of all calls. */
export interface Told {
  readonly results: readonly unknown[];
  /** Names and lengths of the decorated functions. */
  readonly shapes: readonly unknown[];
  /** What was counted. */
  readonly lines: readonly string[];
}

/** Calls everything once and tells what came of it. */
export async function runForms(): Promise<Told> {
  const assistant = Assistant.create();
  const seen: number[] = [];
  for await (const value of assistant.stream(2)) seen.push(value);
  const results = [
    await assistant.ask("why"),
    seen,
    assistant.pair("a", 1),
    assistant.pick("x"),
    assistant.isText("x"),
    assistant.greet("Bob"),
    await wrapped.ask("how"),
    wrapped.pair(1, 2),
    wrapped.isText(1),
  ];
  const shapes = [assistant.ask.name, assistant.ask.length, assistant.stream.name, wrapped.pair.length];
  const lines = metricsText().match(/^(?:llm_requests_total|nexent_endpoint_duration_seconds_count)\{.*$/gm) ?? [];
  return { results, shapes, lines };
}

/** The program as it is started from the outside. */
export async function main(): Promise<void> {
  configure({ enabled: true });
  process.stdout.write(JSON.stringify(await runForms()));
}
