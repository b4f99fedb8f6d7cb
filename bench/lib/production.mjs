// Lengths and arrivals of production traffic, as quantiles (0, 5, …, 100 %) of one hour of two services. Derived from
// the Azure Public Dataset, "Azure LLM inference trace 2023" (CC-BY 4.0; Patel et al., Splitwise, ISCA 2024).

/** @typedef {{ name: string, share: number, inputTokens: number[], outputTokens: number[], gapsMs: number[] }} Traffic */

/** @type {readonly Traffic[]} */
export const TRAFFIC = [
  {
    name: "conversation",
    share: 19_366 / 28_185,
    inputTokens: [
      2, 181, 207, 372, 387, 396, 403, 414, 703, 984, 1020, 1045, 1071, 1097, 1130, 1189, 1315, 1876, 2734, 4083,
      14_050,
    ],
    outputTokens: [7, 41, 54, 67, 77, 85, 91, 96, 103, 113, 129, 151, 177, 217, 384, 395, 400, 411, 424, 451, 1000],
    gapsMs: [
      0, 6.3, 16.1, 26.4, 36.5, 48.3, 60.7, 73.5, 87.3, 101.9, 118.4, 137.6, 158.7, 183.2, 213.6, 246.7, 288.8, 345.9,
      420.7, 565.2, 4314.6,
    ],
  },
  {
    name: "code",
    share: 8_819 / 28_185,
    inputTokens: [
      3, 75, 147, 232, 386, 578, 770, 938, 1075, 1261, 1469, 1690, 1909, 2164, 2433, 2745, 3192, 3919, 5186, 7302, 7437,
    ],
    outputTokens: [6, 6, 7, 7, 8, 9, 9, 10, 11, 12, 13, 14, 16, 18, 20, 24, 29, 39, 55, 90, 1899],
    // The last gap is a pause of the recording, not of the traffic.
    gapsMs: [
      0, 0.1, 0.2, 0.9, 1.2, 2.1, 3.3, 5.3, 15.1, 38.2, 63.8, 89.6, 95, 97.9, 100.1, 104, 160.1, 198.8, 272.8, 400.8,
      1200,
    ],
  },
];

/** A value of a distribution given by its quantiles; `u` lies in [0, 1). */
export function quantileAt(quantiles, u) {
  const place = u * (quantiles.length - 1);
  const at = Math.floor(place);
  const low = quantiles[at] ?? 0;
  return low + (place - at) * ((quantiles[at + 1] ?? low) - low);
}

/** Repeatable random numbers in [0, 1): mulberry32. */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
