import type { AttributeMap } from "@nexent/monitor-core";

/** `service.name` that says nothing, as SDKs fill it in. */
const UNKNOWN_SERVICE = "unknown_service";
/** Resource attributes that name the sender when `service.name` does not, best first. */
const SERVICE_FALLBACKS: readonly string[] = [
  "k8s.deployment.name",
  "container.name",
  "process.executable.name",
  "host.name",
];
const UNNAMED_SERVICE = "unnamed";

/** Name of the sending service; never empty, never `unknown_service`. */
export function serviceOf(resource: AttributeMap): string {
  const given = resource.get("service.name");
  if (typeof given === "string" && given !== "" && !given.startsWith(UNKNOWN_SERVICE)) return given;
  for (const key of SERVICE_FALLBACKS) {
    const value = resource.get(key);
    if (typeof value === "string" && value !== "") return value;
  }
  return UNNAMED_SERVICE;
}
