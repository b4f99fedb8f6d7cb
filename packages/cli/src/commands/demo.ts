import { MonitorError } from "@nexent/monitor-core";
import { z } from "zod";
import { numberOption, textOption, UsageError, type Command } from "../command.ts";
import { readCliConfig } from "../config.ts";
import { tokenHeaders, type DemoTarget } from "../demo/demo-client.ts";
import { planDemo, type DemoPlan } from "../demo/plan.ts";
import { runDemo, type DemoCounts, type DemoResult } from "../demo/run-demo.ts";
import type { Output } from "../output.ts";
import { listenForStopSignals } from "../stop-signal.ts";

const EXIT_INTERRUPTED = 130;
const PLAIN_PROGRESS_MS = 30_000;

/** `nexent-monitor demo`: a few minutes of realistic traffic for a living dashboard. */
export const demoCommand: Command = {
  name: "demo",
  summary: "send a few minutes of realistic calls through the gateway to the exact-schedule server",
  options: [
    { name: "minutes", type: "string", valueName: "N", defaultText: "3", summary: "how long" },
    { name: "rate", type: "string", valueName: "N", defaultText: "2", summary: "mean calls per second" },
    { name: "concurrency", type: "string", valueName: "N", defaultText: "32", summary: "most calls at the same time" },
    { name: "seed", type: "string", valueName: "N", defaultText: "1", summary: "the same seed gives the same calls" },
    {
      name: "base-url",
      type: "string",
      valueName: "URL",
      defaultText: "http://127.0.0.1:8000/exact/v1",
      summary: "where to send them: an exact-schedule server, usually behind the gateway",
    },
  ],
  async run({ values, env, output }) {
    const config = readCliConfig(env);
    const baseUrl = baseUrlOf(
      textOption(values, "base-url") ?? `http://${config.gatewayHost}:${config.gatewayPort}/exact/v1`,
    );
    const minutes = numberOption(values, "minutes", { defaultValue: 3, min: 0.01, max: 24 * 60 });
    const ratePerSecond = numberOption(values, "rate", { defaultValue: 2, min: 0.01, max: 200 });
    const concurrency = numberOption(values, "concurrency", { defaultValue: 32, min: 1, max: 1_000, integer: true });
    const seed = numberOption(values, "seed", { defaultValue: 1, min: 0, max: 0xffffffff, integer: true });
    const target = { baseUrl, gatewayToken: env["LLM_MONITOR_GATEWAY_TOKEN"]?.trim() || undefined };
    await requireExactServer(target);
    const plan = planDemo({ minutes, ratePerSecond, seed });
    for (const line of introduction(plan, minutes)) output.line(line);
    const signals = listenForStopSignals();
    const onProgress = progressWriter(output, plan.calls.length);
    const result = await runDemo({ plan, target, concurrency, signal: signals.first, onProgress });
    signals.dispose();
    output.clearProgress();
    return conclude(result, output);
  },
};

function baseUrlOf(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol))
    throw new UsageError(`--base-url is no http address: "${text}"`);
  return text.replace(/\/+$/, "");
}

const modelsSchema = z.looseObject({ data: z.array(z.looseObject({ id: z.string() })) });

/** Demo calls are for the exact-schedule server only: another model would answer them for real money. */
async function requireExactServer(target: DemoTarget): Promise<void> {
  const { baseUrl } = target;
  let models: unknown;
  let status: number;
  try {
    const response = await fetch(`${baseUrl}/models`, {
      headers: tokenHeaders(target),
      signal: AbortSignal.timeout(5_000),
    });
    status = response.status;
    models = await response.json().catch(() => undefined);
  } catch (cause) {
    throw new MonitorError("UPSTREAM_UNREACHABLE", `Nothing answers at ${baseUrl}.`, {
      hint: "Start the gateway first: npm start (or nexent-monitor up), in another terminal.",
      cause,
    });
  }
  const parsed = modelsSchema.safeParse(models);
  if (parsed.success && parsed.data.data.some((model) => model.id === "exact")) return;
  if (status === 401) {
    throw new MonitorError("UPSTREAM_UNREACHABLE", `${baseUrl} asks for a gateway token.`, {
      hint: "Give one of its GATEWAY_TOKENS as LLM_MONITOR_GATEWAY_TOKEN.",
    });
  }
  throw new MonitorError("UPSTREAM_UNREACHABLE", `${baseUrl} does not lead to an exact-schedule server.`, {
    hint: "npm start (or nexent-monitor up) runs one behind the gateway at /exact/v1; the demo sends nothing to other models.",
  });
}

function introduction(plan: DemoPlan, minutes: number): readonly string[] {
  const { slowEpisode } = plan;
  const longCalls = "arrivals and lengths as in a production trace (Azure LLM inference trace 2023, CC-BY 4.0)";
  return [
    `${plan.calls.length} calls in ${minutes} min, ${longCalls}.`,
    `On purpose: ${slowEpisode.model} is slow from ${clock(slowEpisode.fromMs)} to ${clock(slowEpisode.toMs)}; demo-flaky fails often.`,
  ];
}

function progressWriter(output: Output, total: number): (counts: DemoCounts, elapsedMs: number) => void {
  let nextPlainMs = PLAIN_PROGRESS_MS;
  return (counts, elapsedMs) => {
    const text = `${clock(elapsedMs)}  ${counts.started} of ${total} calls, ${countsText(counts)}, ${counts.running} running`;
    output.progress(text);
    if (!output.interactive && elapsedMs >= nextPlainMs) {
      nextPlainMs += PLAIN_PROGRESS_MS;
      output.line(text);
    }
  };
}

function conclude({ status, counts }: DemoResult, output: Output): number {
  output.line(`${status === "finished" ? "Done" : "Stopped"}: ${counts.started} calls, ${countsText(counts)}.`);
  if (status === "finished") return 0;
  if (status === "stopped") return EXIT_INTERRUPTED;
  throw new MonitorError("UPSTREAM_UNREACHABLE", "The gateway stopped answering.", {
    hint: "Look at the terminal of npm start.",
  });
}

function countsText(counts: DemoCounts): string {
  const unreachable = counts.unreachable === 0 ? "" : `, ${counts.unreachable} unreachable`;
  return `${counts.ok} ok, ${counts.error} failed, ${counts.aborted} aborted by the client${unreachable}`;
}

function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
}
