import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach } from "vitest";
import {
  startFaultUpstream,
  type FaultUpstream,
} from "../../../packages/gateway/src/testing/fault-upstream.testing.ts";
import { fetchRaw, type RawAnswer, type RawRequest } from "../../../packages/gateway/src/testing/raw-client.testing.ts";
import { behaveByModel } from "./behaviours.ts";
import { fourFormats, startGatewayProcess, type GatewayProcess } from "./process.ts";

/** Every row of the checklist holds under both. */
export const POLICIES = ["inject", "observe"] as const;

/** A gateway process in front of the upstream that behaves by model name, for one test file. */
export interface GatewayFixture {
  readonly upstream: FaultUpstream;
  readonly gateway: GatewayProcess;
  /** OpenAI's client that does not retry, through the gateway. */
  readonly client: OpenAI;
  /** The same request through the gateway and directly. */
  both(path: string, request: RawRequest): Promise<{ readonly relayed: RawAnswer; readonly direct: RawAnswer }>;
  relayed(path: string, request: RawRequest): Promise<RawAnswer>;
}

export interface FixtureOptions {
  readonly usage?: (typeof POLICIES)[number];
  /** Further settings of every upstream, as in a YAML flow mapping. */
  readonly settings?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeArgs?: readonly string[];
}

/** Telemetry is on, metrics only: spans have tests of their own. */
export const MEASURING = { ENABLE_TELEMETRY: "true", OTEL_TRACES_EXPORTER: "none" };

/** Starts both before the tests of the enclosing block and stops them afterwards; requests are forgotten in between. */
export function useGateway(options: FixtureOptions = {}): GatewayFixture {
  let upstream: FaultUpstream | undefined;
  let gateway: GatewayProcess | undefined;
  const started = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error("not started");
    return value;
  };
  beforeAll(async () => {
    upstream = await startFaultUpstream({ highWaterMark: 64 * 1024 });
    behaveByModel(upstream);
    gateway = await startGatewayProcess({
      yaml: fourFormats(upstream.origin, options.settings),
      env: { ...MEASURING, LLM_MONITOR_INJECT_USAGE: String(options.usage !== "observe"), ...options.env },
      nodeArgs: options.nodeArgs ?? [],
    });
  });
  beforeEach(() => {
    upstream?.requests.splice(0);
  });
  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });
  const relayed = (path: string, request: RawRequest): Promise<RawAnswer> =>
    fetchRaw(`${started(gateway).origin}${path}`, request);
  return {
    get upstream() {
      return started(upstream);
    },
    get gateway() {
      return started(gateway);
    },
    get client() {
      return new OpenAI({ apiKey: "sk-test", baseURL: `${started(gateway).origin}/v1`, maxRetries: 0 });
    },
    async both(path, request) {
      return {
        relayed: await relayed(path, request),
        direct: await fetchRaw(`${started(upstream).origin}${path}`, request),
      };
    },
    relayed,
  };
}

/** A chat request body as a client would write it. */
export function chatBody(model: string, more: object = {}): string {
  return JSON.stringify({ model, messages: [{ role: "user", content: "hi" }], stream: true, ...more });
}

/** What the gateway may add to an answer, and what differs between two answers of one server anyway. */
const NOT_COMPARED = new Set(["date", "connection", "keep-alive", "transfer-encoding", "x-accel-buffering"]);

/** Raw headers that have to be the same, in order and case. */
export function comparable(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (!NOT_COMPARED.has(name.toLowerCase())) pairs.push([name, rawHeaders[at + 1] ?? ""]);
  }
  return pairs;
}
