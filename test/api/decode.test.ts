import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { kindTable } from "../../src/api/kinds.ts";
import { resourceKinds } from "../../src/api/object.ts";
import { isReason } from "../../src/api/reasons.ts";
import { accepted, object, printDiagnostic, refusals } from "./objects.ts";

describe("decode()", () => {
  for (const kind of resourceKinds) {
    for (const [sample, spec] of Object.entries(accepted[kind]))
      it(`accepts a ${kind}: ${sample}`, () => assert.deepEqual(refusals(kind, spec), []));
  }

  it("takes null for absence, as the API server does", () => {
    assert.deepEqual(refusals("Store", { scopes: ["*"], type: "registry", registry: null, timeout: null, authProviderRefs: null }), []);
    assert.deepEqual(refusals("Store", { scopes: null, type: "registry" }), ["spec.scopes: Required value"]);
  });

  const whole: readonly (readonly [string, unknown, readonly string[]])[] = [
    ["what is no object", "Store", ['an object must be of type object: "string"']],
    ["a list", [], ['an object must be of type object: "array"']],
    ["nothing", undefined, ['an object must be of type object: "null"']],
    ["an object without spec", { metadata: { name: "a" } }, ["spec: Required value"]],
    ["a spec that is text", object("Store", "x"), ['spec: spec in body must be of type object: "string"']],
    ["an object without a name", { spec: accepted.Store["registry, as short as can be"] }, ["metadata.name: Required value"]],
    [
      "an unknown field beside spec",
      { ...object("Store", accepted.Store["ociLayout"]), specs: 1 },
      ['specs: unknown field "specs"; did you mean "spec"?'],
    ],
  ];
  for (const [name, raw, said] of whole) {
    it(`refuses ${name}`, () => {
      const decoded = kindTable.Store.decode(raw);
      assert.deepEqual(decoded.ok ? [] : decoded.diagnostics.map(printDiagnostic), said);
    });
  }

  it("refuses a name that no object can have", () => {
    assert.deepEqual(refusals("Verifier", accepted.Verifier["cosign"], "A_b"), [
      'metadata.name: "A_b" is not an object name: lower-case letters, digits, "-" and ".", a letter or digit at both ends',
    ]);
  });

  it("reads `__proto__` as a field like any other, and pollutes nothing", () => {
    const raw: unknown = JSON.parse(
      '{"metadata":{"name":"a"},"spec":{"type":"anonymous","registries":["ghcr.io"],"__proto__":{"suspend":true}}}',
    );
    const decoded = kindTable.AuthProvider.decode(raw);
    assert.deepEqual(decoded.ok ? [] : decoded.diagnostics.map(printDiagnostic), ['spec.__proto__: unknown field "spec.__proto__"']);
    const inherited: unknown = Object.create({ metadata: { name: "a" }, spec: { type: "anonymous", registries: ["ghcr.io"] } });
    assert.equal(kindTable.AuthProvider.decode(inherited).ok, false);
    assert.equal(Object.hasOwn(Object.prototype, "suspend"), false);
  });

  it("keeps 16 diagnostics at most, however much is wrong", () => {
    const spec = Object.fromEntries(Array.from({ length: 5000 }, (_, at) => [`field${at}`, at]));
    const decoded = kindTable.Store.decode(object("Store", spec));
    assert.equal(decoded.ok ? 0 : decoded.diagnostics.length, 16);
  });

  it("never throws, and says every defect in at most 256 printable bytes with a reason of the closed list", () => {
    fc.assert(
      fc.property(fc.constantFrom(...resourceKinds), hostile, (kind, spec) => {
        for (const raw of [spec, object(kind, spec)]) {
          const decoded = kindTable[kind].decode(raw);
          if (decoded.ok) continue;
          assert.ok(decoded.diagnostics.length > 0);
          for (const { reason, message } of decoded.diagnostics) {
            assert.match(message, /^[ -~]{1,256}$/);
            assert.ok(isReason(reason));
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("does not change what it is given", () => {
    for (const kind of resourceKinds) {
      for (const spec of Object.values(accepted[kind])) {
        const raw = object(kind, spec);
        const before = structuredClone(raw);
        kindTable[kind].decode(deepFreeze(raw));
        assert.deepEqual(raw, before);
      }
    }
  });
});

const fieldNames = [
  "type",
  "scopes",
  "registries",
  "registry",
  "anonymous",
  "rewrite",
  "from",
  "to",
  "cosign",
  "inline",
  "keys",
  "name",
  "publicKey",
  "require",
  "anyOf",
  "verifierRef",
  "expression",
  "atLeast",
  "count",
  "every",
  "exceptions",
  "expirationTime",
  "namespaceSelector",
  "matchLabels",
  "matchExpressions",
  "operator",
  "values",
  "allowedNamespaces",
  "authProviderRefs",
  "kind",
];
const values = fc.oneof(
  fc.anything({ maxDepth: 2, withNullPrototype: true }),
  fc.constantFrom("registry", "anonymous", "cosign", "inline", "In", "NamespacedVerifier", "2027-01-31T00:00:00Z", "*", "ghcr.io", null),
);
/** Objects that have the right fields with the wrong things in them. */
const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({ withBigInt: true, withMap: true, withSet: true, withDate: true, withSparseArray: true, withNullPrototype: true }),
  fc.dictionary(
    fc.oneof(fc.constantFrom(...fieldNames, "__proto__", "constructor", "toString"), fc.string()),
    fc.oneof(
      values,
      fc.array(values, { maxLength: 5 }),
      fc.dictionary(fc.constantFrom(...fieldNames), fc.oneof(values, fc.array(values, { maxLength: 3 }))),
    ),
  ),
);

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null) for (const inner of Object.values(Object.freeze(value))) deepFreeze(inner);
  return value;
}
