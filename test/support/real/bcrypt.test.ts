import assert from "node:assert/strict";
import { test } from "node:test";
import { bcrypt } from "./bcrypt.ts";

// Made by glibc's crypt(3).
const known = [
  ["pw", 5, "$2y$05$abcdefghijklmnopqrstuuHIrMEWpUCQe2YqFR3sXwQ75u4od..9q"],
  ["", 4, "$2y$04$......................w74bL5gU7LSJClZClCa.Pkz14aTv/XO"],
  ["pässwörd with spaces", 4, "$2y$04$N9qo8uLOickgx2ZMRZoMyeps1J.Ojn39Ec8IqbuPv5uBp0U3Nwr9O"],
  [
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    4,
    "$2y$04$zzzzzzzzzzzzzzzzzzzzzuaeVW.0hKvuBjs4AdfGFwL0wqOw9udfK",
  ],
] as const;

for (const [password, cost, hash] of known) {
  test(`bcrypt() of ${JSON.stringify(password)} at cost ${cost} is what crypt(3) makes of it`, () => {
    assert.equal(bcrypt(password, saltOf(hash), cost), hash);
  });
}

test("bcrypt() refuses what it would cut off", () => {
  assert.throws(() => bcrypt("x".repeat(72)), RangeError);
  assert.match(bcrypt("x".repeat(71)), /^\$2y\$04\$[./A-Za-z0-9]{53}$/);
});

function saltOf(hash: string): Buffer {
  const digits = Array.from(hash.slice(7, 29), (digit) =>
    "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".indexOf(digit),
  );
  return Buffer.from(
    digits
      .map((digit) => digit.toString(2).padStart(6, "0"))
      .join("")
      .match(/.{8}/g)
      ?.map((byte) => Number.parseInt(byte, 2)) ?? [],
  );
}
