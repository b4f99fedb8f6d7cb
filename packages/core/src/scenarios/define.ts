import type { Scenario } from "./scenario.ts";
import { STREAM_HEADERS } from "./writes.ts";

type Given = Pick<Scenario, "name" | "title" | "writes" | "end" | "truth"> & Partial<Scenario>;

/** Completes scenarios of one format. */
export type Define = (given: Given) => Scenario;

/** What is so unless a scenario says otherwise: a stream that is asked for and read to its end. */
const USUAL = {
  stream: true,
  status: 200,
  client: { kind: "read" },
  includeUsage: false,
  targets: ["gateway", "sdk"],
} as const;

/** A `define` for streams of another format. */
export function definerOf(usual: Pick<Scenario, "format" | "headers">): Define {
  return (given) => ({ ...USUAL, ...usual, ...given });
}

/** A chat stream that asks for usage, where the scenario does not say otherwise. */
export function define(given: Given): Scenario {
  return { ...USUAL, format: "openai-chat", headers: STREAM_HEADERS, includeUsage: true, ...given };
}
