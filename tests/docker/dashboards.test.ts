import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dashboardJson, DATA_SOURCE_UIDS } from "../../docker/generate/dashboard.ts";
import { repositoryRoot, temporaryFolder } from "../harness/program.ts";
import { DASHBOARD_FILES, interpolate, readDashboard, type DashboardFile } from "./dashboard-files.testing.ts";
import { stackText, stackYaml } from "./stack-files.testing.ts";

interface DataSource {
  readonly uid: string;
  readonly type: string;
  readonly url: string;
  readonly isDefault?: boolean;
  readonly jsonData: { readonly exemplarTraceIdDestinations?: readonly { name: string; datasourceUid: string }[] };
}

const { datasources } = stackYaml("grafana/provisioning/datasources/datasources.yml") as {
  datasources: readonly DataSource[];
};
const [english, chinese] = DASHBOARD_FILES.map((name) => readDashboard(name)) as [DashboardFile, DashboardFile];

describe("Grafana's provisioning", () => {
  it("connects Prometheus and Jaeger under the uids that dashboards use", () => {
    expect(datasources.map(({ uid, type }) => [uid, type])).toEqual([
      [DATA_SOURCE_UIDS.prometheus, "prometheus"],
      [DATA_SOURCE_UIDS.jaeger, "jaeger"],
    ]);
    expect(datasources[0]?.isDefault).toBe(true);
  });

  it("points at the services and ports of the compose file", () => {
    const { services } = stackYaml("docker-compose-monitoring.yml") as {
      services: Record<string, { ports?: string[] }>;
    };
    for (const { url } of datasources) {
      const { hostname, port } = new URL(url);
      expect(
        services[hostname]?.ports?.some((published) => published.endsWith(`:${port}`)),
        url,
      ).toBe(true);
    }
  });

  it("leads from an exemplar to Jaeger by the label that our exemplars carry", () => {
    const [destination] = datasources[0]?.jsonData.exemplarTraceIdDestinations ?? [];
    expect(destination).toMatchObject({ name: "trace_id", datasourceUid: DATA_SOURCE_UIDS.jaeger });
  });

  it("loads the dashboards from where the compose file mounts them", () => {
    const { providers } = stackYaml("grafana/provisioning/dashboards/dashboards.yml") as {
      providers: { options: { path: string } }[];
    };
    expect(stackText("docker-compose-monitoring.yml")).toContain(
      `./grafana/dashboards:${providers[0]?.options.path}:ro`,
    );
    expect(stackText("docker-compose-monitoring.yml")).toContain(`${providers[0]?.options.path}/${DASHBOARD_FILES[0]}`);
  });
});

