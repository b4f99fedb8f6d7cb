import { fuzzTest } from "./harness/fuzz.testing.ts";

fuzzTest("prometheus-text");
