import { isDeepStrictEqual } from "node:util";
import { parseRequestTarget } from "@nexent/monitor-core";
import { createHostRules } from "../../../packages/server/src/host-origin.ts";
import { ApiFault } from "../../../packages/server/src/jaeger/api-fault.ts";
import { searchOfV1, searchOfV3, traceIdsOf } from "../../../packages/server/src/jaeger/trace-search.ts";
import { must, type FuzzTarget } from "../harness/target.ts";

const NOW = 1_700_000_000_000_000_000n;
const PORT = 7676;
const RULES = createHostRules({ port: () => PORT, allowedHosts: ["monitor.example"], allowedOrigins: [] });
const SEED_LINES = [
  "localhost:7676\n/api/traces?service=shop&operation=chat&limit=20&lookback=1h&minDuration=1.2s&maxDuration=2m",
  '127.0.0.1:7676\n/api/traces?service=shop&tags={"error":"true","span.kind":"client"}&tag=a:b&start=1&end=1700000000000000',
  "[::1]:7676\n/api/traces?traceID=0af7651916cd43dd8448eb211c80319c&traceID=1",
  'monitor.example\n/api/v3/traces?query.serviceName=shop&query.startTimeMin=2026-01-02T03:04:05Z&query.startTimeMax=2026-01-03T03:04:05.123456789%2B02:00&query.attributes={"a":"b"}&query.searchDepth=5',
];

/** The result, or undefined when it is refused with an answer of the API. */
function orFault<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ApiFault) return undefined;
    throw error;
  }
}

/** The same rule, character by character. */
function naiveTarget(target: string): { path: string; query: string } | undefined {
  const isPlain = target.split("").every((character) => character > " " && character !== "\u007f" && character !== "#");
  if (!isPlain || !target.startsWith("/") || /^\/[/\\]/.test(target)) return undefined;
  const [path = "", ...rest] = target.split("?");
  return { path, query: target.includes("?") ? `?${rest.join("?")}` : "" };
}

/** Whoever is let in must be ours by the URL standard too. */
function checkHost(host: string): void {
  const verdict = RULES.check({ headers: { host }, rawHeaders: ["host", host] });
  if (!verdict.allowed) return;
  const url = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
  must(url !== undefined, "a host is let in that is none");
  const name = url.hostname.replace(/\.$/, "");
  const isOwn = ["localhost", "127.0.0.1", "[::1]"].includes(name) && url.port === String(PORT);
  must(isOwn || name === "monitor.example", "a foreign host is let in");
}

function checkSearch(params: URLSearchParams): void {
  for (const search of [orFault(() => searchOfV1(params, NOW)), orFault(() => searchOfV3(params))]) {
    if (search === undefined) continue;
    const { range, minDurationNanos, maxDurationNanos } = search.filter;
    must(Number.isInteger(search.limit) && search.limit >= 1 && search.limit <= 1_000, "a limit outside its bounds");
    must(range !== undefined && range.fromUnixNanos < range.toUnixNanos, "an empty range is searched");
    must(
      minDurationNanos === undefined || maxDurationNanos === undefined || minDurationNanos <= maxDurationNanos,
      "crossed durations",
    );
  }
  for (const id of orFault(() => traceIdsOf(params)) ?? [])
    must(/^[0-9a-f]{32}$/.test(id), "a trace id of another form");
}

/** The query side. The first line is the Host, the second the request target. */
export const querySide: FuzzTarget = {
  seeds: () => SEED_LINES.map((line) => new Uint8Array(Buffer.from(line))),
  dictionary: [
    "localhost",
    ":7676",
    "//",
    "\\",
    "%00",
    "%E0%A4%A",
    "&tag=",
    "&tags={}",
    "limit=0",
    "-1h",
    "1e9s",
    "..",
    "@",
    "[::1]",
    "#",
    "?",
  ],
  run(input) {
    const text = Buffer.from(input).toString("latin1");
    const end = text.indexOf("\n");
    const target = text.slice(end + 1);
    const parsed = parseRequestTarget(target);
    must(isDeepStrictEqual(parsed, naiveTarget(target)), "the request target is split another way");
    checkHost(text.slice(0, Math.max(0, end)));
    checkSearch(new URLSearchParams(parsed?.query ?? target));
  },
};
