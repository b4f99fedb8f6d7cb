/** Every framework adapter against the framework itself, over real sockets. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { getRequestListener } from "@hono/node-server";
import { setupExpressApp, type ExpressLike } from "@nexent/monitor/express";
import { setupFastifyApp } from "@nexent/monitor/fastify";
import { setupHonoApp } from "@nexent/monitor/hono";
import { setupNodeServer } from "@nexent/monitor/node";
import fastify from "fastify";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { stream as streamHono } from "hono/streaming";
import { describeAdapter, type SuiteHandlers, type SuiteOptions, type SuiteServer } from "./adapter-suite.testing.ts";

async function running(server: Server): Promise<SuiteServer> {
  if (!server.listening) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function writeAll(response: ServerResponse, pieces: AsyncGenerator<string, void, unknown>): Promise<void> {
  response.writeHead(200, { "content-type": "text/plain" });
  for await (const piece of pieces) {
    if (response.destroyed) return;
    response.write(piece);
  }
  response.end();
}

interface ExpressRequest extends IncomingMessage {
  readonly params: Record<string, string>;
  readonly body: unknown;
}

interface ExpressResponse extends ServerResponse {
  status(code: number): ExpressResponse;
  json(body: object): void;
  send(text: string): void;
}

type ExpressHandler = (request: ExpressRequest, response: ExpressResponse) => unknown;

interface ExpressRouter extends ExpressLike {
  readonly use: (...handlers: unknown[]) => unknown;
  get(path: string, handler: ExpressHandler): unknown;
  post(path: string, handler: ExpressHandler): unknown;
}

interface ExpressApp extends ExpressRouter {
  (request: IncomingMessage, response: ServerResponse): void;
}

interface Express {
  (): ExpressApp;
  json(options: object): unknown;
  Router(): ExpressRouter;
}

/** Express ships no types. */
async function loadExpress(name: "express" | "express4"): Promise<Express> {
  const { default: loaded }: { readonly default: Express } = await import(name);
  return loaded;
}

function addExpressRoutes(express: Express, app: ExpressApp, handlers: SuiteHandlers): void {
  const show =
    (...names: string[]): ExpressHandler =>
    async (request, response) =>
      response.json(await handlers.show(...names.map((name) => request.params[name] ?? "")));
  app.use(express.json({ limit: "1mb" }));
  app.get("/users/:id", show("id"));
  // Mounted before its routes are known, with a parameter in its path.
  const members = express.Router();
  const teams = express.Router();
  app.use("/teams", teams);
  teams.use("/:team/members", members);
  members.get("/:member", show("member"));
  app.post("/ask", (request, response) => handlers.ask(request.body).then((body) => response.json(body)));
  app.get("/fails", () => handlers.fails());
  app.get("/refuses", () => handlers.refuses());
  app.get("/stream", (_request, response) => writeAll(response, handlers.stream()));
  app.get("/endless", (_request, response) => writeAll(response, handlers.endless()));
  app.get("/health", (_request, response) => response.send("ok"));
}

for (const name of ["express", "express4"] as const) {
  describeAdapter({
    name: name === "express" ? "Express 5" : "Express 4",
    async start(handlers, options) {
      process.env["NODE_ENV"] = "test";
      const express = await loadExpress(name);
      const app = express();
      setupExpressApp(app, options);
      addExpressRoutes(express, app, handlers);
      setupExpressApp(app, options);
      return running(createServer(app));
    },
  });
}

describeAdapter({
  name: "Express 5, set up after its routes, with an error handler of its own",
  async start(handlers, options) {
    const express = await loadExpress("express");
    const app = express();
    addExpressRoutes(express, app, handlers);
    const answerError = (error: { readonly status?: number }, _q: unknown, response: ExpressResponse, _n: unknown) =>
      response.status(error.status ?? 500).json({ failed: true });
    app.use(answerError);
    setupExpressApp(app, options);
    return running(createServer(app));
  },
});

describeAdapter({
  name: "Express 5 on a server that is observed too",
  async start(handlers, options) {
    const express = await loadExpress("express");
    const app = express();
    setupExpressApp(app, options);
    addExpressRoutes(express, app, handlers);
    const server = createServer(app);
    setupNodeServer(server, options);
    return running(server);
  },
});

