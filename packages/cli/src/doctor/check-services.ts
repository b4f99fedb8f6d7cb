import { PORTS, type Port } from "@nexent/monitor-core";
import { askHealth } from "../processes/health.ts";
import { findPortOwner } from "../processes/port-owner.ts";
import { isPortFree } from "../processes/free-port.ts";
import { finding, type Finding } from "./finding.ts";
import type { Running, Stack } from "./stack.ts";

/** What is known after asking every part for its health. */
export interface ServicesReport {
  readonly findings: readonly Finding[];
  readonly running: Running;
}

interface Part {
  readonly name: string;
  readonly url: string;
  readonly path: string;
  readonly row: Port;
  readonly log: string;
  /** Whether the answer comes from this part, and not from whoever else holds its port. */
  readonly isOurs: (body: unknown) => boolean;
}

/** Asks every part, and finds out who holds the port of one that does not answer. */
export async function checkServices(stack: Stack, logDir: string): Promise<ServicesReport> {
  const findings: Finding[] = [];
  const ask = async (part: Part): Promise<boolean> => {
    const { level, found } = await lookAt(part);
    findings.push(found);
    return level === "ok";
  };
  const gateway = await ask({
    name: "gateway",
    url: stack.gatewayUrl,
    path: "/health",
    row: PORTS.gateway,
    log: `${logDir}/gateway.log`,
    isOurs: (body) => typeof body === "object" || body === "ok",
  });
  const serverUrl = await findServer(stack, logDir, findings);
  const jaeger = await ask({
    name: "Jaeger API",
    url: stack.jaegerUrl,
    path: "/api/services",
    row: PORTS.jaegerQuery,
    log: `${logDir}/server.log`,
    isOurs: (body) => typeof body === "object" && body !== null && "data" in body,
  });
  const prometheus = (await askHealth(`${stack.prometheusUrl}/-/healthy`)).status === "up";
  if (prometheus) findings.push(finding("ok", "part_up", { part: "Prometheus", url: stack.prometheusUrl }));
  const exact = (await askHealth(`${stack.exactUrl}/health`)).status === "up";
  return { findings, running: { gateway, serverUrl, jaeger, prometheus, exact } };
}

/** Our server, or Grafana of the Docker stack, which stands at the same address. */
async function findServer(stack: Stack, logDir: string, findings: Finding[]): Promise<string | undefined> {
  for (const url of stack.dashboardUrls) {
    const health = await askHealth(`${url}/health`);
    if (health.status === "up" && health.body === "ok") {
      findings.push(finding("ok", "part_up", { part: "dashboard", url }));
      return url;
    }
    if ((await askHealth(`${url}/api/health`)).status === "up") {
      findings.push(finding("ok", "part_up", { part: "Grafana", url }));
      return undefined;
    }
  }
  const [url = ""] = stack.dashboardUrls;
  const part = { name: "dashboard", url, path: "/health", row: PORTS.dashboard, log: `${logDir}/server.log` };
  findings.push((await lookAt({ ...part, isOurs: (body) => body === "ok" })).found);
  return undefined;
}

async function lookAt({ name, url, path, row, log, isOurs }: Part) {
  const answer = await askHealth(url + path);
  if (answer.status === "up" && isOurs(answer.body)) {
    return { level: "ok", found: finding("ok", "part_up", { part: name, url }) } as const;
  }
  const { hostname, port } = new URL(url);
  if (answer.status === "unwell" && answer.httpStatus >= 500) {
    return {
      level: "problem",
      found: finding("problem", "part_unwell", { part: name, url, status: answer.httpStatus, log }),
    } as const;
  }
  if (await isPortFree(Number(port), hostname)) {
    return { level: "problem", found: finding("problem", "part_down", { part: name, url }) } as const;
  }
  const owner = findPortOwner(Number(port));
  const words = owner === undefined ? "?" : `${owner.command} (pid ${owner.pid})`;
  const params = { port, part: name, owner: words, variable: row.variable };
  return { level: "problem", found: finding("problem", "port_foreign", params) } as const;
}
