/** How a made-up model behaves; together they give a dashboard something to compare. */
export interface DemoModel {
  readonly name: string;
  /** Share of the calls, relative to the others. */
  readonly weight: number;
  /** Which recorded traffic it gets. */
  readonly traffic: "conversation" | "code";
  readonly baseTtftMs: number;
  /** Prefill: added per input token. */
  readonly ttftMsPerInputToken: number;
  readonly gapMs: number;
  readonly jitter: number;
  readonly tokensPerChunk: number;
  /** Reasoning tokens per answer token; 0 = does not reason. */
  readonly reasoningRatio: number;
  /** Shares of the calls that end so. */
  readonly faults: {
    readonly rateLimited: number;
    readonly serverError: number;
    readonly drop: number;
    readonly errorEvent: number;
  };
  /** Share of the calls with a stall of seconds. */
  readonly stalls: number;
}

const RARE_FAULTS = { rateLimited: 0.005, serverError: 0.005, drop: 0.005, errorEvent: 0 };

/** From fast to slow, one that reasons, one in trouble. */
export const DEMO_MODELS: readonly DemoModel[] = [
  {
    name: "demo-fast",
    weight: 3,
    traffic: "code",
    baseTtftMs: 90,
    ttftMsPerInputToken: 0.03,
    gapMs: 8,
    jitter: 0.3,
    tokensPerChunk: 3,
    reasoningRatio: 0,
    faults: RARE_FAULTS,
    stalls: 0.005,
  },
  {
    name: "demo-balanced",
    weight: 3,
    traffic: "conversation",
    baseTtftMs: 220,
    ttftMsPerInputToken: 0.06,
    gapMs: 18,
    jitter: 0.25,
    tokensPerChunk: 1,
    reasoningRatio: 0,
    faults: RARE_FAULTS,
    stalls: 0.01,
  },
  {
    name: "demo-large",
    weight: 2,
    traffic: "conversation",
    baseTtftMs: 480,
    ttftMsPerInputToken: 0.15,
    gapMs: 42,
    jitter: 0.2,
    tokensPerChunk: 1,
    reasoningRatio: 0,
    faults: RARE_FAULTS,
    stalls: 0.04,
  },
  {
    name: "demo-thinking",
    weight: 1.5,
    traffic: "conversation",
    baseTtftMs: 350,
    ttftMsPerInputToken: 0.1,
    gapMs: 14,
    jitter: 0.3,
    tokensPerChunk: 1,
    reasoningRatio: 1.5,
    faults: RARE_FAULTS,
    stalls: 0.02,
  },
  {
    name: "demo-flaky",
    weight: 1,
    traffic: "conversation",
    baseTtftMs: 320,
    ttftMsPerInputToken: 0.1,
    gapMs: 25,
    jitter: 0.8,
    tokensPerChunk: 1,
    reasoningRatio: 0,
    faults: { rateLimited: 0.08, serverError: 0.06, drop: 0.06, errorEvent: 0.05 },
    stalls: 0.12,
  },
];
