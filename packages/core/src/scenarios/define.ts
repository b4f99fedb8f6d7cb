import { STREAM_HEADERS } from "./openai-frames.ts";
import type { Scenario } from "./scenario.ts";

type Given = Pick<Scenario, "name" | "title" | "writes" | "end" | "truth"> & Partial<Scenario>;

/** A scenario with the usual answers to what it does not say: a chat stream that is read to its end and asks for usage. */
export function define(given: Given): Scenario {
  return {
    format: "openai-chat",
    stream: true,
    status: 200,
    headers: STREAM_HEADERS,
    client: { kind: "read" },
    includeUsage: true,
    targets: ["gateway", "sdk"],
    ...given,
  };
}
