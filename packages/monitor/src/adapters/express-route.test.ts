import { describe, expect, it } from "vitest";
import { createCollectingBackend } from "../testing/collecting-backend.testing.ts";
import { createMetricRegistry } from "@nexent/monitor-core";
import { createHttpWatcher } from "../recording/http-span.ts";
import { followRoute, withoutValues } from "./express-route.ts";

describe("withoutValues", () => {
  it.each([
    ["/users/42", { id: "42" }, "/users/:id"],
    ["/users/a%20b", { id: "a b" }, "/users/:id"],
    ["/a/a", { x: "a" }, "/a/:x"],
    ["/v2/users", { version: "2" }, "/v:version/users"],
    ["/orgs/7/users/9", { org: "7", user: "9" }, "/orgs/:org/users/:user"],
    ["/files/a/b/c", { path: ["a", "b", "c"] }, "/files/*"],
    ["/files/a/b", { 0: "a/b" }, "/files/*"],
    ["/optional", { id: undefined }, "/optional"],
    ["/%zz/1", { id: "1" }, "/%zz/:id"],
    ["/money/1", { id: "1", $: "$&" }, "/money/:id"],
    ["/plain", undefined, "/plain"],
  ])("turns %s with %j into %s", (path, params, pattern) => {
    expect(withoutValues(path, params)).toBe(pattern);
  });
});

describe("followRoute", () => {
  it("knows where it is while Express enters and leaves routers", () => {
    const backend = createCollectingBackend();
    const watch = createHttpWatcher({ backend, registry: createMetricRegistry() }).start({ method: "GET" });
    const request: { baseUrl?: unknown; route?: unknown; params?: unknown } = {};
    followRoute(request, watch);
    const name = (): string | undefined => backend.spans[0]?.name;
    request.baseUrl = "";
    request.params = { org: "7" };
    request.baseUrl = "/orgs/7";
    request.params = { user: "7" };
    request.baseUrl = "/orgs/7/users/7";
    request.route = { path: "/posts/:post" };
    expect([name(), request.baseUrl, request.route]).toEqual([
      "GET /orgs/:org/users/:user/posts/:post",
      "/orgs/7/users/7",
      { path: "/posts/:post" },
    ]);
    request.baseUrl = "/orgs/7";
    request.route = { path: "/" };
    expect(name()).toBe("GET /orgs/:org");
    request.baseUrl = "";
    request.route = { path: ["/a", /^\/b/] };
    expect(name()).toBe("GET /a|^\\/b");
    request.baseUrl = "/other";
    request.route = { path: 5 };
    expect(name()).toBe("GET /a|^\\/b");
    request.route = { path: "/x" };
    expect(name()).toBe("GET /other/x");
  });
});
