import type * as OtelTrace from "@opentelemetry/sdk-trace";
import { ATTR } from "@nexent/monitor-core";
import { randomnessOf, thresholdOf, withThreshold } from "../../sampling/consistent-probability.ts";
import type { Modules } from "./packages.ts";

/** Root decision of {@link OtelTrace.ParentBasedSampler}: consistent probability, written as `ot=th:…`. */
function rootSampler({ api, sdk }: Modules, probability: number): OtelTrace.Sampler {
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

/**
 * Head decision of every span: that of its parent, for a root by consistent probability. What is not sampled is recorded
 * all the same, because the end of its trace may be worth keeping; what is sampled says so.
 */
export function headSampler(modules: Modules, probability: number): OtelTrace.Sampler {
  const { RECORD, RECORD_AND_SAMPLED } = modules.sdk.SamplingDecision;
  // Most spans have no state, and then nothing of their own.
  const sampled = { decision: RECORD_AND_SAMPLED, attributes: { [ATTR.samplingReason]: "head" } };
  const head = new modules.sdk.ParentBasedSampler({ root: rootSampler(modules, probability) });
  return {
    shouldSample(...asked) {
      const result = head.shouldSample(...asked);
      if (result.decision !== RECORD_AND_SAMPLED) return { ...result, decision: RECORD };
      const { traceState } = result;
      return traceState === undefined ? sampled : { ...sampled, traceState };
    },
    toString: () => `AlwaysRecord{${head.toString()}}`,
  };
}
