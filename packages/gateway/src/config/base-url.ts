/** Checks of upstream addresses. */
import { isLoopbackName } from "@nexent/monitor-core";
import { z } from "zod";

/** What is wrong with a base URL, as the end of a sentence; undefined when it can be used. */
export function baseUrlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "is not a URL";
  const url = new URL(text);
  if (url.protocol !== "http:" && url.protocol !== "https:") return "must begin with http:// or https://";
  if (url.username !== "" || url.password !== "")
    return "must not carry credentials; let the gateway hold a key instead";
  if (url.search !== "" || url.hash !== "") return "must not carry a query or a fragment";
  return undefined;
}

/** A base URL in a configuration. */
export const baseUrlSchema = z.string().superRefine((text, context) => {
  const problem = baseUrlProblem(text);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
});

/** Whether `baseUrlText` leads back to the listener itself. */
export function pointsAt(baseUrlText: string, host: string, port: number): boolean {
  const url = new URL(baseUrlText);
  const urlPort = url.port === "" ? (url.protocol === "https:" ? 443 : 80) : Number(url.port);
  if (port === 0 || urlPort !== port) return false;
  const name = url.hostname.replace(/^\[|\]$/g, "");
  const wildcard = host === "0.0.0.0" || host === "::";
  return name === host || (isLoopbackName(name) && (wildcard || isLoopbackName(host)));
}
