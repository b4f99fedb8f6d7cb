import { PORTS } from "@nexent/monitor-core";
import type { Command } from "../command.ts";
import { readCliConfig } from "../config.ts";
import { askHealth, type HealthAnswer } from "../processes/health.ts";

interface Part {
  readonly name: string;
  readonly url: string;
}

/** `nexent-monitor status`: which parts answer, and where. Exit code 1 when one does not. */
export const statusCommand: Command = {
  name: "status",
  summary: "show which parts answer on this host, and where",
  options: [{ name: "json", type: "boolean", summary: "print it as JSON" }],
  async run({ values, env, output }) {
    const config = readCliConfig(env);
    const dashboardPorts =
      config.dashboardPort === undefined
        ? [PORTS.dashboard.port, PORTS.dashboardBesideGrafana.port]
        : [config.dashboardPort];
    const parts: readonly Part[] = [
      { name: "gateway", url: `http://${config.gatewayHost}:${config.gatewayPort}` },
      { name: "server", url: await firstAnswering(config.serverHost, dashboardPorts) },
      { name: "exact-server", url: `http://127.0.0.1:${config.exactServerPort}` },
    ];
    const answers = await Promise.all(parts.map((part) => askHealth(`${part.url}/health`)));
    const rows = parts.map((part, index) => ({ ...part, state: stateText(answers[index]) }));
    if (values["json"] === true) output.line(JSON.stringify(rows, null, 2));
    else for (const row of rows) output.line(`${row.name.padEnd(13)} ${row.state.padEnd(8)} ${row.url}`);
    const allUp = answers.every((answer) => answer.status === "up");
    if (!allUp && values["json"] !== true)
      output.line("Start what is missing with nexent-monitor up (in a source tree: npm start).");
    return allUp ? 0 : 1;
  },
};

async function firstAnswering(host: string, ports: readonly number[]): Promise<string> {
  const urls = ports.map((port) => `http://${host}:${port}`);
  for (const url of urls) {
    const answer = await askHealth(`${url}/health`);
    // Grafana on 3005 answers every address with its sign-in page.
    if (answer.status === "up" && answer.body === "ok") return url;
  }
  return urls[0] ?? "";
}

function stateText(answer: HealthAnswer | undefined): string {
  if (answer?.status === "up") return "up";
  return answer?.status === "unwell" ? `HTTP ${answer.httpStatus}` : "down";
}
