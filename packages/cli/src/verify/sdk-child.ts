/**
 * The process in which the SDK is measured: a small application that wraps its model call with `monitorLlmCall`.
 * Started by {@link startSdkTarget}; speaks over IPC only.
 */
import { configure, monitorLlmCall, shutdown } from "@nexent/monitor";
import { emptyStreamEvent, providerByFormat } from "@nexent/monitor-core";
import { scenarioByName } from "@nexent/monitor-core/scenarios";
import type { Scenario, ScenarioFormat } from "@nexent/monitor-core/scenarios";
import { PLAY_ID_HEADER } from "../exact-server/schedule.ts";
import { askModel } from "./answer-client.ts";
import { PLAY_ATTRIBUTE } from "./otlp-json.ts";
import { comesInArray, requestOf } from "./scenario-request.ts";
import type { SdkAnswer, SdkOrder } from "./sdk-messages.ts";

/** Streams nobody reads must stay reachable: this is about idle streams, not about the collector. */
const unread: unknown[] = [];

const PROVIDERS: Readonly<Record<ScenarioFormat, string>> = {
  "openai-chat": "openai",
  "openai-completions": "openai",
  "openai-responses": "openai",
  "anthropic-messages": "anthropic",
  gemini: "gcp.gemini",
  ollama: "ollama",
};

async function play(order: Extract<SdkOrder, { readonly type: "play" }>): Promise<number | undefined> {
  const scenario = scenarioByName(order.scenario);
  if (scenario === undefined) return undefined;
  await openConnection(order.origin);
  const abort = new AbortController();
  const ask = callOf(scenario, order.playId, order.origin, abort);
  let leftUnixMs: number | undefined;
  const leave = (): void => {
    leftUnixMs ??= performance.timeOrigin + performance.now();
    abort.abort();
  };
  const { client } = scenario;
  const timer = client.kind === "abort" ? setTimeout(leave, client.atMs) : undefined;
  try {
    const answer = await ask();
    if (client.kind === "never_read") unread.push(answer);
    else if (isStream(answer))
      await readStream(scenario, answer, () => (leftUnixMs ??= performance.timeOrigin + performance.now()));
  } catch {
    // What a scenario throws is its point; the record tells whether it was told right.
  }
  clearTimeout(timer);
  return leftUnixMs;
}

/**
 * Leaves an open connection behind: scenarios that cut theirs would make the next call wait for a new one, which is a true
 * part of its time to first token, but none that the schedule knows of.
 */
async function openConnection(origin: string): Promise<void> {
  await (await fetch(`${origin}/health`)).arrayBuffer();
}

function callOf(
  scenario: Scenario,
  playId: string,
  origin: string,
  controller: AbortController,
): () => Promise<unknown> {
  const { path, body } = requestOf(scenario);
  const decorate = monitorLlmCall(`scenario/${scenario.name}`, operationOf(scenario), {
    provider: PROVIDERS[scenario.format],
    format: scenario.format,
    attributes: { [PLAY_ATTRIBUTE]: playId },
  });
  const headers = { [PLAY_ID_HEADER]: playId };
  return decorate(async () =>
    askModel({ url: `${origin}${path}`, body, headers, controller, inArray: comesInArray(scenario) }),
  );
}

function operationOf({ path = "", format }: Scenario): string {
  if (path.includes("embed")) return "embeddings";
  return format === "openai-completions" || path === "/api/generate" ? "completion" : "chat_completion";
}

async function readStream(scenario: Scenario, stream: AsyncIterable<unknown>, onBreak: () => void): Promise<void> {
  const provider = providerByFormat(scenario.format);
  const event = emptyStreamEvent();
  let counted = 0;
  for await (const value of stream) {
    if (provider?.readChunk(value, event) === true && event.kinds !== 0) counted += 1;
    if (scenario.client.kind === "break" && counted === scenario.client.afterCountedChunks) {
      onBreak();
      break;
    }
  }
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function answer(message: SdkAnswer): void {
  process.send?.(message);
}

async function obey(order: SdkOrder): Promise<void> {
  if (order.type === "play") {
    const leftUnixMs = await play(order);
    answer({ type: "played", playId: order.playId, ...(leftUnixMs === undefined ? {} : { leftUnixMs }) });
    return;
  }
  await shutdown({ timeoutMs: 5_000 });
  // Streams that nobody read still hold their sockets.
  process.exit(0);
}

process.on("message", (order: SdkOrder) => void obey(order));
process.on("disconnect", () => process.exit(1));
// Loads OpenTelemetry now, so that its 0.2 s are in no measurement.
configure();
answer({ type: "ready" });
