import { finding, type Finding } from "./finding.ts";
import { fetchData } from "./http.ts";
import type { Running, Stack } from "./stack.ts";

/** Longest list of names that is shown. */
const SHOWN = 5;

/** Stored services that never got a name: OpenTelemetry calls them `unknown_service`. */
export async function checkNames(
  stack: Stack,
  running: Running,
  readToken: string | undefined,
): Promise<readonly Finding[]> {
  if (!running.jaeger) return [];
  const headers = readToken === undefined ? {} : { authorization: `Bearer ${readToken}` };
  const data = await fetchData(`${stack.jaegerUrl}/api/services`, headers);
  const services: readonly unknown[] = Array.isArray(data) ? data : [];
  const unknown = services.filter((name) => typeof name === "string" && name.startsWith("unknown_service"));
  if (unknown.length === 0) return [];
  return [finding("warning", "service_unknown", { count: unknown.length, names: unknown.slice(0, SHOWN).join(", ") })];
}
