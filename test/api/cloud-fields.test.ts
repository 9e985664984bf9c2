import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { serviceAccountField, trustedHostSuffixesField, uuidField } from "../../src/api/cloud-fields.ts";
import { type Schema, struct } from "../../src/api/schema.ts";
import { withTwin } from "../../src/api/twin.ts";
import { type Members, member, union } from "../../src/api/union.ts";
import { Findings, walk } from "../../src/api/walk.ts";

interface Configs {
  readonly plain: Readonly<Record<string, never>>;
  readonly cloud: { readonly serviceAccountRef?: { readonly name: string }; readonly trustedHostSuffixes: readonly string[] };
}
const members: Members<Configs> = {
  plain: member(struct("Nothing.", {})),
  cloud: member(struct("A cloud.", { serviceAccountRef: serviceAccountField, trustedHostSuffixes: trustedHostSuffixesField })),
};
const spec = withTwin(union("A union.", {}, { typeDescription: "Which.", members }));

function read(schema: Schema, written: unknown): unknown {
  const findings = new Findings();
  const value = walk(schema, written, "spec", findings);
  return findings.count === 0 ? value : findings.diagnostics.map(({ path = "", message }) => `${path}: ${message}`);
}

describe("whose identity a cloud is shown", () => {
  const own = { serviceAccountRef: { name: "reader" } };
  it("is by default the pod's own, for a cluster-scoped object", () => {
    const decoded = { type: "cloud", config: { trustedHostSuffixes: [] } };
    assert.deepEqual(read(spec.Cluster, { type: "cloud" }), decoded);
    assert.deepEqual(read(spec.Cluster, { type: "cloud", cloud: {} }), decoded);
  });

  it("is a ServiceAccount's that a tenant names, and has no default for it", () => {
    assert.deepEqual(read(spec.Namespaced, { type: "cloud", cloud: own }), { type: "cloud", config: { ...own, trustedHostSuffixes: [] } });
    for (const written of [{ type: "cloud" }, { type: "cloud", cloud: {} }]) {
      const refusal = read(spec.Namespaced, written);
      assert.ok(Array.isArray(refusal), JSON.stringify(refusal));
      assert.match(String(refusal), /^spec[.]cloud/);
    }
    assert.deepEqual(read(spec.Namespaced, { type: "plain" }), { type: "plain", config: {} });
  });

  it("goes to no other host that a tenant vouches for", () => {
    const refusal = read(spec.Namespaced, { type: "cloud", cloud: { ...own, trustedHostSuffixes: [".evil.example"] } });
    assert.match(String(refusal), /trustedHostSuffixes/);
  });
});

describe("trustedHostSuffixes", () => {
  const good = [".azurecr.example", ".a.b.c", ".dkr.ecr.us-iso-east-1.example"];
  const bad = [
    "azurecr.example",
    ".io",
    ".",
    "",
    "*.azurecr.example",
    ".Azurecr.example",
    ".azurecr..example",
    ".azurecr.example.",
    ".a_b.c",
    ".a.b:443",
  ];
  for (const suffix of good) it(`may be ${suffix}`, () => assert.deepEqual(read(trustedHostSuffixesField, [suffix]), [suffix]));
  for (const suffix of bad) {
    it(`may not be "${suffix}"`, () => {
      const refusal = read(trustedHostSuffixesField, [suffix]);
      assert.notDeepEqual(refusal, [suffix]);
      assert.ok(Array.isArray(refusal) && refusal.length > 0);
    });
  }
});

describe("a UUID", () => {
  it("is hexadecimal, in five groups", () => {
    const uuid = "12345678-9abc-DEF0-1234-56789abcdef0";
    assert.equal(read(uuidField("An id."), uuid), uuid);
    for (const wrong of ["", "acme", uuid.slice(1), `${uuid}0`, uuid.replace("9", "g"), ` ${uuid}`, uuid.replaceAll("-", "")])
      assert.ok(Array.isArray(read(uuidField("An id."), wrong)), wrong);
  });
});
