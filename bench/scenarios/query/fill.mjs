// Fills an index with calls of production lengths and arrivals, by the engine itself: ten million in minutes.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { encodeTokenTape } from "../../../packages/core/dist/token-tape.js";
import { fileAlias, fileName, sealedFileOf } from "../../../packages/store/dist/duckdb/index-files.js";
import { createDayTables, SPAN_COLUMNS } from "../../../packages/store/dist/duckdb/schema.js";
import { quantileAt, seededRandom, TRAFFIC } from "../../lib/production.mjs";

const DAY_MS = 86_400_000;
const SERVICES = ["shop-api", "support-bot", "search", "batch"];
const MODELS = ["gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5", "gemini-2.5-flash", "llama-3.3-70b"];
/** Tapes that the calls share; only the detail page reads them. */
const TAPES = 64;

const list = (items) => `[${items.map((item) => (typeof item === "number" ? item : `'${item}'`)).join(", ")}]`;

/** A value by quantiles, as SQL. `u` is a column of uniform numbers. */
function quantileSql(quantiles, u) {
  const steps = quantiles.length - 1;
  const at = (offset) => `${list(quantiles)}[floor(${u} * ${steps})::INTEGER + ${1 + offset}]`;
  return `(${at(0)} + (${u} * ${steps} - floor(${u} * ${steps})) * (${at(1)} - ${at(0)}))`;
}

function byTraffic(pick, u) {
  return `CASE WHEN is_chat THEN ${quantileSql(pick(TRAFFIC[0]), u)} ELSE ${quantileSql(pick(TRAFFIC[1]), u)} END`;
}

function tapes(random) {
  return Array.from({ length: TAPES }, () => {
    let atMicros = 3e5 + random() * 1e6;
    const count = Math.round(quantileAt(TRAFFIC[0].outputTokens, random()));
    return encodeTokenTape(
      Array.from({ length: count }, () => {
        atMicros += 1e4 + random() * 2e4;
        return { atMicros: Math.round(atMicros), kind: "text", tokens: 1 };
      }),
    );
  });
}

/** Calls of one day by time: arrivals follow the day, most in its middle, and come in bursts within a second. */
function callsSql(day, calls, seed) {
  const start = BigInt(day) * BigInt(DAY_MS) * 1_000_000n;
  const place = `((i + random() * 3) / ${calls + 3})`;
  const spread = `least(greatest(${place} - 0.12 * sin(2 * pi() * ${place}), 0), 0.999999)`;
  return `
    SELECT *, ttft + out_tok / rate AS seconds FROM (
      SELECT *, 0.2 + u3 + in_tok / 5000 AS ttft, 30 + u4 * 60 AS rate FROM (
        SELECT *, round(${byTraffic((t) => t.inputTokens, "u1")}) AS in_tok,
          greatest(1, round(${byTraffic((t) => t.outputTokens, "u2")})) AS out_tok FROM (
          SELECT i, (${start} + ${spread} * 86400e9)::BIGINT AS start_ns, random() < ${TRAFFIC[0].share} AS is_chat,
            random() AS u1, random() AS u2, random() AS u3, random() AS u4, random() AS u5, random() AS u6,
            (random() * 4294967296)::UBIGINT AS s1, (random() * 4294967296)::UBIGINT AS s2
          FROM range(${calls}) r(i) WHERE setseed(${seed}) IS NULL)))`;
}

