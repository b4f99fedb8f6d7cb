// Child: a receiver of OTLP/HTTP in front of another engine. It gunzips and decodes with our own reader, waits for no
// normalising or deduplication, and answers when the engine says that the rows are on disk. Requests that come while a
// transaction is under way share the next one, as they do in our journal.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { gunzipSync } from "node:zlib";
import { decodeTracesProtobuf } from "../../../packages/server/dist/codecs/otlp-traces.js";

const [engine, port, folder] = process.argv.slice(2);
const peers = createRequire(new URL("peers/package.json", import.meta.url));

const COLUMNS = [
  ["start_ns", "Int64"],
  ["duration_ns", "Int64"],
  ["trace_id", "String"],
  ["span_id", "String"],
  ["parent_id", "String"],
  ["service", "LowCardinality(String)"],
  ["name", "LowCardinality(String)"],
  ["kind", "UInt8"],
  ["status", "UInt8"],
  ["attributes", "Map(LowCardinality(String), String)"],
];

/** Writes rows in one transaction and counts what is there; both return when the engine does. */
const ENGINES = {
  libsql() {
    const Database = peers("libsql");
    const database = new Database(`${folder}/spans.db`);
    for (const pragma of ["journal_mode = WAL", "synchronous = FULL"]) database.exec(`PRAGMA ${pragma}`);
    database.exec(`CREATE TABLE spans (${COLUMNS.map(([name]) => name).join(", ")})`);
    const insert = database.prepare(`INSERT INTO spans VALUES (${COLUMNS.map(() => "?").join(", ")})`);
    return {
      write(rows) {
        database.exec("BEGIN IMMEDIATE");
        for (const row of rows)
          insert.run(row.map((value) => (typeof value === "object" ? JSON.stringify(value) : value)));
        database.exec("COMMIT");
      },
      count: () => database.prepare("SELECT count(*) AS n FROM spans").get().n,
    };
  },
  chdb() {
    const { Session } = peers("chdb");
    const session = new Session(folder);
    const columns = COLUMNS.map(([name, type]) => `${name} ${type}`).join(", ");
    const settings = "fsync_after_insert = 1, fsync_part_directory = 1";
    session.query("CREATE DATABASE IF NOT EXISTS bench");
    session.query(
      `CREATE TABLE bench.spans (${columns}) ENGINE = MergeTree ORDER BY (service, name, start_ns) SETTINGS ${settings}`,
    );
    return {
      write(rows) {
        const lines = rows.map((row) =>
          JSON.stringify(row, (_, value) => (typeof value === "bigint" ? `${value}` : value)),
        );
        session.query(`INSERT INTO bench.spans FORMAT JSONCompactEachRow ${lines.join("\n")}`);
      },
      count: () => Number(session.query("SELECT count() FROM bench.spans", "TabSeparated")),
    };
  },
};

function rowsOf(body) {
  const rows = [];
  for (const { attributes: resource, scopes } of decodeTracesProtobuf(gunzipSync(body)).resources) {
    const service = textOf(resource.get("service.name") ?? "");
    for (const span of scopes.flatMap((scope) => scope.spans)) {
      const attributes = Object.fromEntries([...span.attributes].map(([key, value]) => [key, textOf(value)]));
      const { startUnixNanos, endUnixNanos, traceId, spanId, parentSpanId, name, kind, statusCode } = span;
      const times = [startUnixNanos, endUnixNanos - startUnixNanos];
      rows.push([...times, traceId, spanId, parentSpanId, service, name, kind, statusCode, attributes]);
    }
  }
  return rows;
}

function textOf(value) {
  return ArrayBuffer.isView(value) ? Buffer.from(value).toString("latin1") : String(value);
}

const storage = ENGINES[engine]();
const waiting = [];

/** Everything that waits goes into one transaction; what comes meanwhile is read from the sockets first. */
function writeAll() {
  const group = waiting.splice(0);
  storage.write(group.flatMap(({ rows }) => rows));
  for (const { answer } of group) answer.end();
}

createServer((request, answer) => {
  if (request.method === "GET") return answer.end(String(storage.count()));
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    waiting.push({ rows: rowsOf(Buffer.concat(chunks)), answer });
    if (waiting.length === 1) setImmediate(writeAll);
  });
}).listen(Number(port), "127.0.0.1");
