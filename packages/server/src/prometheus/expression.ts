import type { SyntaxNode, Tree } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";
import { LIMITS } from "@nexent/monitor-core";
import { childrenOf, constantOf } from "./constant.ts";
import { durationMsOf, numberOf, stringOf } from "./promql-literals.ts";
import { badExpression, notEvaluated, QueryFault } from "./query-fault.ts";
import { matchersOf, type Matchers } from "./selector.ts";

/** A time that a selector is fixed to by `@`. */
export type FixedTime = { readonly atMs: number } | "start" | "end";

/** What is looked at, and when. */
export interface Selector {
  readonly matchers: Matchers;
  /** Set for a range selector (`foo[5m]`). */
  readonly rangeMs?: number;
  readonly offsetMs: number;
  readonly at?: FixedTime;
}

/** An expression that is answered without evaluation. */
export type Expression =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "selector"; readonly selector: Selector };

/**
 * Reads an expression with Prometheus' own grammar.
 * @throws {QueryFault} `bad_data` for what is no PromQL, `execution` for PromQL that needs evaluation.
 */
export function readExpression(text: string): Expression {
  const root = rootOf(text);
  if (root.name === "StringLiteral") return { kind: "string", value: stringOf(text.slice(root.from, root.to)) };
  const selector = selectorOf(root, text);
  if (selector !== undefined) return { kind: "selector", selector };
  const value = constantOf(root, text);
  if (value !== undefined) return { kind: "number", value };
  throw notEvaluated(nameOf(root, text));
}

/** Matchers of a selector without modifiers, as `match[]` takes them. @throws {QueryFault} */
export function readMatchers(text: string): Matchers {
  const root = rootOf(text);
  if (root.name !== "VectorSelector") throw badExpression("a plain selector is needed");
  return matchersOf(root, text);
}

/** Matchers of every selector in an expression of any kind. @throws {QueryFault} `bad_data` */
export function readSelectors(text: string): readonly Matchers[] {
  const found: Matchers[] = [];
  treeOf(text).iterate({
    enter: ({ name, node }) => {
      if (name === "VectorSelector") found.push(matchersOf(node, text));
    },
  });
  return found;
}

/** The expression, out of its parentheses. */
function rootOf(text: string): SyntaxNode {
  let [node] = childrenOf(treeOf(text).topNode);
  while (node?.name === "ParenExpr") [node] = childrenOf(node);
  if (node === undefined) throw badExpression("no expression found in input");
  return node;
}

function treeOf(text: string): Tree {
  if (Buffer.byteLength(text) > LIMITS.queryTextBytes) {
    throw new QueryFault("bad_data", `an expression may have ${LIMITS.queryTextBytes} bytes`);
  }
  if (text.trim() === "") throw badExpression("no expression found in input");
  const tree = parser.parse(text);
  let depth = 0;
  tree.iterate({
    enter: ({ name, from, type }) => {
      if (type.isError) throw badExpression(`unexpected input at character ${from + 1}`);
      if (isNesting(name) && ++depth > LIMITS.queryDepth) {
        throw new QueryFault("bad_data", `an expression may be nested ${LIMITS.queryDepth} deep`);
      }
    },
    leave: ({ name }) => {
      if (isNesting(name)) depth--;
    },
  });
  return tree;
}

function isNesting(name: string): boolean {
  return name.endsWith("Expr") || name === "FunctionCall" || name === "MatrixSelector";
}

/** The selector of a node with its modifiers, or `undefined` when it is something else. */
function selectorOf(node: SyntaxNode, text: string): Selector | undefined {
  const [inner, ...rest] = childrenOf(node);
  if (node.name === "VectorSelector") return { matchers: matchersOf(node, text), offsetMs: 0 };
  if (node.name === "MatrixSelector" && inner?.name === "VectorSelector") {
    const rangeMs = durationIn(rest[0], text);
    if (rangeMs === 0) throw badExpression("duration must be greater than 0");
    return { matchers: matchersOf(inner, text), offsetMs: 0, rangeMs };
  }
  if (inner === undefined || (node.name !== "OffsetExpr" && node.name !== "StepInvariantExpr")) return undefined;
  const selector = selectorOf(inner, text);
  if (selector === undefined) return undefined;
  return node.name === "OffsetExpr"
    ? withOffset(selector, durationIn(rest.at(-1), text), modifiersOf(inner).has("OffsetExpr"))
    : withTime(selector, fixedTimeOf(rest.at(-1), text));
}

function modifiersOf(node: SyntaxNode): ReadonlySet<string> {
  const names = new Set<string>();
  for (let at: SyntaxNode | undefined = node; at !== undefined; [at] = childrenOf(at)) names.add(at.name);
  return names;
}

function withOffset(selector: Selector, offsetMs: number, isRepeated: boolean): Selector {
  if (isRepeated) throw badExpression("offset may not be set multiple times");
  return { ...selector, offsetMs };
}

function withTime(selector: Selector, at: FixedTime): Selector {
  if (selector.at !== undefined) throw badExpression("@ <timestamp> may not be set multiple times");
  return { ...selector, at };
}

/** Milliseconds of a duration node; arithmetic of durations needs evaluation. */
function durationIn(node: SyntaxNode | undefined, text: string): number {
  const source = node === undefined ? "" : text.slice(node.from, node.to).replaceAll(/\s/g, "");
  const [, sign, digits = ""] = /^([+-]?)(.*)$/.exec(source) ?? [];
  const durationMs = durationMsOf(digits);
  if (durationMs !== undefined) return sign === "-" ? -durationMs : durationMs;
  if (/^[\d.]+$/.test(digits)) throw badExpression(`bad duration syntax: "${digits}" has no unit`);
  throw notEvaluated(`the duration ${source.slice(0, 100)}`);
}

function fixedTimeOf(node: SyntaxNode | undefined, text: string): FixedTime {
  const source = node === undefined ? "" : text.slice(node.from, node.to);
  if (node?.name === "AtModifierPreprocessors") return source.startsWith("start") ? "start" : "end";
  const seconds = numberOf(source);
  const atMs = Math.round(seconds * 1_000);
  if (!Number.isSafeInteger(atMs)) throw badExpression("timestamp out of bounds for @ modifier");
  return { atMs };
}

/** What the asker used, in words. */
function nameOf(node: SyntaxNode, text: string): string {
  const [first] = childrenOf(node);
  const word = first === undefined ? "" : text.slice(first.from, first.to);
  if (node.name === "FunctionCall") return `the function ${word}()`;
  if (node.name === "AggregateExpr") return `the aggregation ${word}()`;
  if (node.name === "SubqueryExpr") return "a subquery";
  if (node.name === "BinaryExpr" || node.name === "UnaryExpr") return "an operator on series";
  return "this expression";
}
