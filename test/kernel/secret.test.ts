import assert from "node:assert/strict";
import { test } from "node:test";
import { format, inspect } from "node:util";
import { Secret } from "../../src/kernel/secret.ts";

const canary = "canary-4711";
const secret = new Secret(canary);
const ways: readonly (readonly [string, () => string])[] = [
  ["String()", () => String(secret)],
  // oxlint-disable-next-line typescript/restrict-template-expressions -- what must not happen is what is tried
  ["a template", () => `${secret}`],
  ["concatenation", () => "" + secret],
  ["JSON.stringify()", () => JSON.stringify({ secret, list: [secret] })],
  ["util.inspect() with everything shown", () => inspect({ secret }, { depth: 9, showHidden: true, getters: true })],
  ["util.format()", () => format("%s %o %O %j", secret, secret, secret, secret)],
  ["an error's cause", () => inspect(new Error("x", { cause: { secret } }))],
  ["Object.entries()", () => JSON.stringify(Object.entries(secret))],
  ["Object.assign()", () => JSON.stringify(Object.assign({}, secret))],
];
for (const [way, print] of ways) {
  test(`Secret prints nothing of itself through ${way}`, () => assert.equal(print().includes(canary), false));
}
test("Secret.reveal() gives the value", () => assert.equal(secret.reveal(), canary));