describe.each([english, chinese])("dashboard $uid", (dashboard) => {
  const panels = dashboard.panels.filter(({ type }) => type !== "row");

  it("asks the data source that its variable names, and no fixed one", () => {
    for (const { datasource, targets, type } of panels) {
      if (type === "text") continue;
      for (const used of [datasource, ...(targets ?? []).map((target) => target.datasource)]) {
        expect(used?.uid).toBe("${ds}");
      }
    }
    for (const { datasource } of dashboard.annotations.list) expect(datasource?.uid).toBe("${ds}");
    const ds = dashboard.templating.list.find(({ name }) => name === "ds");
    expect(ds).toMatchObject({ type: "datasource", query: "prometheus" });
    expect(datasources.map(({ uid }) => uid)).toContain(ds?.current.value);
  });

  it("uses variables that exist, and Grafana's intervals instead of fixed ones", () => {
    for (const { targets = [] } of panels) {
      for (const { expr } of targets) {
        expect(interpolate(expr, dashboard, { rateInterval: "1m", range: "1h" })).not.toContain("$");
        expect(expr).not.toMatch(/\[5m\]/);
      }
    }
  });

  it("says in every panel what it shows, in which unit, and what stands there without data", () => {
    for (const { title, type, description, fieldConfig } of panels) {
      expect(description?.length, title).toBeGreaterThan(15);
      if (type === "text") continue;
      expect(fieldConfig?.defaults.unit, title).toBeTruthy();
      expect(fieldConfig?.defaults.noValue, title).toBeTruthy();
    }
    const speeds = panels.filter(({ title }) => /^(Speed|生成速度|各模型生成速度)/.test(title));
    expect(speeds.length).toBeGreaterThanOrEqual(4);
    for (const { description } of speeds) expect(description).toMatch(/time to first token|不含首 token 延迟/);
  });

  it("lays panels out without overlap, inside 24 columns, with ids of their own", () => {
    const cells = new Set<string>();
    for (const { gridPos, title } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(cells.has(`${x},${y}`), `${title} overlaps at ${x},${y}`).toBe(false);
          cells.add(`${x},${y}`);
        }
      }
    }
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("gives every query of one model the same name, so that it keeps its colour", () => {
    for (const { targets = [], type } of panels) {
      if (type !== "timeseries") continue;
      for (const { expr, legendFormat } of targets) {
        if (/ by \((le, )?model\)/.test(expr)) expect(legendFormat).toBe("{{model}}");
      }
    }
  });

  it("shows exemplars on first token, speed and duration", () => {
    const withExemplars = panels.filter(({ targets = [] }) => targets.some(({ exemplar }) => exemplar));
    expect(withExemplars.map(({ type }) => type).sort()).toEqual([
      ...Array.from({ length: 3 }, () => "heatmap"),
      ...Array.from({ length: 3 }, () => "timeseries"),
    ]);
  });

  it("has no dead link: only other dashboards here and Jaeger's published address", () => {
    const urls = [...JSON.stringify(dashboard).matchAll(/"url":"([^"]+)"/g)].map(([, url]) => url ?? "");
    expect(urls.length).toBeGreaterThan(3);
    for (const url of urls) {
      expect(url).toMatch(/^(\/d\/nexent-llm-(en|zh)(\?|$)|http:\/\/localhost:16686\/search)/);
    }
    const search = urls.map((url) => new URL(url, "http://grafana")).find((url) => url.searchParams.has("tags"));
    expect(JSON.parse(search?.searchParams.get("tags") ?? "")).toEqual({ error: "true" });
    expect(search?.searchParams.get("service")).toBe("nexent-gateway");
  });
});

it("both languages hold the same panels, queries and places", () => {
  const skeleton = ({ panels }: DashboardFile): unknown =>
    panels.map(({ id, type, gridPos, targets }) => ({ id, type, gridPos, targets }));
  expect(skeleton(chinese)).toEqual(skeleton(english));
  for (const panel of english.panels) expect(panel.title).not.toMatch(/[\u4e00-\u9fff]/);
  for (const { title, type } of chinese.panels) {
    if (type !== "row") expect(title, title).toMatch(/[\u4e00-\u9fff]/);
  }
});

it("links to our own dashboard only when its address is given", () => {
  const options = { language: "en", jaegerUrl: "http://localhost:16686" } as const;
  expect(JSON.stringify(dashboardJson(options))).not.toContain("3006");
  const linked = JSON.stringify(dashboardJson({ ...options, monitorUrl: "http://localhost:3006" }));
  expect(linked).toContain("http://localhost:3006/requests?at=${__value.time}&m=${__field.labels.model}");
});

const sdk = sdkFolder();
if (sdk === undefined) console.info("skipped: @grafana/grafana-foundation-sdk is not installed");

describe.skipIf(sdk === undefined)("Grafana's own types", () => {
  let folder: ReturnType<typeof temporaryFolder>;
  beforeAll(() => {
    folder = temporaryFolder();
  });
  afterAll(() => folder?.remove());

  it("accept dashboards, queries and the options of every kind of panel", () => {
    const source = `${JSON_TYPE}\n${DASHBOARD_FILES.map((name) => checksOf(readDashboard(name))).join("\n")}`;
    writeFileSync(join(folder.path, "check.ts"), source);
    writeFileSync(join(folder.path, "package.json"), '{"type":"module"}');
    mkdirSync(join(folder.path, "node_modules/@grafana"), { recursive: true });
    symlinkSync(sdk ?? "", join(folder.path, "node_modules/@grafana/grafana-foundation-sdk"));
    const tsc = join(repositoryRoot, "node_modules/typescript/bin/tsc");
    const flags = [
      "--noEmit",
      "--strict",
      "--skipLibCheck",
      "--module",
      "nodenext",
      "--target",
      "es2023",
      "--types",
      "",
    ];
    const result = spawnSync(process.execPath, [tsc, ...flags, "check.ts"], { cwd: folder.path, encoding: "utf8" });
    expect(`${result.stdout}${result.stderr}`).toBe("");
    expect(result.status).toBe(0);
  });
});

