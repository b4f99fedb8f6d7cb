import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { LIMITS, MonitorError, parseRequestTarget } from "@nexent/monitor-core";
import { SCENARIOS } from "@nexent/monitor-core/scenarios";
import { boundPort } from "../processes/bound-port.ts";
import { createDeadlineClock, type DeadlineClock } from "./deadline-clock.ts";
import { readExactRequest, type ExactRequest } from "./exact-request.ts";
import { exactSchedule } from "./exact-schedule.ts";
import { createPlayLog, type PlayLog, type PlayStats } from "./play-log.ts";
import { playSchedule } from "./player.ts";
import { readJsonBody } from "./request-body.ts";
import { SCENARIO_PREFIX, scheduleOfScenarioModel } from "./scenario-schedule.ts";
import { routeOf, type ExactRoute } from "./routes.ts";
import { PLAY_ID_HEADER, type PlayRecord, type Schedule } from "./schedule.ts";
import { shapeOf } from "./shapes/index.ts";
import { openaiChatShape } from "./shapes/openai.ts";
import type { AnswerShape, Fault } from "./shapes/shape.ts";

/** A running exact-schedule LLM server. */
export interface ExactServer {
  readonly port: number;
  /** `http://127.0.0.1:<port>`, what Anthropic's, Google's and Ollama's clients take as their base URL. */
  readonly origin: string;
  /** The origin with `/v1`, what OpenAI's clients take. */
  readonly baseUrl: string;
  /** What was really written for this play; `undefined` when unknown or long ago. */
  play(id: string): PlayRecord | undefined;
  stats(): PlayStats;
  /** Stops listening and drops open streams. */
  close(): Promise<void>;
}

export interface ExactServerOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Up to how many streams at once get sub-millisecond writes; default 8, see {@link createDeadlineClock}. */
  readonly preciseStreams?: number;
  /** How many plays {@link ExactServer.play} remembers; default 2 000. */
  readonly rememberedPlays?: number;
}

const NOTHING_HERE: Fault = { status: 404, message: "There is nothing under this address.", code: "not_found" };
const TOO_LARGE: Fault = { status: 413, message: "The body is too large." };
const NOT_JSON: Fault = { status: 400, message: "The body is not JSON." };

class PlayingServer implements ExactServer {
  readonly #clock: DeadlineClock;
  readonly #log: PlayLog;
  readonly #server: Server;
  readonly #host: string;

  constructor(options: ExactServerOptions) {
    this.#log = createPlayLog(options.rememberedPlays);
    this.#host = options.host ?? "127.0.0.1";
    this.#clock = createDeadlineClock(options.preciseStreams === undefined ? {} : { spinUpTo: options.preciseStreams });
    this.#server = createServer(
      { noDelay: true, requestTimeout: LIMITS.ingestRequestTimeoutMs, headersTimeout: LIMITS.headerTimeoutMs },
      (request, response) => this.#answer(request, response),
    );
  }

  async listen(port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (cause: NodeJS.ErrnoException) => {
        reject(listenError(cause, port));
      });
      this.#server.listen(port, this.#host, () => resolve());
    });
  }

  get port(): number {
    return boundPort(this.#server);
  }

  get origin(): string {
    return `http://${this.#host}:${this.port}`;
  }

  get baseUrl(): string {
    return `${this.origin}/v1`;
  }

  play(id: string): PlayRecord | undefined {
    return this.#log.find(id);
  }

  stats(): PlayStats {
    return this.#log.stats();
  }

  async close(): Promise<void> {
    this.#clock.close();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const arrivedAtMs = this.#clock.nowMs();
    const target = parseRequestTarget(request.url ?? "/");
    const route = target === undefined ? undefined : routeOf(target.path, target.query);
    if (route !== undefined && request.method === "POST") void this.#complete(request, response, route, arrivedAtMs);
    else if (request.method === "GET" && target !== undefined) this.#answerGet(target.path, response);
    else sendError(response, openaiChatShape, NOTHING_HERE);
  }

  #answerGet(path: string, response: ServerResponse): void {
    if (path === "/health") sendJson(response, 200, { status: "ok", service: "nexent-exact-server" });
    else if (path === "/stats") sendJson(response, 200, this.stats());
    else if (path === "/v1/models") sendJson(response, 200, modelList());
    else if (path.startsWith("/schedule/")) {
      const record = this.play(path.slice("/schedule/".length));
      if (record !== undefined) sendJson(response, 200, record);
      else sendError(response, openaiChatShape, { ...NOTHING_HERE, message: "No play with this id is remembered." });
    } else sendError(response, openaiChatShape, NOTHING_HERE);
  }

  async #complete(
    request: IncomingMessage,
    response: ServerResponse,
    route: ExactRoute,
    arrivedAtMs: number,
  ): Promise<void> {
    const arrivedUnixMs = Date.now();
    const shape = shapeOf(route.format, route.given?.inArray === true);
    const body = await readJsonBody(request);
    if (body.status === "gone") return;
    if (body.status !== "ok") {
      sendError(response, shape, body.status === "too_large" ? TOO_LARGE : NOT_JSON);
      return;
    }
    const reading = readExactRequest(route, body.value);
    if (!reading.ok) {
      const { message, param } = reading;
      sendError(response, shape, { status: 400, message, ...(param === undefined ? {} : { param }) });
      return;
    }
    const id = playId(request);
    const schedule = this.#scheduleOf(reading.request, id, arrivedUnixMs);
    if (schedule === undefined) {
      const message = `There is no model ${reading.request.model}; GET /v1/models lists them.`;
      sendError(response, shape, { status: 404, message, code: "model_not_found", param: "model" });
      return;
    }
    response.setHeader(PLAY_ID_HEADER, id);
    const observer = this.#log.start({ id, model: reading.request.model, arrivedUnixMs, schedule });
    playSchedule({ response, schedule, clock: this.#clock, arrivedAtMs, observer });
  }

  #scheduleOf(request: ExactRequest, id: string, arrivedUnixMs: number): Schedule | undefined {
    if (request.model.startsWith(SCENARIO_PREFIX)) return scheduleOfScenarioModel(request.model, this.#log.count(id));
    return exactSchedule(request, { id, created: Math.floor(arrivedUnixMs / 1000) });
  }
}

/** Starts the server. @throws {PORT_IN_USE} when another process listens on `port`. */
export async function startExactServer(options: ExactServerOptions = {}): Promise<ExactServer> {
  const server = new PlayingServer(options);
  await server.listen(options.port ?? 0);
  return server;
}

function playId(request: IncomingMessage): string {
  const given = request.headers[PLAY_ID_HEADER];
  return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}

function modelList(): unknown {
  const names = ["exact", ...SCENARIOS.map((scenario) => `${SCENARIO_PREFIX}${scenario.name}`)];
  return { object: "list", data: names.map((id) => ({ id, object: "model", created: 0, owned_by: "nexent" })) };
}

function sendError(response: ServerResponse, shape: AnswerShape, fault: Fault): void {
  sendJson(response, fault.status, shape.errorBody(fault), fault.status === 413);
}

function sendJson(response: ServerResponse, status: number, value: unknown, close = false): void {
  const text = JSON.stringify(value);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...(close ? { connection: "close" } : {}),
  });
  response.end(text);
}

function listenError(cause: NodeJS.ErrnoException, port: number): Error {
  if (cause.code !== "EADDRINUSE") return cause;
  return new MonitorError("PORT_IN_USE", `Port ${port} is already in use.`, {
    hint: "Stop the process that holds it, or choose another port.",
    cause,
  });
}
