import { fuzzTest } from "./harness/fuzz.testing.ts";

fuzzTest("otlp-protobuf");
