import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { doctorCommand } from "../commands/doctor.ts";
import { boundPort } from "../processes/bound-port.ts";
import { findFreePort } from "../processes/free-port.ts";
import { createRecordingOutput } from "../testing/recording-output.ts";
import { checkClock } from "./check-clock.ts";
import { checkPackages } from "./check-packages.ts";
import type { Finding } from "./finding.ts";
import { MESSAGES } from "./messages.ts";
import { reportLines, wordsOf } from "./report.ts";
import { stackOf } from "./stack.ts";

const servers: Server[] = [];
let folder = "";
let env: Record<string, string> = {};
/** Every finding that some test provoked. */
const provoked = new Set<string>();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "nexent-doctor-"));
  env = { LLM_MONITOR_DATA_DIR: join(folder, "data") };
  const names = ["GATEWAY", "LLM_MONITOR_DASHBOARD", "LLM_MONITOR_JAEGER", "EXACT_SERVER"];
  for (const name of names) env[`${name}_PORT`] = String(await findFreePort());
});

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

/** A real HTTP server at a port of the environment, or at any. */
async function serve(listener: RequestListener, variable?: string): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  const port = variable === undefined ? 0 : Number(env[variable]);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", () => resolve()));
  return `http://127.0.0.1:${boundPort(server)}`;
}

interface Report {
  readonly code: number;
  readonly findings: readonly (Finding & { readonly text: string; readonly remedy?: string })[];
  readonly of: (id: Finding["id"]) => readonly Finding["params"][];
}

async function doctor(options: Record<string, string | boolean> = {}): Promise<Report> {
  const output = createRecordingOutput();
  const values = { json: true, timeout: "1", "prometheus-url": "http://127.0.0.1:1", app: folder, ...options };
  const code = await doctorCommand.run({ values, env, output });
  const { findings } = JSON.parse(output.stdout()) as { readonly findings: Report["findings"] };
  for (const { id, text, remedy } of findings) {
    provoked.add(id);
    expect(`${text} ${remedy ?? ""}`, id).not.toMatch(/\{\w+\}/);
  }
  return { code, findings, of: (id) => findings.filter((one) => one.id === id).map(({ params }) => params) };
}

/** A gateway with the built-in model; counts what it relays. */
function gateway({ counts = true, status = 200 } = {}): RequestListener {
  let calls = 0;
  return (request, response) => {
    if (request.method === "POST") {
      calls++;
      request.resume();
      response.writeHead(status).end("data: [DONE]\n\n");
    } else if (request.url === "/metrics")
      response.end(`llm_request_duration_seconds_count{m="x"} ${counts ? calls : 0}\n`);
    else response.end('{"status":"ok"}');
  };
}

/** A Jaeger API with these services; every trace is known, or none. */
function jaeger(services: readonly string[], knowsTraces = true): RequestListener {
  return (request, response) => {
    const isServices = request.url === "/api/services";
    if (!isServices && !knowsTraces) response.statusCode = 404;
    response.end(JSON.stringify({ data: isServices ? services : knowsTraces ? [{}] : null }));
  };
}

/** Our server: health and metrics. */
function dashboard(metrics = ""): RequestListener {
  return (request, response) => response.end(request.url === "/metrics" ? metrics : "ok");
}

function install(name: string, version: string): void {
  const path = join(folder, "node_modules", name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, "package.json"), JSON.stringify({ name, version }));
}

