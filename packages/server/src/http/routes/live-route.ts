import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { LIVE_TOPICS } from "@nexent/monitor-api";
import { LIMITS } from "@nexent/monitor-core";
import type { Context } from "hono";
import { z } from "zod";
import type { ApiApp, ApiEnv } from "../api-context.ts";
import type { LiveHub, LiveTopic } from "../live-hub.ts";
import { readQuery } from "../read-input.ts";
import { PLAIN_HEADERS } from "../security-headers.ts";
import type { Sessions } from "../sessions.ts";

/** Unknown topics are those of a newer page; they are left out, not refused. */
const topicsSchema = z.object({
  topics: z
    .union([z.string(), z.array(z.string())])
    .default([...LIVE_TOPICS])
    .transform(
      (value) =>
        new Set(
          [value]
            .flat()
            .flatMap((text) => text.split(","))
            .filter(isTopic),
        ),
    ),
});

function isTopic(text: string): text is LiveTopic {
  return (LIVE_TOPICS as readonly string[]).includes(text);
}

/** `GET /api/live`: Server-Sent Events, read with `fetch` so that the CSRF header can be sent. */
export function addLiveRoute(app: ApiApp, hub: LiveHub, sessions: Sessions): void {
  app.get("/api/live", (c) => {
    const { topics } = readQuery(c, topicsSchema);
    open(c, hub, sessions, topics);
    return RESPONSE_ALREADY_SENT;
  });
}

function open(c: Context<ApiEnv>, hub: LiveHub, sessions: Sessions, topics: ReadonlySet<LiveTopic>): void {
  const { outgoing } = c.env;
  const { key } = c.get("session");
  outgoing.writeHead(200, {
    ...PLAIN_HEADERS,
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
  });
  outgoing.flushHeaders();
  const detach = hub.attach(
    {
      topics,
      write(text) {
        if (outgoing.destroyed || outgoing.writableLength > LIMITS.liveStreamBufferBytes) return false;
        outgoing.write(text);
        return true;
      },
      isAllowed: () => sessions.isAlive(key),
      end: () => outgoing.end(),
    },
    c.req.header("last-event-id"),
  );
  outgoing.once("close", detach);
  outgoing.once("error", detach);
}
