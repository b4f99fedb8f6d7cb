import type { Scenario } from "./scenario.ts";
import { STREAM_HEADERS } from "./writes.ts";

type Given = Pick<Scenario, "name" | "title" | "writes" | "end" | "truth"> & Partial<Scenario>;

/** Completes scenarios of one format. */
export type Define = (given: Given) => Scenario;

/** A `define` for streams of another format, so far for the SDK. */
export function definerOf(usual: Pick<Scenario, "format" | "headers">): Define {
  return (given) => ({
    stream: true,
    status: 200,
    client: { kind: "read" },
    includeUsage: false,
    targets: ["sdk"],
    ...usual,
    ...given,
  });
}

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
