import type * as OtelTrace from "@opentelemetry/sdk-trace";
import { randomnessOf, thresholdOf, withThreshold } from "../../sampling/consistent-probability.ts";
import type { Modules } from "./packages.ts";

/** Root decision of {@link OtelTrace.ParentBasedSampler}: consistent probability, written as `ot=th:…`. */
export function rootSampler({ api, sdk }: Modules, probability: number): OtelTrace.Sampler {
  const { threshold, encoded } = thresholdOf(probability);
  return {
    shouldSample(context, traceId) {
      const state = api.trace.getSpanContext(context)?.traceState;
      const sampled = randomnessOf(traceId, state?.get("ot")) >= threshold;
      if (!sampled || encoded === undefined) return { decision: sdk.SamplingDecision.NOT_RECORD };
      const traceState = (state ?? api.createTraceState()).set("ot", withThreshold(state?.get("ot"), encoded));
      return { decision: sdk.SamplingDecision.RECORD_AND_SAMPLED, traceState };
    },
    toString: () => `ConsistentProbability{${probability}}`,
  };
}
