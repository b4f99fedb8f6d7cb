import { fuzzTest } from "./harness/fuzz.testing.ts";

fuzzTest("journal");
