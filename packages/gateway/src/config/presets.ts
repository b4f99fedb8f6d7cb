/** Upstreams that exist without being configured (gateway contract 2). */
import type { UpstreamConfig } from "../upstream/upstream.ts";

/** What a preset fixes; the rest comes from the configuration. */
export type UpstreamPreset = Pick<UpstreamConfig, "prefix" | "baseUrl" | "provider" | "authHeader">;

/**
 * The providers most applications talk to, by name. On an address that others can reach they are off, so that an exposed
 * gateway does not open a local model server by accident.
 */
export const PRESETS: Readonly<Record<string, UpstreamPreset>> = {
  openai: {
    // The one-upstream case may be any server, and a compatible one reads its key here for Anthropic's format, too.
    prefix: "/v1",
    baseUrl: "https://api.openai.com/v1",
    provider: "openai",
    authHeader: "authorization",
  },
  anthropic: {
    prefix: "/anthropic",
    baseUrl: "https://api.anthropic.com",
    provider: "anthropic",
  },
  gemini: {
    prefix: "/gemini",
    baseUrl: "https://generativelanguage.googleapis.com",
    provider: "gcp.gemini",
  },
  ollama: {
    prefix: "/ollama",
    baseUrl: "http://127.0.0.1:11434",
    provider: "ollama",
  },
};
