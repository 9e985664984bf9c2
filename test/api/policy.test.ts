import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodePolicy, type PolicySalvage, type PolicySpec } from "../../src/api/policy.ts";
import type { Scope } from "../../src/oci/pattern.ts";
import { generateFaults } from "./fault-generator.ts";
import { accepted, object, refusals } from "./objects.ts";

const all: Scope = { kind: "all" };
const everyNamespace = { matchLabels: new Map(), matchExpressions: [] };
const leaf = { verifierRef: { name: "release" } };
const short = { scopes: ["*"], require: [leaf] };
const full = accepted.Policy["with every field"];

/** An exact host with a path below it. */
function scope(text: string): Scope {
  const [host = "", ...segments] = text.split("/");
  return { kind: "pattern", pattern: { text, labels: host.split("."), port: undefined, segments, wildcards: 0 } };
}

describe("decodePolicy()", () => {
  it("fills in every default", () => {
    const expected: PolicySpec = {
      scopes: [all],
      excludeScopes: [],
      namespaceSelector: everyNamespace,
      enforcement: "Enforce",
      onInconclusive: "Deny",
      tags: "Pin",
      platforms: "Index",
      exceptions: [],
      require: [{ anyOf: [{ type: "verifier", verifier: "release", atLeast: 1, count: "Signers", every: false }] }],
    };
    assert.deepEqual(decodePolicy(object("Policy", short)), { ok: true, spec: expected });
  });

  it("decodes every field", () => {
    const expected: PolicySpec = {
      scopes: [scope("acme.azurecr.io/prod")],
      excludeScopes: [scope("acme.azurecr.io/prod/sandbox")],
      namespaceSelector: {
        matchLabels: new Map([
          ["acme.io/stage", "prod"],
          ["team", ""],
        ]),
        matchExpressions: [
          { key: "kubernetes.io/metadata.name", operator: "NotIn", values: ["kube-system", "default"] },
          { key: "acme.io/legacy", operator: "DoesNotExist", values: [] },
        ],
      },
      enforcement: "Warn",
      onInconclusive: "Allow",
      tags: "Refuse",
      platforms: "Named",
      exceptions: [{ scopes: [scope("acme.azurecr.io/prod/legacy")], expirationTime: Date.UTC(2027, 0, 31), reason: "SEC-142" }],
      require: [
        { name: "release", anyOf: [{ type: "verifier", verifier: "release-signature", atLeast: 2, count: "Signers", every: true }] },
        {
          name: "bill-of-materials",
          anyOf: [
            { type: "verifier", verifier: "sbom", atLeast: 1, count: "Artifacts", every: false },
            { type: "expression", expression: "evidence.exists(e, e.artifactType == 'application/vnd.cyclonedx+json' && e.verified)" },
          ],
        },
        { anyOf: [{ type: "expression", expression: "image.registry == 'acme.azurecr.io'" }] },
      ],
    };
    assert.deepEqual(decodePolicy(object("Policy", full)), { ok: true, spec: expected });
  });

  const oneOfThree = 'must have exactly one of "verifierRef", "expression" and "anyOf"';
  const oneOfTwo = 'must have exactly one of "verifierRef" and "expression"';
  const belongs = '"atLeast", "count" and "every" go with "verifierRef"';
  const refused: readonly (readonly [string, object, readonly string[]])[] = [
    ["a Policy without scopes", { require: [leaf] }, ["spec.scopes: Required value"]],
    ["a Policy that requires nothing", { scopes: ["*"] }, ["spec.require: Required value"]],
    ["an empty list of requirements", { ...short, require: [] }, ["spec.require: spec.require in body should have at least 1 items"]],
    ["an empty requirement", { ...short, require: [{ name: "a" }] }, [`spec.require[0]: ${oneOfThree}`]],
    ["two sorts of leaf in one", { ...short, require: [{ ...leaf, expression: "true" }] }, [`spec.require[0]: ${oneOfThree}`]],
    ["a leaf beside anyOf", { ...short, require: [{ ...leaf, anyOf: [leaf] }] }, [`spec.require[0]: ${oneOfThree}`]],
    [
      "an empty anyOf",
      { ...short, require: [{ anyOf: [] }] },
      ["spec.require[0].anyOf: spec.require[0].anyOf in body should have at least 1 items"],
    ],
    ["an empty leaf", { ...short, require: [{ anyOf: [{}] }] }, [`spec.require[0].anyOf[0]: ${oneOfTwo}`]],
    [
      "anyOf inside anyOf",
      { ...short, require: [{ anyOf: [{ anyOf: [leaf] }] }] },
      ['spec.require[0].anyOf[0].anyOf: unknown field "spec.require[0].anyOf[0].anyOf"', `spec.require[0].anyOf[0]: ${oneOfTwo}`],
    ],
    [
      "a name of a leaf, which nothing would show",
      { ...short, require: [{ anyOf: [{ ...leaf, name: "a" }] }] },
      ['spec.require[0].anyOf[0].name: unknown field "spec.require[0].anyOf[0].name"'],
    ],
    [
      "count without atLeast",
      { ...short, require: [{ ...leaf, count: "Signers" }] },
      ['spec.require[0].atLeast: Required value: "count" says what is counted; write how many there have to be'],
    ],
    ["atLeast beside an expression", { ...short, require: [{ expression: "true", atLeast: 2 }] }, [`spec.require[0]: ${belongs}`]],
    ["every beside anyOf", { ...short, require: [{ anyOf: [leaf], every: true }] }, [`spec.require[0]: ${belongs}`]],
    [
      "an unknown spelling of atLeast, which must not become the default",
      { ...short, require: [{ ...leaf, atleast: 2 }] },
      ['spec.require[0].atleast: unknown field "spec.require[0].atleast"; did you mean "atLeast"?'],
    ],
    [
      "two requirements of one name",
      { ...short, require: [{ ...leaf, name: "a" }, leaf, { ...leaf, name: "a" }] },
      ["spec.require: has two requirements of one name; a report could not tell them apart"],
    ],
    [
      "a kind of Verifier, of which a cluster-scoped Policy has no choice",
      { ...short, require: [{ verifierRef: { kind: "NamespacedVerifier", name: "a" } }] },
      ['spec.require[0].verifierRef.kind: unknown field "spec.require[0].verifierRef.kind"'],
    ],
    [
      "an expression of more than 2048 characters",
      { ...short, require: [{ expression: "a".repeat(2049) }] },
      ["spec.require[0].expression: Too long: may not be more than 2048 bytes"],
    ],
    [
      "an exception without an end",
      { ...short, exceptions: [{ scopes: ["ghcr.io"], reason: "SEC-142" }] },
      ["spec.exceptions[0].expirationTime: Required value"],
    ],
    [
      "an exception without a reason",
      { ...short, exceptions: [{ scopes: ["ghcr.io"], reason: "", expirationTime: "2027-01-31T00:00:00Z" }] },
      ["spec.exceptions[0].reason: spec.exceptions[0].reason in body should be at least 1 chars long"],
    ],
    [
      "an operator without the values that it needs, and one with values that it has no use for",
      {
        ...short,
        namespaceSelector: {
          matchExpressions: [
            { key: "a", operator: "In" },
            { key: "a", operator: "Exists", values: ["b"] },
          ],
        },
      },
      [0, 1].map(
        (at) => `spec.namespaceSelector.matchExpressions[${at}]: "In" and "NotIn" need values, "Exists" and "DoesNotExist" have none`,
      ),
    ],
    [
      "a key that no label has",
      { ...short, namespaceSelector: { matchLabels: { "a b": "c" } } },
      ["spec.namespaceSelector.matchLabels: has a key that is not the key of a label"],
    ],
    [
      "a value that no label has",
      { ...short, namespaceSelector: { matchLabels: { team: "-" } } },
      [
        'spec.namespaceSelector.matchLabels[team]: "-" is not the value of a label: letters, digits, "-", "_" and ".", a letter or digit at both ends',
      ],
    ],
    [
      "a value that is no text",
      { ...short, namespaceSelector: { matchLabels: { team: true } } },
      ['spec.namespaceSelector.matchLabels.team: spec.namespaceSelector.matchLabels.team in body must be of type string: "boolean"'],
    ],
  ];
  for (const [name, spec, said] of refused) it(`refuses ${name}`, () => assert.deepEqual(refusals("Policy", spec), said));

  it("reads the key `__proto__` of a map as any other, and pollutes nothing", () => {
    const spec: unknown = JSON.parse(
      '{"scopes":["*"],"require":[{"expression":"true"}],"namespaceSelector":{"matchLabels":{"__proto__":"a"}}}',
    );
    assert.deepEqual(refusals("Policy", spec), ["spec.namespaceSelector.matchLabels: has a key that is not the key of a label"]);
  });
});

