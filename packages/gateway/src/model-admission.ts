import type { UpstreamConfig } from "./upstream/upstream.ts";

/** Label of a model name that no upstream has confirmed yet. */
const UNADMITTED = "__overflow__";

/**
 * Which model names may become label values: configured ones, and those that an upstream has answered with 2xx once,
 * so that scanners cannot create series (measurement contract 4.3).
 */
export interface ModelAdmission {
  labelOf(model: string): string;
  admit(model: string): void;
}

/** Admission for `upstreams`; at most `maxModels` (default 1,000) names are remembered beside the configured ones. */
export function createModelAdmission(
  upstreams: readonly Pick<UpstreamConfig, "models">[],
  maxModels = 1_000,
): ModelAdmission {
  const admitted = new Set(upstreams.flatMap((upstream) => upstream.models));
  const limit = admitted.size + maxModels;
  return {
    labelOf: (model) => (admitted.has(model) ? model : UNADMITTED),
    admit(model) {
      if (admitted.size < limit) admitted.add(model);
    },
  };
}
