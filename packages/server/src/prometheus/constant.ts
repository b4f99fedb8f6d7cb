import type { SyntaxNode } from "@lezer/common";
import { numberOf } from "./promql-literals.ts";
import { notEvaluated } from "./query-fault.ts";

/**
 * Arithmetic that every IEEE 754 machine rounds alike. Powers and `atan2` are missing on purpose: their last digit
 * depends on the library.
 */
const OPERATORS: Readonly<Record<string, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
};

/**
 * The value of an expression of number literals; `undefined` when it has something else in it.
 * @throws {QueryFault} for an operator on numbers that is not computed here.
 */
export function constantOf(node: SyntaxNode, text: string): number | undefined {
  const source = (part: SyntaxNode): string => text.slice(part.from, part.to);
  if (node.name === "NumberDurationLiteral") return numberOf(source(node));
  const parts = childrenOf(node);
  const [first, second, third] = parts;
  if (node.name === "ParenExpr" && first !== undefined) return constantOf(first, text);
  if (node.name === "UnaryExpr" && first !== undefined && second !== undefined) {
    const value = constantOf(second, text);
    return value === undefined || source(first) === "+" ? value : -value;
  }
  if (node.name !== "BinaryExpr" || first === undefined || second === undefined || third === undefined)
    return undefined;
  const left = constantOf(first, text);
  const right = constantOf(parts.at(-1) ?? third, text);
  if (left === undefined || right === undefined) return undefined;
  const compute = parts.length === 3 ? OPERATORS[source(second)] : undefined;
  if (compute === undefined) throw notEvaluated(`the operator ${source(second)}`);
  return compute(left, right);
}

/** Nodes directly below, in order; comments are none of them. */
export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== "LineComment") children.push(child);
  }
  return children;
}
