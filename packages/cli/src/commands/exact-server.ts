import { PORTS } from "@nexent/monitor-core";
import { numberOption, type Command } from "../command.ts";
import { readCliConfig } from "../config.ts";
import { startExactServer } from "../exact-server/server.ts";
import { waitForStopSignal } from "../stop-signal.ts";

/** `nexent-monitor exact-server`: the LLM whose every token has a known time. */
export const exactServerCommand: Command = {
  name: "exact-server",
  summary: "run the exact-schedule LLM server: OpenAI-shaped answers whose every token has a known time",
  options: [
    {
      name: "port",
      type: "string",
      valueName: "N",
      defaultText: String(PORTS.exactServer.port),
      summary: `port on 127.0.0.1 (also ${PORTS.exactServer.variable})`,
    },
  ],
  async run({ values, env, output }) {
    const defaultValue = readCliConfig(env).exactServerPort;
    const port = numberOption(values, "port", { defaultValue, min: 0, max: 65_535, integer: true });
    const server = await startExactServer({ port });
    output.line(`Exact-schedule LLM server on ${server.baseUrl} (models: exact, scenario/<name>; Ctrl-C stops it)`);
    await waitForStopSignal();
    await server.close();
    return 0;
  },
};
