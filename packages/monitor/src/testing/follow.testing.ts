import type { AttributeMap } from "@nexent/monitor-core";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect } from "vitest";
import { followResult } from "../follow/follow-result.ts";
import type { CallEnd, Recording } from "../recording/recording.ts";
import type { Classify } from "../follow/stream-observer.ts";
import { CALL, createTestRuntime, type TestRuntime } from "./test-runtime.testing.ts";

/** A call whose result is followed, and how it ended. */
export interface FollowedCall extends TestRuntime {
  readonly recording: Recording;
  /** All ends, as they were told; the first one counts. */
  readonly ends: CallEnd[];
  follow<T>(value: T): T;
  /** Outcome of the call; `open` while it has not ended. */
  readonly outcome: string;
}

export function createFollowedCall(
  options: { readonly idleMs?: number; readonly classify?: Classify } = {},
): FollowedCall {
  const runtime = createTestRuntime(options.idleMs === undefined ? {} : { idleMs: options.idleMs });
  const recording = runtime.recorder.start({ ...CALL, streaming: false });
  const ends: CallEnd[] = [];
  const sink = new Proxy(recording, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...values: unknown[]): unknown => {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the only parameter of end
        if (name === "end") ends.push(values[0] as CallEnd);
        return Reflect.apply(value, target, values);
      };
    },
  });
  return {
    ...runtime,
    recording,
    ends,
    follow<T>(value: T): T {
      const followed = {
        sink,
        watch: runtime.watch,
        classify: options.classify,
        inside: <R>(run: () => R): R => run(),
      };
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- that it comes back alike is what is tested
      return followResult(value, followed) as T;
    },
    get outcome() {
      const [end] = ends;
      if (end === undefined) return "open";
      return end.errorType === undefined ? end.outcome : `${end.outcome}/${end.errorType}`;
    },
  };
}

/** A chat chunk as client libraries hand it over. */
export function chatChunk(delta: object, more: object = {}): object {
  return { id: "c1", object: "chat.completion.chunk", model: "gpt-4o", choices: [{ index: 0, delta, ...more }] };
}

export const HELLO = [
  chatChunk({ role: "assistant", content: "" }),
  chatChunk({ content: "Hel" }),
  chatChunk({ content: "lo" }),
  chatChunk({}, { finish_reason: "stop" }),
];

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");

/** Collects garbage until `done` or two seconds have passed; finalisers run in turns of their own. */
export async function collectUntil(done: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!done() && performance.now() < deadline) {
    if (typeof collectGarbage === "function") collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(done()).toBe(true);
}

/** All elements of something that can be iterated. */
export async function readAll(stream: unknown): Promise<unknown[]> {
  const seen: unknown[] = [];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a test that hands over anything else fails here
  for await (const value of stream as AsyncIterable<unknown>) seen.push(value);
  return seen;
}

/** The attributes of a span as the reader of LLM fields takes them. */
export function attributeMap(attributes: Record<string, unknown>): AttributeMap {
  const map = new Map<string, string | number | boolean | readonly string[]>();
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") map.set(name, value);
    else if (Array.isArray(value)) map.set(name, value.map(String));
  }
  return map;
}
