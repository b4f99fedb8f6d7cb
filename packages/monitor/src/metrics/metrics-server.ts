import { once } from "node:events";
import type { Server } from "node:http";
import { warnOnce } from "../diagnostics.ts";
import { givenOptions } from "../given-options.ts";
import { manager } from "../manager.ts";
import { createMetricsListener } from "./metrics-listener.ts";
import { describeThrown, redactMessage, safeProperty } from "../redact.ts";

/** A running listener of {@link startMetricsServer}. */
export interface MetricsServer {
  readonly host: string;
  /** The bound port. */
  readonly port: number;
  /** Address of the exposition. */
  readonly url: string;
  /** Stops listening and drops open connections. May be called twice. */
  close(): Promise<void>;
}

export interface MetricsServerOptions {
  /** Default 8000; 0 picks a free one. */
  readonly port?: number;
  /** Default `127.0.0.1`. Anything else shows the metrics to whoever reaches the port. */
  readonly host?: string;
}

const DEFAULT_PORT = 8000;
const DEFAULT_HOST = "127.0.0.1";

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/**
 * Serves `/metrics` on a port of its own. It keeps no process alive. A port that is taken, or any other fault of the
 * listener, warns once and gives undefined.
 * @example
 * const server = await startMetricsServer({ port: 9464 });
 */
export async function startMetricsServer(options: MetricsServerOptions = {}): Promise<MetricsServer | undefined> {
  const { port = DEFAULT_PORT, host = DEFAULT_HOST } = givenOptions(options);
  try {
    const server = createMetricsListener(host, (format) => manager.metricsText(format));
    server.listen({ host, port });
    await once(server, "listening");
    server.unref();
    server.on("error", (error) => warnOnce(`the metrics server has a problem: ${redactMessage(error.message)}`));
    return runningServer(server, host);
  } catch (error) {
    const taken = safeProperty(error, "code") === "EADDRINUSE";
    const why = taken ? "the port is taken" : describeThrown(error).message;
    warnOnce(`no metrics server on ${host}:${port}: ${why}`);
    return undefined;
  }
}

function runningServer(server: Server, host: string): MetricsServer {
  const port = portOf(server);
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    host,
    port,
    url: `http://${name}:${port}/metrics`,
    async close() {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
