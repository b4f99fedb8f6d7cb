import type { Server } from "node:net";

/** Port of a listening TCP server. @throws {RangeError} when it does not listen on a port. */
export function boundPort(server: Pick<Server, "address">): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new RangeError("the server does not listen on a port");
  return address.port;
}
