import { SETUP_REASON_IDS, VERDICT_IDS } from "@nexent/monitor-api";
import { describe, expect, it } from "vitest";
import { en } from "./en.ts";
import { formatMessage, namesOf, parseMessage } from "./formatter.ts";
import { languageFor, LANGUAGES } from "./languages.ts";

describe("the message formatter", () => {
  it("fills values and plurals by the language's rules", () => {
    const message = "{n, plural, one {# request} other {# requests}} in {range}";
    expect(formatMessage(message, { n: 1, range: "1 h" }, "en")).toBe("1 request in 1 h");
    expect(formatMessage(message, { n: 8_410, range: "1 h" }, "en")).toBe("8,410 requests in 1 h");
    expect(formatMessage("{n, plural, other {# 个请求}}", { n: 2 }, "zh-CN")).toBe("2 个请求");
  });

  it("fills values inside of a plural branch", () => {
    expect(formatMessage("{n, plural, one {# at {x}} other {# near {x}}}", { n: 3, x: "y" }, "en")).toBe("3 near y");
  });

  it("writes values as they are, braces and all", () => {
    expect(formatMessage("model {name}", { name: "{n} <b>#" }, "en")).toBe("model {n} <b>#");
  });

  it("keeps a missing parameter visible", () => {
    expect(formatMessage("model {name}", {}, "en")).toBe("model {name}");
  });

  it("refuses an unclosed brace", () => {
    expect(() => parseMessage("model {name")).toThrow(SyntaxError);
  });
});

describe.each(LANGUAGES)("the catalogue $tag", (language) => {
  it("has the keys and parameters of the English one and parses throughout", async () => {
    const messages: Readonly<Record<string, string>> = await language.load();
    expect(Object.keys(messages).toSorted()).toEqual(Object.keys(en).toSorted());
    for (const [key, message] of Object.entries(en)) {
      expect([key, namesOf(messages[key] ?? "")]).toEqual([key, namesOf(message)]);
      expect(messages[key]?.trim()).not.toBe("");
    }
  });
});

it("finds a language by its tag or its primary language", () => {
  expect(languageFor("zh-TW")?.tag).toBe("zh-CN");
  expect(languageFor("en-GB")?.tag).toBe("en");
  expect(languageFor("fr")).toBeUndefined();
});

describe("every message id of the server has a text with its parameters", () => {
  const messages: Readonly<Record<string, string>> = en;
  it.each(Object.entries(VERDICT_IDS))("verdict %s", (id, params) => {
    expect(namesOf(messages[`verdict.${id}`] ?? "")).toEqual([...params].toSorted());
  });
  it.each(Object.entries(SETUP_REASON_IDS))("reason %s", (id, params) => {
    expect(namesOf(messages[`reason.${id}`] ?? "")).toEqual([...params].toSorted());
  });
});