describeAdapter({
  name: "Fastify 5",
  async start(handlers, options) {
    const app = fastify();
    setupFastifyApp(app, options);
    setupFastifyApp(app, options);
    app.get("/users/:id", (request) => handlers.show(paramsOf(request.params)["id"] ?? ""));
    await app.register(
      async (teams) => {
        teams.get("/:team/members/:member", (request) => handlers.show(paramsOf(request.params)["member"] ?? ""));
      },
      { prefix: "/teams" },
    );
    app.post("/ask", (request) => handlers.ask(request.body));
    app.get("/fails", () => handlers.fails());
    app.get("/refuses", () => handlers.refuses());
    app.get("/stream", (_request, reply) => reply.send(Readable.from(handlers.stream(), { objectMode: false })));
    app.get("/endless", (_request, reply) => reply.send(Readable.from(handlers.endless(), { objectMode: false })));
    app.get("/health", () => "ok");
    await app.listen({ port: 0, host: "127.0.0.1" });
    return running(app.server);
  },
});

function paramsOf(params: unknown): Record<string, string> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Fastify leaves the type of params to its user
  return params as Record<string, string>;
}

function honoApp(handlers: SuiteHandlers, options: SuiteOptions): Hono {
  const app = new Hono();
  app.onError((error, c) => c.text("failed", "status" in error && error.status === 418 ? 418 : 500));
  app.use("*", (_c, next) => next());
  app.get("/users/:id", async (c) => c.json(await handlers.show(c.req.param("id"))));
  setupHonoApp(app, options);
  setupHonoApp(app, options);
  const teams = new Hono();
  teams.get("/:team/members/:member", async (c) => c.json(await handlers.show(c.req.param("member"))));
  app.route("/teams", teams);
  app.post("/ask", async (c) => c.json(await handlers.ask(await c.req.json())));
  app.get("/fails", () => handlers.fails());
  app.get("/refuses", () => {
    throw new HTTPException(418);
  });
  for (const path of ["stream", "endless"] as const) {
    app.get(`/${path}`, (c) =>
      streamHono(c, async (out) => {
        for await (const piece of handlers[path]()) {
          if (out.aborted || out.closed) return;
          await out.write(piece);
        }
      }),
    );
  }
  app.get("/health", (c) => c.text("ok"));
  return app;
}

describeAdapter({
  name: "Hono 4 on node:http",
  async start(handlers, options) {
    const app = honoApp(handlers, options);
    const server = createServer(getRequestListener(app.fetch));
    return running(server);
  },
});

const ROUTES: readonly (readonly [RegExp, string])[] = [
  [/^\/users\/[^/]+$/, "/users/:id"],
  [/^\/teams\/[^/]+\/members\/[^/]+$/, "/teams/:team/members/:member"],
  [/^\/(ask|fails|refuses|stream|endless)$/, ""],
];

function patternOf(url = ""): string | undefined {
  const path = url.split("?")[0] ?? "";
  const found = ROUTES.find(([shape]) => shape.test(path));
  return found && (found[1] || path);
}

/** A server as people write it by hand, body by event listeners. */
async function answerNode(request: IncomingMessage, response: ServerResponse, handlers: SuiteHandlers): Promise<void> {
  const url = request.url?.split("?")[0] ?? "";
  const json = (body: object): void => void response.end(JSON.stringify(body));
  if (patternOf(url) === undefined) response.writeHead(url === "/health" ? 200 : 404).end("ok");
  else if (url === "/stream") await writeAll(response, handlers.stream());
  else if (url === "/endless") await writeAll(response, handlers.endless());
  else if (url === "/fails") response.writeHead(500).end();
  else if (url === "/refuses") response.writeHead(418).end();
  else if (url !== "/ask") json(await handlers.show(url.split("/").at(-1) ?? ""));
  else {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      void handlers.ask(JSON.parse(Buffer.concat(chunks).toString("utf8"))).then(json);
    });
  }
}

describeAdapter({
  name: "node:http",
  knowsErrors: false,
  start(handlers, options) {
    const server = createServer();
    const route = (request: { readonly url?: string }): string | undefined => patternOf(request.url);
    setupNodeServer(server, { ...options, route });
    server.on("request", (request, response) => void answerNode(request, response, handlers));
    setupNodeServer(server, { ...options, route });
    return running(server);
  },
});
