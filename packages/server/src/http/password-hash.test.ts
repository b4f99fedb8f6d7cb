import { describe, expect, it } from "vitest";
import { CHEAP_SCRYPT } from "../testing/server.ts";
import { createPasswordHasher, SCRYPT_COST } from "./password-hash.ts";

describe("password hashes", () => {
  it("have the product's form and cost, a new salt each time, and match their password only", async () => {
    const hasher = createPasswordHasher();
    const [first, second] = [await hasher.hash("correct horse"), await hasher.hash("correct horse")];
    expect(first).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/=]{24}\$[A-Za-z0-9+/=]{44}$/);
    expect(second).not.toBe(first);
    expect(await hasher.verify("correct horse", first)).toBe("match");
    expect(await hasher.verify("wrong horse", first)).toBe("mismatch");
    expect(hasher.isOutdated(first ?? "")).toBe(false);
    expect(SCRYPT_COST).toEqual({ ln: 15, r: 8, p: 3 });
  });

  it("of another cost still match, and are known to be outdated", async () => {
    const old = await createPasswordHasher({ ln: 8, r: 8, p: 1 }).hash("secret");
    const hasher = createPasswordHasher(CHEAP_SCRYPT);
    expect(await hasher.verify("secret", old)).toBe("match");
    expect(hasher.isOutdated(old ?? "")).toBe(true);
  });

  it("do not match without a stored hash, or with a damaged one", async () => {
    const hasher = createPasswordHasher(CHEAP_SCRYPT);
    expect(await hasher.verify("x", undefined)).toBe("mismatch");
    expect(await hasher.verify("x", "$scrypt$ln=10,r=8,p=1$$")).toBe("mismatch");
    expect(await hasher.verify("x", "plain")).toBe("mismatch");
  });

  it("W2: are made one at a time with four waiting; the rest is told to come back", async () => {
    const hasher = createPasswordHasher(CHEAP_SCRYPT);
    const all = await Promise.all(Array.from({ length: 50 }, () => hasher.verify("x", undefined)));
    expect(all.filter((verdict) => verdict === "busy")).toHaveLength(45);
    expect(await hasher.verify("x", undefined)).toBe("mismatch");
  });
});
