import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, it } from "node:test";
import fc from "fast-check";
import { readKeys } from "../../src/trust/read-keys.ts";
import { createSigningKey } from "../support/signer.ts";

const alice = createSigningKey("P-256").publicKeyPem;
const bob = createSigningKey("Ed25519").publicKeyPem;
const { privateKey } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
  privateKeyEncoding: { format: "pem", type: "pkcs8" },
  publicKeyEncoding: { format: "pem", type: "spki" },
});
const entries = [
  { name: "alice", key: "alice.pub" },
  { name: "bob", key: "bob.pub" },
];

const read = (data: Readonly<Record<string, string>>): ReturnType<typeof readKeys> =>
  readKeys(
    entries,
    { label: "Secret/x", uid: "u", resourceVersion: "7", text: (key) => (Object.hasOwn(data, key) ? data[key] : undefined) },
    "release-keys",
  );

describe("readKeys()", () => {
  it("gives every key of the spec, in its order, under the name that the spec gives it", () => {
    const reading = read({ "bob.pub": bob, "alice.pub": alice });
    assert.ok(reading.outcome === "usable");
    assert.deepEqual([reading.source, reading.version], ["u", "7"]);
    assert.deepEqual(
      reading.keys.map(({ name, provider, algorithm }) => [name, provider, algorithm]),
      [
        ["alice", "release-keys", "ECDSA P-256"],
        ["bob", "release-keys", "Ed25519"],
      ],
    );
  });

  it("asks for the data keys of the spec and for no other", () => {
    const asked: string[] = [];
    const text = (key: string): string => {
      asked.push(key);
      return alice;
    };
    readKeys(entries, { label: "Secret/x", uid: "u", resourceVersion: "7", text }, "release-keys");
    assert.deepEqual(asked, ["alice.pub", "bob.pub"]);
  });

  const isPrivate = "is a private key: take it out, make a new pair, and put the public key there";
  const rows: readonly (readonly [what: string, data: Readonly<Record<string, string>>, problem: string])[] = [
    ["a missing data key", { "bob.pub": bob }, 'Secret/x has no data key "alice.pub"'],
    ["two missing data keys", {}, 'Secret/x has no data key "alice.pub" (and 1 more)'],
    ["an empty data key", { "alice.pub": "", "bob.pub": bob }, 'data key "alice.pub" of Secret/x is not one PEM block "PUBLIC KEY"'],
    [
      "two keys under one",
      { "alice.pub": alice + bob, "bob.pub": bob },
      'data key "alice.pub" of Secret/x is not one PEM block "PUBLIC KEY"',
    ],
    ["a private key", { "alice.pub": alice, "bob.pub": privateKey }, `data key "bob.pub" of Secret/x ${isPrivate}`],
  ];
  for (const [what, data, problem] of rows) {
    it(`finds ${what} unusable, as a whole`, () =>
      assert.deepEqual(read(data), { outcome: "unusable", source: "u", version: "7", problem }));
  }

  it("never throws, and echoes nothing of a value", () => {
    const damaged = fc
      .tuple(fc.nat(alice.length), fc.string({ minLength: 1, maxLength: 3 }))
      .map(([at, text]) => alice.slice(0, at) + text);
    const secret = fc.uuid();
    fc.assert(
      fc.property(fc.oneof(fc.string(), damaged), secret, (text, marker) => {
        const reading = read({ "alice.pub": `${text}${marker}`, "bob.pub": privateKey.replace("\n", `\n${marker}`) });
        assert.ok(reading.outcome === "unusable");
        assert.ok(!reading.problem.includes(marker));
      }),
      { numRuns: 300, interruptAfterTimeLimit: 2000 },
    );
  });
});
