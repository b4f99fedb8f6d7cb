import { SSE_HEADERS } from "./frames.ts";
import type { Scenario, ScenarioTruth, ScheduledWrite } from "./scenario.ts";

/** What a scenario must say; the rest has the defaults of a streamed chat that is read to its end and ends `ok`. */
export interface ScenarioText extends Partial<Omit<Scenario, "name" | "title" | "writes" | "truth">> {
  readonly name: string;
  readonly title: string;
  readonly writes: readonly ScheduledWrite[];
  readonly truth: Partial<ScenarioTruth>;
}

/** Fills in the defaults. The body ends with the last write unless `end` says otherwise. */
export function scenario(text: ScenarioText): Scenario {
  const { truth, ...rest } = text;
  return {
    format: "openai-chat",
    stream: true,
    status: 200,
    headers: SSE_HEADERS,
    end: { kind: "end", atMs: text.writes.at(-1)?.atMs ?? 0 },
    client: { kind: "read" },
    includeUsage: true,
    targets: ["gateway", "sdk"],
    ...rest,
    truth: { outcome: "ok", estimated: false, stallCount: 0, ...truth },
  };
}
