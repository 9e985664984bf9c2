import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { claimsOf } from "../../src/pki/token-claims.ts";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: unknown): string => `${part({ alg: "RS256" })}.${part(claims)}.c2ln`;

for (const row of [
  {
    name: "issuer, subject and a list of audiences",
    token: jwt({ iss: "i", sub: "s", aud: ["a", "b"] }),
    claims: { issuer: "i", subject: "s", audiences: ["a", "b"] },
  },
  { name: "when it ends", token: jwt({ exp: 7 }), claims: { audiences: [], expiresAt: 7000 } },
  { name: "no end that is no number", token: jwt({ exp: "7" }), claims: { audiences: [] } },
  { name: "a single audience", token: jwt({ aud: "a" }), claims: { audiences: ["a"] } },
  { name: "no audience", token: jwt({ iss: "i" }), claims: { issuer: "i", audiences: [] } },
  {
    name: "claims of other types, as if they were absent",
    token: jwt({ iss: 1, sub: null, aud: [7, "a", {}] }),
    claims: { audiences: ["a"] },
  },
  { name: "a payload that is a list", token: jwt(["iss"]), claims: { audiences: [] } },
]) {
  test(`claimsOf() reads ${row.name}`, () => assert.deepEqual(claimsOf(row.token), row.claims));
}

for (const row of [
  { name: "an opaque token", token: "kubeconfig-u-abcdef" },
  { name: "nothing", token: "" },
  { name: "two parts", token: `${part({})}.${part({})}` },
  { name: "five parts, as an encrypted one has", token: "a.b.c.d.e" },
  { name: "a payload that is not JSON", token: `${part({})}.bm90IGpzb24.c2ln` },
  { name: "a line feed behind it", token: `${jwt({ aud: "a" })}\n` },
  { name: "more than 16 KiB", token: jwt({ aud: "a".repeat(16_384) }) },
]) {
  test(`claimsOf() finds no claims in ${row.name}`, () => assert.equal(claimsOf(row.token), undefined));
}

test("claimsOf() never throws", () => {
  const hostile = fc.oneof(
    fc.string(),
    fc.json().map((json) => `e30.${Buffer.from(json).toString("base64url")}.c2ln`),
  );
  fc.assert(
    fc.property(hostile, (token) => void claimsOf(token)),
    { numRuns: 300, interruptAfterTimeLimit: 2000 },
  );
});
