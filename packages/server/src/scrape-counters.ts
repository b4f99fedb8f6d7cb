/** How one scrape went. */
export interface ScrapeOutcome {
  /** The target answered, and what it said is stored. */
  readonly isGood: boolean;
  readonly durationSeconds: number;
  /** Samples that were stored, what is written about the scrape itself among them. */
  readonly storedSamples: number;
}

/** What the scrapes of this process did. */
export interface ScrapeSnapshot {
  /** Targets whose last scrape was good. */
  readonly up: number;
  /** All others, those that were not scraped yet among them. */
  readonly down: number;
  readonly failedScrapes: number;
  readonly storedSamples: number;
  /** Of the last scrape of each target the longest; absent before the first one. */
  readonly lastDurationSeconds?: number;
}

/** Counts scrapes. */
export interface ScrapeCounters {
  /** @param target which one; any name that stays the same. */
  scraped(target: string, outcome: ScrapeOutcome): void;
  readonly snapshot: () => ScrapeSnapshot;
}

/** @param targets how many there are. */
export function createScrapeCounters(targets: number): ScrapeCounters {
  const last = new Map<string, ScrapeOutcome>();
  let failedScrapes = 0;
  let storedSamples = 0;
  return {
    scraped(target, outcome) {
      last.set(target, outcome);
      if (!outcome.isGood) failedScrapes++;
      storedSamples += outcome.storedSamples;
    },
    snapshot() {
      const outcomes = [...last.values()];
      const up = outcomes.filter(({ isGood }) => isGood).length;
      const durations = outcomes.map(({ durationSeconds }) => durationSeconds);
      return {
        up,
        down: targets - up,
        failedScrapes,
        storedSamples,
        ...(durations.length === 0 ? {} : { lastDurationSeconds: Math.max(...durations) }),
      };
    },
  };
}