describe("doctor", () => {
  it("names every part that is down, and exits 1", async () => {
    const { code, of } = await doctor();
    expect(code).toBe(1);
    expect(of("part_down").map(({ part }) => part)).toEqual(["gateway", "dashboard", "Jaeger API"]);
    expect(of("telemetry_off")).toHaveLength(1);
    expect(of("service_unnamed")).toHaveLength(1);
    expect(of("packages_not_needed")).toHaveLength(1);
  });

  it("is content with a running stack, and exits 0", async () => {
    env = { ...env, ENABLE_TELEMETRY: "true", SERVICE_NAME: "shop" };
    for (const name of ["api", "context-async-hooks", "exporter-trace-otlp-http", "exporter-trace-otlp-proto"]) {
      install(`@opentelemetry/${name}`, "9.0.0");
    }
    install("@opentelemetry/resources", "9.0.0");
    install("@opentelemetry/sdk-trace", "9.0.0");
    await serve(gateway(), "GATEWAY_PORT");
    await serve(dashboard(), "LLM_MONITOR_DASHBOARD_PORT");
    await serve(jaeger(["shop"]), "LLM_MONITOR_JAEGER_PORT");
    const prometheus = await serve((_request, response) => response.end('{"data":{"result":[{}]}}'));
    env["JAEGER_ENDPOINT"] = `${prometheus}/api/traces`;
    const { code, findings, of } = await doctor({ "prometheus-url": prometheus });
    expect(findings.filter(({ level }) => level !== "ok")).toEqual([]);
    expect(code).toBe(0);
    expect(of("part_up").map(({ part }) => part)).toEqual(["gateway", "dashboard", "Jaeger API", "Prometheus"]);
    expect(of("service_named")).toEqual([{ name: "shop" }]);
    for (const id of [
      "probe_answered",
      "probe_metric",
      "probe_trace",
      "prometheus_scrapes",
      "destination_up",
    ] as const) {
      expect(of(id), id).toHaveLength(1);
    }
  });

  it("tells another program on a port from one of ours, and names it", async () => {
    await serve((_request, response) => response.end("<html>somebody else</html>"), "GATEWAY_PORT");
    await serve((_request, response) => response.writeHead(500).end(), "LLM_MONITOR_JAEGER_PORT");
    const { code, of } = await doctor();
    expect(code).toBe(1);
    expect(of("port_foreign")).toMatchObject([{ part: "gateway", variable: "GATEWAY_PORT" }]);
    if (process.platform === "linux") expect(String(of("port_foreign")[0]?.["owner"])).toContain(`pid ${process.pid}`);
    expect(of("part_unwell")).toMatchObject([{ part: "Jaeger API", status: 500 }]);
  });

  it("knows Grafana of the Docker stack at the dashboard's address", async () => {
    await serve((request, response) => {
      if (request.url === "/api/health") response.end('{"database":"ok"}');
      else response.writeHead(302, { location: "/login" }).end();
    }, "LLM_MONITOR_DASHBOARD_PORT");
    expect((await doctor()).of("part_up")).toMatchObject([{ part: "Grafana" }]);
  });

  it("finds packages that are missing or too old while telemetry is on", async () => {
    env["ENABLE_TELEMETRY"] = "yes";
    install("@opentelemetry/api", "1.0.0");
    const { of } = await doctor();
    expect(of("telemetry_on")).toHaveLength(1);
    expect(of("package_untested")).toMatchObject([{ name: "@opentelemetry/api", version: "1.0.0" }]);
    expect(String(of("packages_missing")[0]?.["names"])).toContain("@opentelemetry/sdk-trace");
    for (const { id } of checkPackages(folder, false, "18.19.0")) provoked.add(id);
    expect(checkPackages(folder, false, "18.19.0")[0]).toMatchObject({ id: "node_too_old", level: "problem" });
    const isGood = (version: string) => checkPackages(folder, false, version)[0]?.level === "ok";
    expect(["20.19.0", "20.20.0", "21.9.0", "22.12.0", "24.0.0", "26.1.0"].map(isGood)).toEqual([
      false,
      true,
      false,
      true,
      true,
      true,
    ]);
  });

  it("finds misspelt variables, bad values, and switches that contradict", async () => {
    Object.assign(env, {
      ENABLE_TELEMETRY: "true",
      OTEL_SDK_DISABLED: "true",
      GATEWAY_PROT: "8000",
      LLM_MONITOR_RETENTION_DAYS: "never",
      JAEGER_ENDPOINT: "http://user:secret@127.0.0.1:1/api/traces?key=secret",
      OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:2",
    });
    const report = await doctor();
    expect(report.code).toBe(1);
    expect(report.of("telemetry_disabled_by_otel")).toHaveLength(1);
    expect(report.of("variable_unknown")).toEqual([{ name: "GATEWAY_PROT", nearest: "GATEWAY_PORT" }]);
    expect(report.of("variable_bad")).toMatchObject([{ name: "LLM_MONITOR_RETENTION_DAYS" }]);
    expect(report.of("destinations_both")).toHaveLength(1);
    expect(report.of("destination_down")).toEqual([{ url: "http://127.0.0.1:1/api/traces" }]);
    expect(JSON.stringify(report.findings)).not.toContain("secret");
  });

  it("finds services without a name, damage in the store, and a server that was short of memory", async () => {
    await serve(jaeger(["shop", "unknown_service:node"]), "LLM_MONITOR_JAEGER_PORT");
    const lines = [
      "nexent_server_journal_damaged_frames_total 2",
      "nexent_server_quarantined_files 1",
      "nexent_server_index_lag_seconds 42.4",
      'nexent_server_refused_requests_total{reason="overloaded"} 5',
      'nexent_server_refused_requests_total{reason="memory"} 3',
      "nexent_server_resident_memory_bytes 524288000",
      "nexent_server_memory_budget_bytes 629145600",
    ];
    await serve(dashboard(`${lines.join("\n")}\n`), "LLM_MONITOR_DASHBOARD_PORT");
    const { of } = await doctor({ "no-probe": true });
    expect(of("service_unknown")).toEqual([{ count: 1, names: "unknown_service:node" }]);
    expect(of("storage_damaged")).toEqual([{ frames: 2, files: 1 }]);
    expect(of("index_behind")).toEqual([{ seconds: 42 }]);
    expect(of("memory_short")).toEqual([{ count: 3, used: "500.0 MiB", budget: "600.0 MiB" }]);
  });

  it("finds a data folder that cannot be written, and a disk that is too full", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    env["LLM_MONITOR_DATA_DIR"] = file;
    expect((await doctor()).of("storage_unwritable")).toMatchObject([{ folder: file }]);
    env["LLM_MONITOR_DATA_DIR"] = join(folder, "data");
    chmodSync(folder, 0o755);
    env["LLM_MONITOR_DISK_RESERVE_MIB"] = "1e12";
    expect((await doctor()).of("storage_full")).toHaveLength(1);
  });

  it("finds a call that fails", async () => {
    await serve(gateway({ status: 502 }), "GATEWAY_PORT");
    expect((await doctor()).of("probe_refused")).toMatchObject([{ problem: "HTTP 502" }]);
  });

  it("finds a call that is not counted and leaves no trace", async () => {
    await serve(gateway({ counts: false }), "GATEWAY_PORT");
    await serve(jaeger([], false), "LLM_MONITOR_JAEGER_PORT");
    const prometheus = await serve((_request, response) => response.end('{"data":{"result":[]}}'));
    const report = await doctor({ "prometheus-url": prometheus });
    expect(report.code).toBe(1);
    for (const id of ["probe_no_metric", "probe_no_trace", "prometheus_no_target"] as const) {
      expect(report.of(id), id).toHaveLength(1);
    }
  });

  it("says so when there is no built-in model to call", async () => {
    await serve(gateway({ status: 404 }), "GATEWAY_PORT");
    expect((await doctor()).of("probe_no_model")).toHaveLength(1);
  });

  it("finds a clock that is off", async () => {
    await serve(gateway(), "GATEWAY_PORT");
    const running = { gateway: true, serverUrl: undefined, jaeger: false, prometheus: false, exact: false };
    const stack = stackOf(env, "http://127.0.0.1:1");
    const findings = await checkClock(stack, running, () => Date.now() + 90_000);
    for (const { id } of findings) provoked.add(id);
    expect(findings).toMatchObject([{ id: "clock_off", level: "problem", params: { part: "gateway" } }]);
    expect(Number(findings[0]?.params["seconds"])).toBeGreaterThan(85);
  });

  it("reports in Chinese where the terminal speaks it, problems last", async () => {
    env["LANG"] = "zh_CN.UTF-8";
    const output = createRecordingOutput();
    const values = { timeout: "1", "prometheus-url": "http://127.0.0.1:1", app: folder };
    expect(await doctorCommand.run({ values, env, output })).toBe(1);
    expect(output.stdout()).toContain("gateway 无响应");
    expect(output.stdout().trimEnd().split("\n").at(-1)).toBe("3 个问题，0 个警告。");
    expect(reportLines([], "en").at(-1)).toBe("Everything looked at is well.");
  });
});

afterAll(() => {
  const missing = Object.keys(MESSAGES).filter((id) => !provoked.has(id));
  expect(missing, "findings that no test provokes").toEqual([]);
  for (const id of Object.keys(MESSAGES) as (keyof typeof MESSAGES)[]) {
    for (const language of ["en", "zh"] as const)
      expect(wordsOf({ id, level: "ok", params: {} }, language).text).not.toBe("");
  }
});
