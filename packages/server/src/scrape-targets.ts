import { LIMITS } from "@nexent/monitor-core";

/** Something whose `/metrics` is read again and again. */
export interface ScrapeTarget {
  /** Label `job`. */
  readonly job: string;
  /** Label `instance`: host and port. */
  readonly instance: string;
  readonly url: string;
}

/** Turns scraping off, where an empty variable would mean the default. */
const NONE = "none";
const DEFAULT_JOB = "llm-metrics";
const JOB = /^([A-Za-z_][A-Za-z0-9_.-]*)=(?=https?:)/;

/** Targets of a list, or every problem of it. */
export type ScrapeTargetList = { readonly targets: readonly ScrapeTarget[] } | { readonly problems: readonly string[] };

/**
 * Reads `[job=]URL,[job=]URL`. A URL without a path means `/metrics`, one without a job `llm-metrics`; a URL that stands
 * twice is scraped once. `none` is the empty list.
 */
export function parseScrapeTargets(items: readonly string[]): ScrapeTargetList {
  const wanted = items.filter((item) => item !== NONE);
  const problems: string[] = [];
  const targets = new Map<string, ScrapeTarget>();
  for (const [at, item] of wanted.entries()) {
    const target = targetOf(item);
    // The text of an item may hold a password.
    if (target === undefined) problems.push(`target ${at + 1} is not [job=]http(s)://host:port/path without user data`);
    else if (!targets.has(target.url)) targets.set(target.url, target);
  }
  if (targets.size > LIMITS.scrapeTargets) problems.push(`more than ${LIMITS.scrapeTargets} targets`);
  return problems.length > 0 ? { problems } : { targets: [...targets.values()] };
}

function targetOf(item: string): ScrapeTarget | undefined {
  const job = JOB.exec(item);
  const text = job === null ? item : item.slice(job[0].length);
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") return undefined;
  if (url.pathname === "/") url.pathname = "/metrics";
  url.hash = "";
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return { job: job?.[1] ?? DEFAULT_JOB, instance: `${url.hostname}:${port}`, url: url.href };
}
