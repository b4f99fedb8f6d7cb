import { describe, expect, it } from "vitest";
import { createModelAdmission } from "./model-admission.ts";

describe("model admission", () => {
  const upstream = {
    name: "o",
    prefix: "/v1",
    baseUrl: "http://x",
    provider: "o",
    usage: "inject",
    models: ["configured"],
  } as const;

  it("admits configured names at once and others after an answer", () => {
    const admission = createModelAdmission([upstream]);
    expect([admission.labelOf("configured"), admission.labelOf("seen")]).toEqual(["configured", "__overflow__"]);
    admission.admit("seen");
    expect(admission.labelOf("seen")).toBe("seen");
  });

  it("is bounded", () => {
    const admission = createModelAdmission([upstream], 2);
    for (const name of ["a", "b", "c"]) admission.admit(name);
    expect(["configured", "a", "b", "c"].map((name) => admission.labelOf(name))).toEqual([
      "configured",
      "a",
      "b",
      "__overflow__",
    ]);
  });
});
