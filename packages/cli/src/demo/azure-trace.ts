/**
 * Shape of production LLM traffic: quantiles derived from a sample of the "Azure LLM inference trace 2023" (one hour of
 * 2023-11-16; 19,366 conversation and 8,819 code requests). Source: Azure Public Dataset, licence CC-BY 4.0
 * (https://creativecommons.org/licenses/by/4.0/), described in Patel et al., "Splitwise: Efficient Generative LLM
 * Inference Using Phase Splitting", ISCA 2024. Changes: only quantiles are kept, no request is.
 *
 * Every table holds the quantiles 0, 0.05, ... 0.95, 0.995: the last one stands in for the maximum, so that a single
 * outlier (one gap of 217 s) does not rule a demo of minutes. Gaps are in units of their mean.
 */
export interface TrafficShape {
  readonly inputTokens: readonly number[];
  readonly outputTokens: readonly number[];
  readonly gap: readonly number[];
}

/** Chat and code completion differ in everything: code has long prompts, short answers and strong bursts. */
export const TRAFFIC_SHAPES = {
  conversation: {
    inputTokens: [
      2, 181, 207, 372, 387, 396, 403, 414, 703, 984, 1020, 1045, 1071, 1097, 1130, 1189, 1315, 1876, 2734, 4083, 4831,
    ],
    outputTokens: [7, 41, 54, 67, 77, 85, 91, 96, 103, 113, 129, 151, 177, 217, 384, 395, 400, 411, 424, 451, 643],
    gap: [
      0, 0.035, 0.089, 0.146, 0.202, 0.267, 0.336, 0.406, 0.483, 0.564, 0.655, 0.761, 0.877, 1.013, 1.181, 1.364, 1.597,
      1.913, 2.327, 3.126, 5.7,
    ],
  },
  code: {
    inputTokens: [
      3, 75, 147, 232, 386, 578, 770, 938, 1075, 1261, 1469, 1690, 1909, 2164, 2433, 2745, 3192, 3919, 5186, 7302, 7436,
    ],
    outputTokens: [6, 6, 7, 7, 8, 9, 9, 10, 11, 12, 13, 14, 16, 18, 20, 24, 29, 39, 55, 90, 361],
    gap: [
      0, 0, 0.001, 0.002, 0.003, 0.005, 0.008, 0.014, 0.039, 0.098, 0.164, 0.23, 0.244, 0.251, 0.257, 0.267, 0.411,
      0.51, 0.7, 1.029, 25.983,
    ],
  },
} as const satisfies Record<string, TrafficShape>;
