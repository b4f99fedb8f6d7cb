import type { SyntaxNode } from "@lezer/common";
import type { LabelMatcher } from "@nexent/monitor-store";
import { childrenOf } from "./constant.ts";
import { valueTestOf } from "./label-pattern.ts";
import { stringOf } from "./promql-literals.ts";
import { badExpression } from "./query-fault.ts";

/** Label under which a name stands among the matchers. */
export const NAME_LABEL = "__name__";

/** Matchers of a selector without its modifiers; all must hold. */
export type Matchers = readonly LabelMatcher[];

/** The matchers of a `VectorSelector` node, their patterns checked. @throws {QueryFault} as Prometheus' parser does. */
export function matchersOf(node: SyntaxNode, text: string): Matchers {
  const parts = childrenOf(node);
  const named = parts.filter(({ name }) => name === "Identifier").map((part) => nameMatcher(sourceOf(part, text)));
  const inBraces = parts
    .filter(({ name }) => name === "LabelMatchers")
    .flatMap((part) => childrenOf(part).map((one) => matcherOf(one, text)));
  if (named.length > 0 && inBraces.some(({ name, op }) => name === NAME_LABEL && op === "=")) {
    throw badExpression("metric name must not be set twice");
  }
  const matchers = [...named, ...inBraces];
  const refuseEmpty = matchers.filter((matcher) => !valueTestOf(matcher)(""));
  if (refuseEmpty.length === 0) throw badExpression("vector selector must contain at least one non-empty matcher");
  return matchers;
}

function sourceOf(node: SyntaxNode, text: string): string {
  return text.slice(node.from, node.to);
}

function nameMatcher(value: string): LabelMatcher {
  return { name: NAME_LABEL, op: "=", value };
}

function matcherOf(node: SyntaxNode, text: string): LabelMatcher {
  const [label, operator, value] = childrenOf(node).map((part) => sourceOf(part, text));
  // A quoted text alone is the name of the metric.
  if (node.name === "QuotedLabelName") return nameMatcher(stringOf(label ?? ""));
  const name = node.name === "QuotedLabelMatcher" ? stringOf(label ?? "") : (label ?? "");
  return { name, op: operatorOf(operator), value: stringOf(value ?? "") };
}

function operatorOf(text: string | undefined): LabelMatcher["op"] {
  if (text === "=" || text === "!=" || text === "=~" || text === "!~") return text;
  throw badExpression("unexpected operator in label matching");
}