/** The panels' options, and the custom part of their fields, by the module that defines them. */
const OPTIONS_OF: Readonly<Record<string, string>> = {
  stat: "Stat.Options",
  timeseries: "TimeSeries.Options",
  heatmap: "Heatmap.Options",
  table: "Table.Options",
  bargauge: "BarGauge.Options",
  text: "Text.Options",
};

/** In JSON an enum is its value: `Link` is "link". Everything else stays, so that an unknown property is an error. */
const JSON_TYPE = `
import type * as Dashboard from "@grafana/grafana-foundation-sdk/dashboard";
import type * as Prometheus from "@grafana/grafana-foundation-sdk/prometheus";
import type * as Stat from "@grafana/grafana-foundation-sdk/stat";
import type * as TimeSeries from "@grafana/grafana-foundation-sdk/timeseries";
import type * as Heatmap from "@grafana/grafana-foundation-sdk/heatmap";
import type * as Table from "@grafana/grafana-foundation-sdk/table";
import type * as BarGauge from "@grafana/grafana-foundation-sdk/bargauge";
import type * as Text from "@grafana/grafana-foundation-sdk/text";
type Json<T> = T extends string ? \`\${T}\`
  : T extends number ? (number extends T ? number : \`\${T}\` extends \`\${infer N extends number}\` ? N : never)
  : T extends boolean | null | undefined ? T
  : T extends readonly (infer E)[] ? Json<E>[]
  : T extends object ? { [K in keyof T as T[K] extends (...args: never[]) => unknown ? never : K]: Json<T[K]> }
  : T;
// The check must be able to fail: an unknown property, an unknown word of a list.
// @ts-expect-error
void ({ expr: "up", colour: "red" } satisfies Json<Prometheus.Dataquery>);
// @ts-expect-error
void ({ expr: "up", format: "histogram" } satisfies Json<Prometheus.Dataquery>);
// @ts-expect-error
void ({ graphMode: "bars" } satisfies Partial<Json<Stat.Options>>);
`;

/** A literal per part, so that the compiler also refuses properties that it does not know. */
function checksOf(dashboard: DashboardFile): string {
  const literal = (type: string, value: unknown): string => `void (${JSON.stringify(value)} satisfies Json<${type}>);`;
  const whole = { ...dashboard, panels: dashboard.panels.map((panel) => ({ ...panel, targets: [], options: {} })) };
  const parts = dashboard.panels.flatMap((panel) => {
    const { type, targets = [], options, fieldConfig } = panel as typeof panel & { options?: unknown };
    const optionsType = OPTIONS_OF[type];
    const custom = (fieldConfig?.defaults as { custom?: unknown } | undefined)?.custom;
    return [
      ...targets.map((target) => literal("Prometheus.Dataquery", target)),
      ...(optionsType === undefined ? [] : [literal(optionsType, options)]),
      ...(type === "timeseries" && custom !== undefined ? [literal("Partial<TimeSeries.FieldConfig>", custom)] : []),
    ];
  });
  return [literal("Dashboard.Dashboard", whole), ...parts].join("\n");
}

/** Folder of the SDK: a dev dependency, or wherever `GRAFANA_SDK_DIR` says. */
function sdkFolder(): string | undefined {
  const given = process.env["GRAFANA_SDK_DIR"];
  if (given !== undefined && given !== "") return given;
  try {
    const entry = createRequire(import.meta.url).resolve("@grafana/grafana-foundation-sdk/dashboard");
    return dirname(dirname(dirname(entry)));
  } catch {
    return undefined;
  }
}
