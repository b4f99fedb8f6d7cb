import { it } from "vitest";

// Printer and parser shall reach a fixpoint, but the product prints exposition text and does not read any yet.
it.skip("prometheus-text: there is no reader of exposition text to fuzz", () => undefined);
