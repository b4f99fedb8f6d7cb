/** `@nexent/monitor/anthropic`: the Anthropic client. */
import { anthropicMessages } from "@nexent/monitor-core";
import type { ClientOptions } from "./client-options.ts";
import { wrapStainless, type ClientShape } from "./stainless.ts";

export type { ClientOptions } from "./client-options.ts";

const MESSAGES = { operation: "chat", format: anthropicMessages } as const;

const ANTHROPIC: ClientShape = {
  wrapper: "wrapAnthropic",
  resources: [
    { path: ["messages"], ...MESSAGES },
    { path: ["beta", "messages"], ...MESSAGES },
  ],
  helpers: [["messages"], ["beta", "messages"]],
  providerOf: () => "anthropic",
};

/**
 * Observes an Anthropic client in place: `messages` and `beta.messages` with `create`, `parse` and `stream`, and every
 * HTTP request they send. Nothing is added to a request.
 * @returns the same instance; wrapping twice is wrapping once.
 * @example
 * const client = wrapAnthropic(new Anthropic());
 */
export function wrapAnthropic<C extends object>(client: C, options: ClientOptions = {}): C {
  return wrapStainless(client, ANTHROPIC, options);
}
