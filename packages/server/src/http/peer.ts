import type { IncomingMessage } from "node:http";
import { isLoopbackAddress, isLoopbackHost } from "../host-origin.ts";

/** Headers by which a proxy says that the request comes from somewhere else. */
const FORWARDING_HEADERS: readonly string[] = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
  "via",
];

/** Address of the socket's other end. Forwarding headers are never believed. */
export function peerAddress(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? "unknown";
}

/** Whether the request comes from this machine for certain: loopback socket, no proxy in between, loopback Host. */
export function isThisMachine(request: IncomingMessage): boolean {
  return (
    isLoopbackAddress(request.socket.remoteAddress) &&
    isLoopbackHost(request.headers.host ?? "") &&
    FORWARDING_HEADERS.every((name) => request.headers[name] === undefined)
  );
}
