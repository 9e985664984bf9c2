import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeKeyProvider } from "../../src/api/key-provider.ts";
import { decodeVerifier } from "../../src/api/verifier.ts";
import { accepted, object, refusals } from "./objects.ts";
import { publicKey } from "./public-key.ts";

describe("decodeVerifier()", () => {
  it("decodes references to names", () => {
    assert.deepEqual(decodeVerifier(object("Verifier", accepted.Verifier["cosign"])), {
      ok: true,
      spec: { type: "cosign", config: { keyProviderRefs: ["release", "nightly"] } },
    });
  });
  it("decodes scopes as a Store's, and annotations as they are written", () => {
    const decoded = decodeVerifier(object("Verifier", accepted.Verifier["cosign, with every field"]));
    assert.ok(decoded.ok);
    assert.deepEqual(
      decoded.spec.scopes?.map((scope) => (scope.kind === "all" ? "*" : scope.pattern.text)),
      ["acme.azurecr.io/prod", "*.dkr.ecr.*.amazonaws.com"],
    );
    assert.deepEqual(decoded.spec.config.annotations, [
      { name: "env", value: "prod" },
      { name: "dev.acme/pipeline", value: "" },
    ]);
  });
  it('takes "*" for every image', () => {
    const decoded = decodeVerifier(object("Verifier", { ...accepted.Verifier["cosign"], scopes: ["*"] }));
    assert.deepEqual(decoded.ok && decoded.spec.scopes, [{ kind: "all" }]);
  });
  const cosign = (annotations: unknown): object => ({ type: "cosign", cosign: { keyProviderRefs: [{ name: "a" }], annotations } });
  const refused: readonly (readonly [what: string, spec: object, said: readonly string[]])[] = [
    [
      "no scopes at all, which would be no image",
      { ...accepted.Verifier["cosign"], scopes: [] },
      ["spec.scopes: spec.scopes in body should have at least 1 items"],
    ],
    [
      "a scope that is too wide",
      { ...accepted.Verifier["cosign"], scopes: ["*.io"] },
      ['spec.scopes[0]: "*.io" is too wide: "*" may not stand for one of the last two labels'],
    ],
    [
      "a name twice",
      cosign([
        { name: "a", value: "1" },
        { name: "a", value: "2" },
      ]),
      ['spec.cosign.annotations[1]: Duplicate value: {"name":"a"}'],
    ],
    ["a name without its value", cosign([{ name: "a" }]), ["spec.cosign.annotations[0].value: Required value"]],
    [
      "an empty name",
      cosign([{ name: "", value: "" }]),
      ["spec.cosign.annotations[0].name: spec.cosign.annotations[0].name in body should be at least 1 chars long"],
    ],
    [
      "more than 32",
      cosign(Array.from({ length: 33 }, (_, at) => ({ name: `a${at}`, value: "" }))),
      ["spec.cosign.annotations: Too many: 33: must have at most 32 items"],
    ],
    ["a map", cosign({ a: "1" }), ['spec.cosign.annotations: spec.cosign.annotations in body must be of type array: "object"']],
  ];
  for (const [what, spec, said] of refused) it(`refuses ${what}`, () => assert.deepEqual(refusals("Verifier", spec), said));

  it("refuses a Verifier that trusts nobody", () => {
    assert.deepEqual(refusals("Verifier", { type: "cosign" }), ['spec.cosign: Required value: type is "cosign"']);
    assert.deepEqual(refusals("Verifier", { type: "cosign", cosign: { keyProviderRefs: [] } }), [
      "spec.cosign.keyProviderRefs: spec.cosign.keyProviderRefs in body should have at least 1 items",
    ]);
  });
});

describe("decodeKeyProvider()", () => {
  it("decodes inline keys", () => {
    assert.deepEqual(decodeKeyProvider(object("KeyProvider", accepted.KeyProvider["inline"])), {
      ok: true,
      spec: { type: "inline", config: { keys: [{ name: "release", publicKey }] } },
    });
  });

  for (const type of ["kubernetesSecret", "configMap"] as const) {
    const ref = `${type === "configMap" ? "configMap" : "secret"}Ref`;
    const kind = type === "configMap" ? "ConfigMap" : "Secret";
    const spec = (keys: unknown): object => ({ type, [type]: { [ref]: { name: "signing" }, keys } });
    it(`decodes where each key of type ${type} stands`, () => {
      const keys = [
        { name: "alice", key: "cosign.pub" },
        { name: "bob", key: "Bob_2.pub" },
      ];
      const decoded = decodeKeyProvider(object("KeyProvider", spec(keys)));
      assert.deepEqual(decoded, { ok: true, spec: { type, config: { [ref]: { name: "signing" }, keys } } });
    });
    const rows: readonly (readonly [what: string, keys: unknown, said: string])[] = [
      ["no keys", [], `spec.${type}.keys: spec.${type}.keys in body should have at least 1 items`],
      ["a name twice", [1, 2].map((at) => ({ name: "a", key: `${at}` })), `spec.${type}.keys[1]: Duplicate value: {"name":"a"}`],
      [
        "a name of 64 characters",
        [{ name: "a".repeat(64), key: "a" }],
        `spec.${type}.keys[0].name: Too long: may not be more than 63 bytes`,
      ],
      ["a key without a data key", [{ name: "a" }], `spec.${type}.keys[0].key: Required value`],
      [
        "a data key that is a path",
        [{ name: "a", key: "../a" }],
        `spec.${type}.keys[0].key: "../a" is not a key of a ${kind}: letters, digits, "-", "_" and "."`,
      ],
    ];
    for (const [what, keys, said] of rows) {
      it(`refuses ${what} of type ${type}`, () => assert.deepEqual(refusals("KeyProvider", spec(keys)), [said]));
    }
  }

  const inline = (...keys: readonly unknown[]): object => ({ type: "inline", inline: { keys } });
  const refused: readonly (readonly [string, object, readonly string[]])[] = [
    [
      "a key that is not PEM",
      inline({ name: "a", publicKey: "MFkw" }),
      ['spec.inline.keys[0].publicKey: must be one PEM block "PUBLIC KEY"'],
    ],
    [
      "two blocks in one field",
      inline({ name: "a", publicKey: publicKey + publicKey }),
      ['spec.inline.keys[0].publicKey: must be one PEM block "PUBLIC KEY"'],
    ],
    [
      "a private key, without repeating it",
      inline({ name: "a", publicKey: "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----\n" }),
      ["spec.inline.keys[0].publicKey: is a private key: take it out, make a new one, and write the public key here"],
    ],
    [
      "two keys of one name",
      inline({ name: "a", publicKey }, { name: "a", publicKey }),
      ['spec.inline.keys[1]: Duplicate value: {"name":"a"}'],
    ],
    ["no keys", inline(), ["spec.inline.keys: spec.inline.keys in body should have at least 1 items"]],
    ["a key without a name", inline({ publicKey }), ["spec.inline.keys[0].name: Required value"]],
    [
      "a name of 64 characters",
      inline({ name: "a".repeat(64), publicKey }),
      ["spec.inline.keys[0].name: Too long: may not be more than 63 bytes"],
    ],
  ];
  for (const [name, spec, said] of refused) it(`refuses ${name}`, () => assert.deepEqual(refusals("KeyProvider", spec), said));
});
