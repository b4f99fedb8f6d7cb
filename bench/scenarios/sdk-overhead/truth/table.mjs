// What an application and its telemetry see, thing by thing (second table of the SDK contract's section 10).
import { startChild } from "../../../lib/child.mjs";

const here = (name) => new URL(name, import.meta.url);
const TIME_LIMIT_MS = 20_000;
/** One play in a process that has just started; `verify` holds the tight bound over many. */
const TTFT_TOLERANCE_MS = 10;

/** The value of the first attribute whose name matches, on any span. */
function attribute(spans, pattern) {
  for (const span of spans) {
    for (const [name, value] of Object.entries(span.attributes)) if (pattern.test(name)) return { name, value, span };
  }
  return undefined;
}

/** Milliseconds to the first token as the telemetry has them: a number of seconds, or a moment. */
function reportedTtftMs(spans) {
  const found = attribute(spans, /time_to_first_token|ttft|completion_start_time/);
  if (found === undefined) return undefined;
  if (typeof found.value === "number") return found.value * 1000;
  return Date.parse(String(found.value).replaceAll('"', "")) - found.span.startMs;
}

function reportedTokens(spans) {
  const found = attribute(
    spans,
    /usage\.output_tokens|usage\.completion_tokens|token_count\.completion$|usage_details/,
  );
  if (found === undefined) return undefined;
  return typeof found.value === "number" ? found.value : JSON.parse(String(found.value)).output;
}

/** How the call's span ended. */
function ending(spans) {
  if (spans.length === 0) return "no span";
  if (spans.some((span) => !span.ended)) return "never ends";
  const outcome = attribute(spans, /^llm\.outcome$/)?.value;
  if (outcome !== undefined) return `${outcome}`;
  const level = attribute(spans, /observation\.level$/)?.value;
  return spans.some((span) => span.error) || level === "ERROR" ? "error" : "ends";
}

const member = ({ seen }) => short(seen.member);
const short = (text) => (text.length > 60 ? `${text.slice(0, 57)}…` : text);

/**
 * Rows of the table: what is done, how the answer reads, what the SDK contract asks of ours.
 * `needsSpans`: without telemetry there is nothing to say.
 */
