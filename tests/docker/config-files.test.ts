import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ALERTS } from "@nexent/monitor-core";
import { PROMTOOL, withTestTimes } from "./prometheus.testing.ts";
import { programAt, stackPath, stackText, stackYaml } from "./stack-files.testing.ts";

interface Compose {
  readonly services: Readonly<
    Record<
      string,
      { readonly ports?: readonly string[]; readonly mem_limit?: string; readonly command?: readonly string[] }
    >
  >;
}
const { services } = stackYaml("docker-compose-monitoring.yml") as Compose;

const promtool = programAt(PROMTOOL, "promtool (Debian package `prometheus`)");

/** promtool's verdict; its own words when it is not content. */
function check(...args: readonly string[]): string {
  const result = spawnSync(promtool ?? "", args, { encoding: "utf8" });
  return result.status === 0 ? result.stdout : `${result.stdout}${result.stderr}`;
}

const ruleFiles = (folder: string): string[] =>
  readdirSync(stackPath("prometheus", folder))
    .filter((name) => name.endsWith(".yml"))
    .map((name) => stackPath("prometheus", folder, name));

describe.skipIf(promtool === undefined)("promtool", () => {
  it("accepts configuration and rules without a warning", () => {
    const output = check("check", "config", stackPath("prometheus", "prometheus.yml"));
    expect(output).toContain("SUCCESS: 2 rule files found");
    expect(output).not.toMatch(/WARNING|FAILED|error/i);
    const rules = check("check", "rules", ...ruleFiles("rules"));
    expect(rules.match(/SUCCESS: \d+ rules found/g)).toEqual(["SUCCESS: 5 rules found", "SUCCESS: 10 rules found"]);
  });

  it.each(ruleFiles("tests").map((path) => [path.split("/").at(-1), path] as const))(
    "%s: rules behave as calculated by hand",
    (_name, path) => {
      expect(check("test", "rules", path)).toContain("SUCCESS");
    },
  );
});

describe("rules", () => {
  const { groups } = stackYaml("prometheus/rules/llm-alerts.yml") as {
    groups: { rules: { alert?: string; expr: string; for?: string; labels?: Record<string, string> }[] }[];
  };
  const alerts = groups.flatMap(({ rules }) => rules);

  it("hold every alert of the table, and the three typical problems with their bounds", () => {
    expect(alerts.map(({ alert }) => alert)).toEqual(ALERTS.map(({ name }) => name));
    const bounds = { LLMErrorRatioHigh: "> 0.1\n", LLMTokenRateSlow: "< 5\n", LLMRequestSlow: "> 10\n" };
    for (const [name, bound] of Object.entries(bounds))
      expect(alerts.find(({ alert }) => alert === name)?.expr).toContain(bound);
  });

  it("ask for a minimum of traffic wherever a rate is judged", () => {
    for (const { alert, expr } of alerts) {
      if (alert !== "LLMTelemetrySilent")
        expect(expr, alert).toMatch(/\nand sum by \(.+\) \(increase\(.+_count\[\d+m\]\)\) >= (10|20|30)$/);
    }
  });

  it("keep thresholds when a test shortens their times", () => {
    const numbers = (text: string): string[] => text.match(/[<>]=? [\d.]+/g) ?? [];
    const shipped = stackText("prometheus", "rules", "llm-alerts.yml");
    expect(numbers(withTestTimes(shipped))).toEqual(numbers(shipped).map((one) => (one === "> 300" ? "> 3" : one)));
  });
});

