import { LIMITS } from "@nexent/monitor-core";
import { expect, it } from "vitest";
import { parseScrapeTargets } from "./scrape-targets.ts";

it("reads jobs, default paths and ports, and a URL that stands twice once", () => {
  const items = [
    "vllm=http://10.0.0.1:8000",
    "https://models.example/prometheus/metrics?x=1",
    "http://10.0.0.1:8000/metrics",
  ];
  expect(parseScrapeTargets(items)).toEqual({
    targets: [
      { job: "vllm", instance: "10.0.0.1:8000", url: "http://10.0.0.1:8000/metrics" },
      { job: "llm-metrics", instance: "models.example:443", url: "https://models.example/prometheus/metrics?x=1" },
    ],
  });
});

it("reads none as no target", () => expect(parseScrapeTargets(["none"])).toEqual({ targets: [] }));

it.each(["ftp://a/metrics", "vllm", "http://", "=http://a", "http://user:secret@a/metrics"])(
  "refuses %s without repeating it",
  (item) => {
    expect(parseScrapeTargets(["http://a", item])).toEqual({
      problems: ["target 2 is not [job=]http(s)://host:port/path without user data"],
    });
  },
);

it("refuses more targets than it may have", () => {
  const items = Array.from({ length: LIMITS.scrapeTargets + 1 }, (_, at) => `http://host-${at}`);
  expect(parseScrapeTargets(items)).toEqual({ problems: [`more than ${LIMITS.scrapeTargets} targets`] });
});