const ROWS = [
  {
    title: "TTFT, role chunk first (reported for true)",
    doing: "withUsage",
    needsSpans: true,
    read({ server, spans }) {
      const ms = reportedTtftMs(spans);
      return ms === undefined ? "none" : `${Math.round(ms)} for ${Math.round(server.firstTokenMs)} ms`;
    },
    // The truth is the server's own clock.
    holds({ server, spans }) {
      return Math.abs((reportedTtftMs(spans) ?? Infinity) - server.firstTokenMs) <= TTFT_TOLERANCE_MS;
    },
  },
  {
    title: "output tokens, usage chunk sent (reported for true)",
    doing: "withUsage",
    needsSpans: true,
    read: ({ seen, spans }) => `${reportedTokens(spans) ?? "none"} for ${seen.tokens}`,
    holds: ({ seen, spans }) => reportedTokens(spans) === seen.tokens,
  },
  {
    title: "output tokens, no usage",
    doing: "withoutUsage",
    needsSpans: true,
    read({ seen, spans }) {
      const source = attribute(spans, /^llm\.token_source$/)?.value;
      const tokens = attribute(spans, /^llm\.output_tokens$/)?.value ?? reportedTokens(spans);
      if (tokens === undefined) return "none";
      return `${tokens} for ${seen.tokens}${source === undefined ? ", not labelled" : `, labelled ${source}`}`;
    },
    holds: ({ spans }) => attribute(spans, /^llm\.token_source$/)?.value === "estimate",
  },
  {
    title: "early break",
    doing: "breaks",
    read({ spans, server }) {
      const upstream = server.aborted ? `upstream aborted` : "reads all the rest";
      return `${spans.length === 0 ? "" : `${ending(spans)}, `}${upstream}`;
    },
    holds: ({ spans, server }) => ending(spans) === "cancelled" && server.aborted,
  },
  {
    title: "never consumed, then collected",
    doing: "neverReads",
    read: ({ spans, server }) =>
      `${spans.length === 0 ? "" : `${ending(spans)}, `}${server.finished ? "is read anyway" : "left unread"}`,
    holds: ({ spans, server }) => ending(spans) === "abandoned" && !server.finished,
  },
  {
    title: "server dies mid-stream",
    doing: "dies",
    read: ({ seen, spans }) =>
      `${spans.length === 0 ? "" : `${ending(spans)}, `}${seen.error === undefined ? "application sees no error" : "throws"}`,
    holds: ({ seen, spans }) => ending(spans) === "error" && seen.error !== undefined,
  },
  {
    title: "HTTP 400 on a stream",
    doing: "refuses",
    read: ({ seen, spans }) =>
      `${spans.length === 0 ? "" : `${ending(spans)}, `}${seen.error === undefined ? "no throw at await" : "same throw"}`,
    holds: ({ seen, spans }) => ending(spans) === "error" && seen.error === "BadRequestError",
  },
  {
    title: "`withResponse()`",
    doing: "withResponse",
    read: member,
    holds: ({ seen }) => seen.member === "ok",
  },
  {
    title: "`asResponse()`",
    doing: "asResponse",
    read: (found) =>
      `${member(found)}${found.spans.length > 0 && ending(found.spans) === "never ends" ? ", leaks" : ""}`,
    holds: ({ seen, spans }) => seen.member === "ok" && ending(spans) !== "never ends",
  },
  {
    title: "`controller` / `tee()` / `toReadableStream()`",
    doing: "members",
    read: ({ seen }) => [seen.controller, seen.tee, seen.toReadableStream].map(short).join(" / "),
    holds: ({ seen }) => [seen.controller, seen.tee, seen.toReadableStream].every((one) => one === "ok"),
  },
  { title: "`.parse()`", doing: "parse", read: member, holds: ({ seen }) => seen.member === "ok" },
  { title: "`.stream()` helper", doing: "streamHelper", read: member, holds: ({ seen }) => seen.member === "ok" },
];

/** What one subject shows of one thing; `failed` says how its process ended when it did not answer. */
async function observe(subject, doing, port) {
  const args = [subject.id, doing, String(port)];
  const options = {
    script: here("worker.mjs"),
    args,
    execArgv: ["--expose-gc"],
    env: subject.env ?? {},
    pinned: false,
  };
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, TIME_LIMIT_MS, { failed: "does not come back" });
  });
  const answered = startChild(options).then(
    async (child) => {
      await child.stop();
      return child.ready;
    },
    (error) => ({
      failed: /unhandled|ended with 1/i.test(error.message) ? "the process exits" : error.message,
      why: error.message,
    }),
  );
  const found = await Promise.race([answered, late]);
  clearTimeout(timer);
  return found;
}

function cell(row, found) {
  if (found.failed !== undefined) return short(found.failed.split("\n", 1)[0]);
  return row.needsSpans && found.spans.length === 0 ? "–" : row.read(found);
}

/**
 * The table: a row per thing, a cell per subject, and whether ours does what its contract says.
 * @returns {Promise<{ rows: { title: string, cells: string[] }[], broken: string[] }>}
 */
export async function measureTruth(subjects, say) {
  const server = await startChild({ script: here("server.mjs"), pinned: false });
  const { port } = await server.ask({});
  const found = new Map();
  try {
    for (const subject of subjects) {
      for (const doing of new Set(ROWS.map((row) => row.doing))) {
        found.set(`${subject.id} ${doing}`, await observe(subject, doing, port));
      }
      say(".");
    }
  } finally {
    await server.stop();
  }
  const broken = [];
  const rows = ROWS.map((row) => {
    const cells = subjects.map((subject) => {
      const one = found.get(`${subject.id} ${row.doing}`);
      if (subject.group === "ours" && (one.failed !== undefined || !row.holds(one))) broken.push(row.title);
      return cell(row, one);
    });
    return { title: row.title, cells };
  });
  return { rows, broken };
}
