/** An upstream, a gateway in front of it and what that gateway records: new ones for each test of a file. */
import { afterEach, beforeEach } from "vitest";
import { startFaultUpstream, type FaultUpstream } from "./fault-upstream.testing.ts";
import { until } from "./raw-client.testing.ts";
import { startTestGateway, type TestGateway, type TestGatewayOptions } from "./test-gateway.testing.ts";
import { createTestMonitoring, type SeenSpan, type TestMonitoring } from "./test-monitoring.testing.ts";

interface Started extends TestGateway {
  readonly upstream: FaultUpstream;
  readonly monitoring: TestMonitoring;
}

/** Usable inside the tests of the file only. */
export interface MonitoredGateway extends Started {
  /** Another gateway in the place of the first, in front of the same upstream; what is given is changed. */
  restart(options: MonitoredGatewayOptions & { readonly monitoring?: TestMonitoring }): Promise<void>;
  /** The one record of the one request so far. */
  onlyCall(): Promise<SeenSpan>;
}

export interface MonitoredGatewayOptions extends Pick<TestGatewayOptions, "upstream" | "config" | "log"> {
  /** Where the whole upstream is mounted, for tests of many paths; default: its chat API at `/v1`. */
  readonly prefix?: string;
}

type Surroundings = Pick<Started, "upstream" | "monitoring">;

async function start({ prefix, ...options }: MonitoredGatewayOptions, around: Surroundings): Promise<Started> {
  const { upstream, monitoring } = around;
  const mounted = prefix === undefined ? {} : { prefix, baseUrl: upstream.origin };
  const own = { ...mounted, ...options.upstream };
  const gateway = await startTestGateway({ ...options, upstreamOrigin: upstream.origin, upstream: own, monitoring });
  return { ...gateway, ...around };
}

export function monitoredGatewayEachTest(options: MonitoredGatewayOptions = {}): MonitoredGateway {
  let started: Started | undefined;
  beforeEach(async () => {
    started = await start(options, { upstream: await startFaultUpstream(), monitoring: createTestMonitoring() });
  });
  afterEach(async () => {
    await started?.gateway.close(0);
    started?.monitoring.recorder.close();
    await started?.upstream.close();
    started = undefined;
  });
  function now(): Started {
    if (started === undefined) throw new Error("the gateway exists inside a test only");
    return started;
  }
  return {
    get gateway() {
      return now().gateway;
    },
    get port() {
      return now().port;
    },
    get origin() {
      return now().origin;
    },
    get upstream() {
      return now().upstream;
    },
    get monitoring() {
      return now().monitoring;
    },
    async restart({ monitoring = now().monitoring, ...changed }) {
      const before = now();
      await before.gateway.close(0);
      if (monitoring !== before.monitoring) before.monitoring.recorder.close();
      started = await start({ ...options, ...changed }, { upstream: before.upstream, monitoring });
    },
    async onlyCall() {
      const { gateway, monitoring } = now();
      await until(() => gateway.openRequests === 0 && monitoring.calls().length > 0);
      const [call, ...others] = monitoring.calls();
      if (call === undefined || others.length > 0) throw new Error(`${others.length + 1} records for one request`);
      return call;
    },
  };
}
