import { describe, expect, it } from "vitest";
import { familyHead, negotiateExposition, resourceLines } from "./exposition.ts";
import { createMetricRegistry } from "./registry.ts";

const OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const TEXT = "text/plain; version=0.0.4; charset=utf-8";

describe("negotiateExposition", () => {
  it.each([
    ["no header", undefined, TEXT],
    ["an empty header", "", TEXT],
    ["curl", "*/*", TEXT],
    ["a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT],
    [
      "Prometheus 2.42",
      "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
      OPENMETRICS,
    ],
    [
      "Prometheus 3",
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      OPENMETRICS,
    ],
    ["OpenMetrics without a version", "application/openmetrics-text", OPENMETRICS],
    ["a quoted version", 'Application/OpenMetrics-Text; Version="1.0.0"', OPENMETRICS],
    ["only an old OpenMetrics version", "application/openmetrics-text;version=0.0.1", TEXT],
    ["equal liking", "text/plain;q=0.5,application/openmetrics-text;q=0.5", OPENMETRICS],
    ["text liked more", "text/plain,application/openmetrics-text;q=0.9", TEXT],
    ["anything liked more", "application/openmetrics-text;q=0.4,*/*;q=0.5", TEXT],
    ["OpenMetrics refused", "application/openmetrics-text;q=0,text/plain;q=0", TEXT],
    ["broken quality", "application/openmetrics-text;q=high", TEXT],
    ["punctuation only", ",;,=;q", TEXT],
  ])("answers %s", (_, accept, contentType) => {
    expect(negotiateExposition(accept).contentType).toBe(contentType);
  });

  it("names the format the registry writes", () => {
    const { format } = negotiateExposition("application/openmetrics-text");
    expect(createMetricRegistry().expose(format)).toContain("# EOF");
  });
});

describe("familyHead", () => {
  const definition = { name: "llm_x", type: "counter", help: 'a "b" \\ c\nd', labels: [], since: "0.1.0" } as const;

  it("escapes help as each format asks", () => {
    expect(familyHead(definition, "openmetrics")).toBe('# HELP llm_x a \\"b\\" \\\\ c\\nd\n# TYPE llm_x counter\n');
    expect(familyHead(definition, "text")).toBe('# HELP llm_x_total a "b" \\\\ c\\nd\n# TYPE llm_x_total counter\n');
  });
});

describe("resourceLines", () => {
  it("writes attributes as labels of target_info", () => {
    expect(resourceLines({ "service.name": 'a"b', "0day": "x" }, "openmetrics")).toBe(
      '# HELP target Resource of this process.\n# TYPE target info\ntarget_info{service_name="a\\"b",_0day="x"} 1\n',
    );
  });

  it("never repeats a label name", () => {
    expect(resourceLines({ "a.b": "1", a_b: "2", "a-b": "3" }, "text")).toContain('target_info{a_b="3"} 1\n');
  });

  it("is absent without attributes", () => {
    expect(resourceLines({}, "text")).toBe("");
  });
});