/** What each column of a call holds; columns that are not named stay unknown. */
function callColumns(tapeList) {
  const attribute = (key, sql) => [key, sql];
  const attributes = [
    attribute("gen_ai.request.temperature", `chr(1) || 'd0.7'`),
    attribute("gen_ai.request.max_tokens", `chr(1) || 'i1024'`),
    attribute("server.address", `'api.example.com'`),
    attribute("server.port", `chr(1) || 'i443'`),
    attribute("http.response.status_code", `chr(1) || CASE WHEN u5 < 0.02 THEN 'i504' ELSE 'i200' END`),
    attribute("gen_ai.response.id", `'chatcmpl-' || to_hex(s1) || to_hex(s2)`),
    attribute("gen_ai.request.model", `${list(MODELS)}[1 + floor(u6 * ${MODELS.length})::INTEGER]`),
    attribute("gen_ai.usage.input_tokens", `chr(1) || 'i' || in_tok::BIGINT::VARCHAR`),
    attribute("gen_ai.usage.output_tokens", `chr(1) || 'i' || out_tok::BIGINT::VARCHAR`),
    attribute("llm.time_to_first_token_seconds", `chr(1) || 'd' || ttft::VARCHAR`),
    attribute("llm.outcome", `CASE WHEN u5 < 0.02 THEN 'error' ELSE 'ok' END`),
    attribute("llm.token_tape", `chr(1) || 'c'`),
  ];
  const model = `${list(MODELS)}[1 + floor(u6 * ${MODELS.length})::INTEGER]`;
  const service = `(s1 % ${SERVICES.length})::INTEGER`;
  return {
    start_ns: "start_ns",
    duration_ns: "(seconds * 1e9)::BIGINT",
    trace_id: "gen_random_uuid()",
    span_id: "(s1 * 4294967296 + s2 + 1)::UBIGINT",
    resource_id: `${service}::UINTEGER`,
    service: `${list(SERVICES)}[1 + ${service}]`,
    name: `'chat ' || ${model}`,
    status_msg: "CASE WHEN u5 < 0.02 THEN 'the request timed out' END",
    scope: "'@nexent/monitor'",
    kind: "3",
    status: "CASE WHEN u5 < 0.02 THEN 2 ELSE 0 END",
    flags: "257",
    is_llm: "true",
    attributes: `map(${list(attributes.map(([key]) => key))}, [${attributes.map(([, sql]) => sql).join(", ")}])`,
    provider: "'openai'",
    model,
    response_model: `${model} || '-2026-05-13'`,
    operation: "'chat'",
    outcome: "CASE WHEN u5 < 0.02 THEN 'error' ELSE 'ok' END",
    error_type: "CASE WHEN u5 < 0.02 THEN 'timeout' END",
    finish_reason: "CASE WHEN u5 >= 0.02 THEN 'stop' END",
    token_source: "'usage'",
    streaming: "true",
    attempt: "1",
    first_byte_s: "ttft * 0.9",
    first_chunk_s: "ttft * 0.95",
    ttft_s: "ttft",
    first_answer_s: "ttft",
    last_token_s: "seconds",
    gen_rate: "rate",
    e2e_rate: "out_tok / seconds",
    tpot_s: "1 / rate",
    gap_p50_s: "0.9 / rate",
    gap_p95_s: "2 / rate",
    stall_count: "CASE WHEN u1 < 0.01 THEN 1 ELSE 0 END",
    stall_total_s: "CASE WHEN u1 < 0.01 THEN 3 ELSE 0 END",
    in_tok: "in_tok::BIGINT",
    out_tok: "out_tok::BIGINT",
    token_tape: `${tapeList}[1 + (s2 % ${TAPES})::INTEGER]`,
  };
}

/**
 * Writes day files below `dataDir`, the last one yesterday's, so that today is free for what comes in meanwhile.
 * @param {{ dataDir: string, calls: number, days: number, lastDay: number, seed?: number }} options
 */
export async function fillIndex({ dataDir, calls, days, lastDay, seed = 1 }) {
  const folder = join(dataDir, "index");
  mkdirSync(join(folder, "tmp"), { recursive: true });
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const tapeList = list(tapes(seededRandom(seed)));
  const perDay = Math.ceil(calls / days);
  for (let at = 0; at < days; at += 1) {
    const day = lastDay - days + 1 + at;
    // Every day is over: the store would have sealed them all.
    const file = sealedFileOf(day);
    const alias = fileAlias(file);
    await connection.run(`ATTACH '${join(folder, fileName(file))}' AS ${alias} (STORAGE_VERSION 'v1.5.0')`);
    for (const statement of createDayTables(alias)) await connection.run(statement);
    const columns = callColumns(tapeList);
    const values = SPAN_COLUMNS.map(({ name }) => columns[name] ?? "NULL").join(", ");
    await connection.run(
      `INSERT INTO ${alias}.main.spans SELECT ${values} FROM (${callsSql(day, perDay, (at + 1) / 1000)}) ORDER BY start_ns`,
    );
    for (const [id, service] of SERVICES.entries()) {
      const attributes = `'service.name' || chr(2) || '${service}'`;
      await connection.run(`INSERT INTO ${alias}.main.resources VALUES (${id}, '${service}', ${attributes})`);
    }
    // A file to which nothing was ever applied counts as one that was dropped.
    await connection.run(`INSERT INTO ${alias}.main.applied VALUES (1)`);
    await connection.run(`CHECKPOINT ${alias}`);
    await connection.run(`DETACH ${alias}`);
    process.stderr.write(`\r  filling: day ${at + 1}/${days}`);
  }
  process.stderr.write("\n");
  connection.closeSync();
  instance.closeSync();
}
