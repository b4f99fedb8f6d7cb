/**
 * The contract suite: what every store must do, as cases that any test runner can run. Each title begins with the id of
 * its rule in SPEC.md.
 */
import { AGGREGATE_CASES } from "./aggregate-cases.ts";
import { LIFECYCLE_CASES } from "./lifecycle-cases.ts";
import { SKETCH_CASES } from "./sketch-cases.ts";
import { READ_CASES } from "./read-cases.ts";
import { SEARCH_CASES } from "./search-cases.ts";
import type { StoreCase } from "./store-case.ts";
import { WRITE_CASES } from "./write-cases.ts";

export type { OpenStore, StoreCase } from "./store-case.ts";

/** Every case, in the order of SPEC.md. */
export const STORE_CASES: readonly StoreCase[] = [
  ...WRITE_CASES,
  ...READ_CASES,
  ...SEARCH_CASES,
  ...AGGREGATE_CASES,
  ...SKETCH_CASES,
  ...LIFECYCLE_CASES,
];