describe("the salvage of an invalid Policy", () => {
  const exclude = ["ghcr.io/acme/sandbox"];
  const selector = { matchLabels: { stage: "prod" } };
  const invalid = { scopes: ["ghcr.io/acme"], excludeScopes: exclude, namespaceSelector: selector }; // it requires nothing
  const whole: PolicySalvage = {
    scopes: [scope("ghcr.io/acme")],
    excludeScopes: [scope("ghcr.io/acme/sandbox")],
    namespaceSelector: { matchLabels: new Map([["stage", "prod"]]), matchExpressions: [] },
  };
  const table: readonly (readonly [string, unknown, PolicySalvage])[] = [
    ["keeps everything that is valid", invalid, whole],
    ["is for every image, where one scope does not parse", { ...invalid, scopes: ["ghcr.io/acme", "*.io"] }, { ...whole, scopes: [all] }],
    ["is for every image, where there are no scopes", { ...invalid, scopes: undefined }, { ...whole, scopes: [all] }],
    ["is for every image, where the scopes are empty", { ...invalid, scopes: [] }, { ...whole, scopes: [all] }],
    ["is for every image, where the scopes are none", { ...invalid, scopes: "ghcr.io" }, { ...whole, scopes: [all] }],
    [
      "excludes nothing, where one of excludeScopes does not parse",
      { ...invalid, excludeScopes: [...exclude, "*.io"] },
      { ...whole, excludeScopes: [] },
    ],
    [
      "is for every namespace, where any part of the selector is invalid",
      { ...invalid, namespaceSelector: { ...selector, matchExpressions: [{ key: "a", operator: "Is" }] } },
      { ...whole, namespaceSelector: everyNamespace },
    ],
    [
      "is for every namespace, where the selector has a field that nobody knows",
      { ...invalid, namespaceSelector: { ...selector, matchExpression: [] } },
      { ...whole, namespaceSelector: everyNamespace },
    ],
    ["is for everything, where there is no spec", undefined, { scopes: [all], excludeScopes: [], namespaceSelector: everyNamespace }],
  ];
  for (const [name, spec, salvage] of table) {
    it(name, () => {
      const decoded = decodePolicy(object("Policy", spec));
      assert.deepEqual(!decoded.ok && decoded.salvage, salvage);
    });
  }

  it("of a namespace is for all of it, whatever selector is written", () => {
    const decoded = decodePolicy(object("NamespacedPolicy", { ...invalid, require: [leaf] }));
    assert.deepEqual(!decoded.ok && decoded.salvage, { ...whole, namespaceSelector: everyNamespace });
  });

  it("never reaches less than the Policy did before one field was spoilt", () => {
    const cases = generateFaults(600, 4).filter(({ kind }) => kind === "Policy");
    assert.ok(cases.length > 50);
    for (const { change, object: spoilt } of cases) {
      const decoded = decodePolicy(spoilt);
      assert.ok(!decoded.ok, change);
      const { scopes, excludeScopes, namespaceSelector } = decoded.salvage;
      const before = spoilt["spec"] as { readonly scopes?: unknown; readonly excludeScopes?: readonly unknown[] };
      // What was not touched is as it was; what was touched has no part in narrowing it.
      if (change.startsWith("spec.scopes")) assert.deepEqual(scopes, [all], change);
      else assert.deepEqual(scopes, decodedScopes(before.scopes), change);
      if (change.startsWith("spec.excludeScopes")) assert.deepEqual(excludeScopes, [], change);
      if (change.startsWith("spec.namespaceSelector")) assert.deepEqual(namespaceSelector, everyNamespace, change);
    }
  });
});

function decodedScopes(scopes: unknown): readonly Scope[] {
  const decoded = decodePolicy(object("Policy", { ...short, scopes }));
  assert.ok(decoded.ok);
  return decoded.spec.scopes;
}
