import type { AttributeMap, AttributeValue } from "@nexent/monitor-core";
import { withTargetLabels } from "./target-labels.ts";

/** Attributes of a resource that become `job` and `instance`. */
const [NAMESPACE, NAME, INSTANCE] = ["service.namespace", "service.name", "service.instance.id"];

/** Labels that a resource gives all its series, as Prometheus reads OTLP: `job` and `instance`. */
export function resourceLabels(resource: AttributeMap): Readonly<Record<string, string>> {
  const [namespace, name, instance] = [NAMESPACE, NAME, INSTANCE].map((key) => labelText(resource.get(key ?? "")));
  const job = [namespace, name].filter((part) => part !== undefined && part !== "").join("/");
  return {
    ...(job === "" ? {} : { job }),
    ...(instance === undefined || instance === "" ? {} : { instance }),
  };
}

/** The other attributes of a resource, for `target_info`; nothing without `job` and `instance` to join them by. */
export function targetInfoLabels(resource: AttributeMap): Readonly<Record<string, string>> | undefined {
  const target = resourceLabels(resource);
  const rest = [...resource].filter(([key]) => ![NAMESPACE, NAME, INSTANCE].includes(key));
  if (Object.keys(target).length === 0 || rest.length === 0) return undefined;
  return withTargetLabels(labelsOf(new Map(rest)), target);
}

/**
 * Attributes of a point as labels, with those of its resource. `reserved` are names that mean something else in this
 * kind of series.
 */
export function pointLabels(
  attributes: AttributeMap,
  target: Readonly<Record<string, string>>,
  reserved: readonly string[] = [],
): Readonly<Record<string, string>> {
  const labels = Object.entries(labelsOf(attributes));
  const moved = labels.map(([name, value]) => [reserved.includes(name) ? `exported_${name}` : name, value] as const);
  return withTargetLabels(Object.fromEntries(moved), target);
}

/** Keys that become the same name are joined, by key, as OpenTelemetry asks. */
function labelsOf(attributes: AttributeMap): Record<string, string> {
  const labels = new Map<string, string>();
  for (const [key, value] of [...attributes].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const name = labelName(key);
    const text = labelText(value);
    if (name === "" || text === "") continue;
    const before = labels.get(name);
    labels.set(name, before === undefined ? text : `${before};${text}`);
  }
  return Object.fromEntries(labels);
}

/** Names with two leading underscores belong to Prometheus. */
function labelName(key: string): string {
  const name = key.replaceAll(/[^a-zA-Z0-9_]/g, "_").replace(/^_+/, "_");
  return /^\d/.test(name) ? `_${name}` : name;
}

function labelText(value: AttributeValue | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object") return String(value);
  return JSON.stringify(jsonOf(value));
}

function jsonOf(value: AttributeValue): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (isMap(value)) return Object.fromEntries(Array.from(value, ([key, item]) => [key, jsonOf(item)]));
  return value.map(jsonOf);
}

function isMap(value: AttributeMap | readonly AttributeValue[]): value is AttributeMap {
  return value instanceof Map;
}
