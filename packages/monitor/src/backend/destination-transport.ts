/** The transport of a destination. */
import type { Destination } from "../config/destination.ts";
import { createGrpcTransport } from "./grpc-transport.ts";
import { createHttpTransport } from "./http-transport.ts";
import { readJsonAnswer, readProtobufAnswer } from "./otlp-answer.ts";
import type { Transport } from "./transport.ts";

type Protocol = "http/protobuf" | "http/json" | "grpc" | "jaeger-thrift";

const CONTENT_TYPE = {
  "http/protobuf": "application/x-protobuf",
  "http/json": "application/json",
  "jaeger-thrift": "application/x-thrift",
} as const;
const READ_ANSWER = { "http/protobuf": readProtobufAnswer, "http/json": readJsonAnswer } as const;

/** @param grpcMethod full name of the `Export` method of the signal, with a leading slash. */
export function createTransport({ protocol, ...address }: Destination<Protocol>, grpcMethod: string): Transport {
  if (protocol === "grpc") return createGrpcTransport({ ...address, method: grpcMethod });
  const http = { ...address, contentType: CONTENT_TYPE[protocol] };
  if (protocol === "jaeger-thrift") return createHttpTransport(http);
  return createHttpTransport({ ...http, readAnswer: READ_ANSWER[protocol] });
}

/** The label `destination` of `nexent_monitor_export_failures`. */
export function destinationLabel(protocol: Protocol): "jaeger_thrift" | "otlp_grpc" | "otlp_http" {
  if (protocol === "jaeger-thrift") return "jaeger_thrift";
  return protocol === "grpc" ? "otlp_grpc" : "otlp_http";
}

/** An address without what may be a secret in it: user, password and query. */
export function shownAddress(text: string): string {
  const { protocol, host, pathname } = new URL(text);
  return `${protocol}//${host}${pathname}`;
}
