/**
 * Our own list of one-connection clients per origin. Last in, first out: few sockets stay warm and the rest time out;
 * taking one is O(1), and we know whether its socket has served before, which the single retry depends on.
 */
import { LIMITS } from "@nexent/monitor-core";
import { buildConnector, Client, type Dispatcher } from "undici";

/** One client with at most one socket and at most one request on it. */
export interface Connection {
  /** The socket in use has already served a request: it may have been closed by the upstream in the meantime. */
  readonly reused: boolean;
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
}

/** Connections to one origin. */
export interface ConnectionList {
  /** The connection returned last, else a new one. */
  take(): Connection;
  /** Always a new connection. */
  takeNew(): Connection;
  /** Gives a connection back after a complete answer. */
  release(connection: Connection): void;
  /** Closes a connection that failed or was aborted. */
  drop(connection: Connection, reason?: Error): void;
  readonly busyCount: number;
  readonly idleCount: number;
  /** Closes every connection, busy ones included. */
  close(): Promise<void>;
}

const CLIENT_OPTIONS = {
  pipelining: 1,
  allowH2: false,
  // No limit of ours on the head or between reads: reasoning models stay silent for minutes (gateway contract 5.7).
  headersTimeout: 0,
  bodyTimeout: 0,
  maxHeaderSize: LIMITS.gatewayHeaderBytes,
  keepAliveTimeout: LIMITS.gatewayUpstreamKeepAliveMs,
  // A hint of the upstream may shorten the idle time, never lengthen it.
  keepAliveMaxTimeout: LIMITS.gatewayUpstreamKeepAliveMs,
  keepAliveTimeoutThreshold: 1_000,
} as const;

/**
 * undici takes a reset of a connection that is about to close anyway for the end of its body: dishonest, and an
 * assertion that ends the process while the answer is paused. Under another code the reset stays a failure.
 */
function keepResetAFailure(error: NodeJS.ErrnoException): void {
  if (error.code === "ECONNRESET") error.code = "UND_ERR_SOCKET";
}

function createConnector(timeoutMs: number): buildConnector.connector {
  const connect = buildConnector({ allowH2: false, timeout: timeoutMs });
  return (options, callback) => {
    connect(options, (...result) => {
      const socket = result[1];
      // Before undici adds its own listener, so that ours runs first.
      socket?.on("error", keepResetAFailure);
      callback(...result);
    });
  };
}

class OneConnection implements Connection {
  readonly client: Client;
  idle = false;
  #served = false;

  constructor(client: Client, onIdleLoss: (connection: OneConnection) => void) {
    this.client = client;
    client.on("connect", () => {
      this.#served = false;
    });
    client.on("disconnect", () => {
      if (this.idle) onIdleLoss(this);
    });
  }

  get reused(): boolean {
    return this.#served;
  }

  markServed(): void {
    this.#served = true;
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.client.dispatch(options, handler);
  }
}

class LifoConnections implements ConnectionList {
  readonly #origin: string;
  readonly #connect: buildConnector.connector;
  readonly #idle: OneConnection[] = [];
  readonly #busy = new Set<OneConnection>();

  constructor(origin: string, connectTimeoutMs: number) {
    this.#origin = origin;
    // One connector for all clients of the origin, so that TLS sessions are resumed across connections.
    this.#connect = createConnector(connectTimeoutMs);
  }

  get busyCount(): number {
    return this.#busy.size;
  }

  get idleCount(): number {
    return this.#idle.length;
  }

  take(): Connection {
    const connection = this.#idle.pop();
    if (connection === undefined) return this.takeNew();
    connection.idle = false;
    this.#busy.add(connection);
    return connection;
  }

  takeNew(): Connection {
    const client = new Client(this.#origin, { ...CLIENT_OPTIONS, connect: this.#connect });
    const connection = new OneConnection(client, (lost) => this.#forget(lost));
    this.#busy.add(connection);
    return connection;
  }

  release(connection: Connection): void {
    if (!(connection instanceof OneConnection) || !this.#busy.delete(connection)) return;
    connection.markServed();
    connection.idle = true;
    this.#idle.push(connection);
  }

  drop(connection: Connection, reason?: Error): void {
    if (!(connection instanceof OneConnection)) return;
    this.#busy.delete(connection);
    void connection.client.destroy(reason ?? null);
  }

  async close(): Promise<void> {
    const all = [...this.#idle.splice(0), ...this.#busy];
    this.#busy.clear();
    await Promise.all(all.map((connection) => connection.client.destroy()));
  }

  #forget(connection: OneConnection): void {
    // The oldest idle socket times out first and sits at the front.
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    void connection.client.destroy();
  }
}

/** Connections to `origin` (scheme, host, port). `connectTimeoutMs` bounds DNS, TCP and TLS together; default 10 s. */
export function createConnectionList(
  origin: string,
  connectTimeoutMs: number = LIMITS.gatewayConnectTimeoutMs,
): ConnectionList {
  return new LifoConnections(origin, connectTimeoutMs);
}
