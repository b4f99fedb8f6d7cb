import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A target on a free port that answers as told. */
export interface ExpositionServer {
  readonly url: string;
  readonly instance: string;
  /** What it does with the next requests. */
  answer: RequestListener;
  /** Requests so far, and how many were open at once at most. */
  readonly requests: number;
  readonly mostAtOnce: number;
  stop(): Promise<void>;
}

/** An answer of plain text. */
export function textAnswer(body: string, type = "text/plain; version=0.0.4; charset=utf-8"): RequestListener {
  return (_, response) => response.setHeader("content-type", type).end(body);
}

/** Starts one; the caller stops it. */
export async function startExpositionServer(body: string): Promise<ExpositionServer> {
  let [requests, open, mostAtOnce] = [0, 0, 0];
  const server: Server = createServer((request, response) => {
    requests++;
    mostAtOnce = Math.max(mostAtOnce, ++open);
    response.on("close", () => open--);
    exposition.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // listen() on a port answers an address with a port.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const { port } = server.address() as AddressInfo;
  const exposition: ExpositionServer = {
    url: `http://127.0.0.1:${port}/metrics`,
    instance: `127.0.0.1:${port}`,
    answer: textAnswer(body),
    get requests() {
      return requests;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return exposition;
}
