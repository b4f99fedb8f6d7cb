import { describe, expect, it } from "vitest";
import { createGatekeeper } from "./auth.ts";

const TOKEN = "nxm_gw_0123456789abcdef0123456789abcdef";
const OTHER = "nxm_gw_ffffffffffffffffffffffffffffffff";

describe("gatekeeper", () => {
  it("admits everybody and changes nothing without tokens", () => {
    const admission = createGatekeeper([]).admit(["Authorization", "Bearer sk-x"], "?key=1", false);
    expect(admission).toEqual({ admitted: true, omit: new Set(), query: "?key=1" });
  });

  it("35: takes the token in each of the five places and lets it travel from none", () => {
    const keeper = createGatekeeper([OTHER, TOKEN]);
    const places: readonly (readonly [string, string])[] = [
      ["Authorization", `Bearer ${TOKEN}`],
      ["x-api-key", TOKEN],
      ["Api-Key", TOKEN],
      ["X-Goog-Api-Key", TOKEN],
    ];
    for (const [name, value] of places) {
      const admission = keeper.admit([name, value], "", true);
      expect(admission.admitted).toBe(true);
      expect(admission.omit.has(name.toLowerCase())).toBe(true);
    }
    const byQuery = keeper.admit([], `?alt=sse&key=${TOKEN}&x=%20`, true);
    expect(byQuery).toMatchObject({ admitted: true, query: "?alt=sse&x=%20" });
    expect(keeper.admit([], `?key=${TOKEN}`, true).query).toBe("");
    expect(keeper.admit([], `?%6Bey=${TOKEN.replace("_", "%5F")}`, false)).toMatchObject({ admitted: true, query: "" });
  });

  it("35: passes the client's own key beside x-nexent-token, and replaces it when the gateway holds one", () => {
    const keeper = createGatekeeper([TOKEN]);
    const headers = ["authorization", "Bearer sk-own", "X-Nexent-Token", TOKEN];
    expect([...keeper.admit(headers, "", false).omit]).toEqual(["x-nexent-token"]);
    expect([...keeper.admit(headers, "", true).omit].sort()).toEqual(["authorization", "x-nexent-token"]);
  });

  it("35: a key of the client's own in the query goes with the others", () => {
    const keeper = createGatekeeper([TOKEN]);
    const headers = ["X-Nexent-Token", TOKEN];
    expect(keeper.admit(headers, "?key=own&alt=sse", false).query).toBe("?key=own&alt=sse");
    expect(keeper.admit(headers, "?key=own&alt=sse&key=%E0%A4%A", true).query).toBe("?alt=sse");
    expect(keeper.admit(headers, "?keys=1&x=key", true).query).toBe("?keys=1&x=key");
    expect(keeper.admit(headers, "", true).query).toBe("");
  });

  it("refuses a wrong or missing token", () => {
    const keeper = createGatekeeper([TOKEN]);
    expect(keeper.admit([], "", false).admitted).toBe(false);
    expect(keeper.admit(["authorization", `Bearer ${TOKEN}x`], `?key=${OTHER}`, true).admitted).toBe(false);
  });
});
