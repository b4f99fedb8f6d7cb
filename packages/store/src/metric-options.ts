/** What every metric store may be given. */
export interface MetricStoreOptions {
  /** Wall clock, ms; default `Date.now`. Samples far from it are rejected, and retention counts from it. */
  readonly now?: () => number;
  /** A clock that never jumps, ms; default `performance.now`. */
  readonly monotonicMs?: () => number;
  /** Most samples one query answers; default and highest value `LIMITS.samplesPerQuery`. */
  readonly samplesPerQuery?: number;
}
