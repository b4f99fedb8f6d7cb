import { stackText } from "./stack-files.testing.ts";

/** What the tests read of a panel. */
export interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly type: string; readonly uid: string };
  readonly targets?: readonly {
    readonly refId: string;
    readonly expr: string;
    readonly instant: boolean;
    readonly legendFormat: string;
    readonly exemplar?: boolean;
    readonly datasource: { readonly uid: string };
  }[];
  readonly fieldConfig?: { readonly defaults: { readonly unit?: string; readonly noValue?: string } };
}

/** What the tests read of a dashboard. */
export interface DashboardFile {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly DashboardPanel[];
  readonly templating: { readonly list: readonly DashboardVariable[] };
  readonly annotations: {
    readonly list: readonly { readonly expr?: string; readonly datasource?: { readonly uid: string } }[];
  };
  readonly links: readonly { readonly url: string; readonly title: string }[];
}

/** A variable of a dashboard. */
export interface DashboardVariable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
  readonly allValue?: string;
  readonly current: { readonly value: string | readonly string[] };
}

/** The committed dashboards. */
export const DASHBOARD_FILES = ["llm-performance.en.json", "llm-performance.zh-CN.json"] as const;

/** A committed dashboard. */
export function readDashboard(name: (typeof DASHBOARD_FILES)[number]): DashboardFile {
  return JSON.parse(stackText("grafana", "dashboards", name)) as DashboardFile;
}

/** Grafana's own variables, as a test replaces them. */
export interface BuiltInValues {
  readonly rateInterval: string;
  readonly range: string;
}

/** `expr` with every variable replaced by its default, as Grafana does before it asks. @throws on an unknown variable. */
export function interpolate(expr: string, dashboard: DashboardFile, builtIn: BuiltInValues): string {
  const values: Record<string, string> = { __rate_interval: builtIn.rateInterval, __range: builtIn.range };
  for (const { name, allValue, current } of dashboard.templating.list) {
    values[name] = allValue ?? String(current.value);
  }
  return expr.replaceAll(/\$(\w+)/g, (_whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`unknown variable $${name} in ${expr}`);
    return value;
  });
}