describe("Prometheus' scrape configuration", () => {
  const config = stackYaml("prometheus/prometheus.yml") as {
    scrape_configs: {
      job_name: string;
      static_configs?: { targets: string[] }[];
      file_sd_configs?: { files: string[] }[];
    }[];
  };

  it("scrapes services that exist, and finds applications and model servers by file", () => {
    const targets = config.scrape_configs.flatMap(({ static_configs = [] }) =>
      static_configs.flatMap((one) => one.targets),
    );
    for (const target of targets) {
      const [host = ""] = target.split(":");
      expect(host === "localhost" || host in services, target).toBe(true);
    }
    const files = config.scrape_configs.flatMap(({ file_sd_configs = [] }) =>
      file_sd_configs.flatMap((one) => one.files),
    );
    expect(files).toEqual(["targets/applications/*.yml", "targets/model-servers/*.yml"]);
  });

  it("gives the jobs of LLM traffic names that the dashboard's target panel selects", () => {
    const names = config.scrape_configs.map(({ job_name }) => job_name);
    expect(names.filter((name) => /^(.*llm.*|nexent.*)$/.test(name))).toEqual([
      "nexent-gateway",
      "llm-applications",
      "llm-model-servers",
    ]);
  });

  it("keeps exemplars, which needs the feature to be on", () => {
    expect(stackText("prometheus", "prometheus.yml")).toContain("max_exemplars: 100000");
    expect(services["prometheus"]?.command).toContain("--enable-feature=exemplar-storage");
  });
});

interface Collector {
  readonly receivers: Components;
  readonly processors: Components;
  readonly exporters: Components;
  readonly extensions: Components;
  readonly service: {
    readonly extensions: readonly string[];
    readonly pipelines: Readonly<Record<string, { receivers: string[]; processors: string[]; exporters: string[] }>>;
    readonly telemetry: unknown;
  };
}
type Components = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Components of the Collector's core distribution that are used, and the keys each understands. */
const KNOWN: Readonly<
  Record<"receivers" | "processors" | "exporters" | "extensions", Readonly<Record<string, readonly string[]>>>
> = {
  receivers: { otlp: ["protocols"] },
  processors: {
    memory_limiter: ["check_interval", "limit_percentage", "spike_limit_percentage", "limit_mib", "spike_limit_mib"],
    batch: ["send_batch_size", "send_batch_max_size", "timeout", "metadata_keys"],
  },
  // `otlp_grpc` since 0.144; the old name `otlp` is deprecated.
  exporters: {
    otlp_grpc: ["endpoint", "tls", "sending_queue", "retry_on_failure", "timeout", "compression", "headers"],
  },
  extensions: { health_check: ["endpoint", "path"] },
};

describe("the Collector's configuration", () => {
  const config = stackYaml("otel-collector/config.yml") as Collector;

  it("consists of known components with known settings, each of them in use", () => {
    const { pipelines } = config.service;
    const used = {
      receivers: Object.values(pipelines).flatMap((pipeline) => pipeline.receivers),
      processors: Object.values(pipelines).flatMap((pipeline) => pipeline.processors),
      exporters: Object.values(pipelines).flatMap((pipeline) => pipeline.exporters),
      extensions: config.service.extensions,
    };
    for (const kind of ["receivers", "processors", "exporters", "extensions"] as const) {
      expect(Object.keys(config[kind]).sort()).toEqual([...used[kind]].sort());
      for (const [id, settings] of Object.entries(config[kind])) {
        const [type = ""] = id.split("/");
        for (const key of Object.keys(settings)) expect(KNOWN[kind][type], `${kind} ${id}`).toContain(key);
      }
    }
  });

  it("limits memory before anything else and batches after it, on the way to Jaeger", () => {
    const { traces } = config.service.pipelines;
    expect(traces?.processors).toEqual(["memory_limiter", "batch"]);
    expect(config.exporters["otlp_grpc/jaeger"]).toMatchObject({ endpoint: "jaeger:4317", tls: { insecure: true } });
    expect(Object.keys(config.service.pipelines)).toEqual(["traces"]);
  });

  it("listens where the compose file publishes it", () => {
    const text = JSON.stringify(config);
    for (const published of services["otel-collector"]?.ports ?? []) {
      expect(text).toContain(`"0.0.0.0:${published.split(":").at(-1)}"`);
    }
    expect(text).not.toMatch(/localhost|127\.0\.0\.1/);
  });

  const otelcol = programAt(process.env["OTELCOL_BINARY"], "the OpenTelemetry Collector (OTELCOL_BINARY)");

  it.skipIf(otelcol === undefined)("is accepted by a real Collector", () => {
    const result = spawnSync(otelcol ?? "", ["validate", `--config=${stackPath("otel-collector", "config.yml")}`], {
      encoding: "utf8",
    });
    expect(result.stderr).toBe("");
    expect(result.status).toBe(0);
  });
});
