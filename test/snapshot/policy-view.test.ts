import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import type { View } from "../../src/engine/view.ts";
import type { NamespaceLabels } from "../../src/snapshot/namespace-selector.ts";
import { cosign, inline, policy, registry, repositoryOf, World } from "./fixture.ts";

const image = repositoryOf("a.io/team/app");
const prod: NamespaceLabels = { name: "prod", labels: { stage: "prod" } };
const dev: NamespaceLabels = { name: "dev", labels: { stage: "dev" } };
const unseen: NamespaceLabels = { name: "new" };
const onProd = { namespaceSelector: { matchLabels: { stage: "prod" } } };
const builtIn = "built-in policy";

function clusterWith(policies: Readonly<Record<string, object>>): World {
  const world = new World();
  world.put("KeyProvider", "keys", inline);
  for (const name of ["v1", "v2"]) world.put("Verifier", name, cosign("keys"));
  world.put("Store", "s", registry(["*"]));
  for (const [name, spec] of Object.entries(policies)) world.put("Policy", name, spec);
  return world;
}
/** Names, each invalid one with a question mark. */
const policiesOf = ({ policies }: View): readonly string[] =>
  policies.map(({ name, problem }) => (problem === undefined ? name : `${name}?`));
const verifiersOf = ({ verifiers }: View): readonly string[] => verifiers.map(({ name }) => name);

const rows: readonly {
  readonly name: string;
  readonly policy: object;
  readonly namespace?: NamespaceLabels;
  readonly policies: readonly string[];
  readonly verifiers: readonly string[];
}[] = [
  { name: "a Policy that enforces", policy: policy(["a.io"], ["v1"]), policies: ["Policy/p"], verifiers: ["v1"] },
  {
    name: "a Policy that warns",
    policy: policy(["a.io"], ["v1"], { enforcement: "Warn" }),
    policies: ["Policy/p", builtIn],
    verifiers: ["v1", "v2"],
  },
  {
    name: "a Policy that only writes down",
    policy: policy(["a.io"], ["v1"], { enforcement: "Audit" }),
    policies: ["Policy/p", builtIn],
    verifiers: ["v1", "v2"],
  },
  { name: "a Policy of other images", policy: policy(["a.io/teams"], ["v1"]), policies: [builtIn], verifiers: ["v1", "v2"] },
  {
    name: "a Policy that excludes the image",
    policy: policy(["a.io"], ["v1"], { excludeScopes: ["a.io/team"] }),
    policies: [builtIn],
    verifiers: ["v1", "v2"],
  },
  {
    name: "a Policy that excludes other images",
    policy: policy(["a.io"], ["v1"], { excludeScopes: ["a.io/te", "b.io"] }),
    policies: ["Policy/p"],
    verifiers: ["v1"],
  },
  {
    name: "a Policy of the namespace",
    policy: policy(["a.io"], ["v1"], onProd),
    namespace: prod,
    policies: ["Policy/p"],
    verifiers: ["v1"],
  },
  {
    name: "a Policy of another namespace",
    policy: policy(["a.io"], ["v1"], onProd),
    namespace: dev,
    policies: [builtIn],
    verifiers: ["v1", "v2"],
  },
  {
    name: "a Policy of some namespaces, where none is known",
    policy: policy(["a.io"], ["v1"], onProd),
    policies: ["Policy/p"],
    verifiers: ["v1"],
  },
  {
    name: "a Policy of some namespaces, for one whose labels nobody has seen: it applies, and stands in for nothing",
    policy: policy(["a.io"], ["v1"], onProd),
    namespace: unseen,
    policies: ["Policy/p", builtIn],
    verifiers: ["v1", "v2"],
  },
  {
    name: "an exception that covers the image: a match like any other",
    policy: policy(["a.io"], ["v1"], { exceptions: [{ scopes: ["a.io"], expirationTime: "2027-01-01T00:00:00Z", reason: "r" }] }),
    policies: ["Policy/p"],
    verifiers: ["v1"],
  },
  {
    name: "an invalid Policy: it enforces, whatever it says",
    policy: policy(["a.io"], ["v1"], { enforcement: "Audit", typo: 1 }),
    policies: ["Policy/p?"],
    verifiers: [],
  },
  {
    name: "an invalid Policy of other images",
    policy: policy(["b.io"], ["v1"], { typo: 1 }),
    policies: [builtIn],
    verifiers: ["v1", "v2"],
  },
  {
    name: "an invalid Policy whose scopes are unreadable: of every image",
    policy: policy(["*.io"], ["v1"]),
    policies: ["Policy/p?"],
    verifiers: [],
  },
  {
    name: "an invalid Policy whose selector is unreadable: of every namespace",
    policy: policy(["a.io"], ["v1"], { namespaceSelector: { matchLabel: {} } }),
    namespace: dev,
    policies: ["Policy/p?"],
    verifiers: [],
  },
  {
    name: "an expression: it sees what every Verifier found",
    policy: { scopes: ["a.io"], require: [{ expression: "fine" }] },
    policies: ["Policy/p"],
    verifiers: ["v1", "v2"],
  },
  {
    name: "an expression that cannot be read",
    policy: { scopes: ["a.io"], require: [{ verifierRef: { name: "v1" } }, { expression: "!" }] },
    policies: ["Policy/p?"],
    verifiers: [],
  },
  {
    name: "a Verifier that does not exist",
    policy: policy(["a.io"], ["gone", "v2"]),
    policies: ["Policy/p"],
    verifiers: ["gone", "v2"],
  },
];

describe("views() of the cluster, with", () => {
  for (const { name, policy: spec, namespace, policies, verifiers } of rows) {
    it(name, () => {
      const { cluster, namespaced } = clusterWith({ p: spec }).compile().views(image, namespace);
      assert.deepEqual([policiesOf(cluster), verifiersOf(cluster), namespaced], [policies, verifiers, undefined]);
    });
  }
});

test("views() makes a Policy what its spec says", () => {
  const world = clusterWith({
    p: {
      scopes: ["a.io"],
      enforcement: "Warn",
      onInconclusive: "Allow",
      tags: "Refuse",
      platforms: "Named",
      exceptions: [
        { scopes: ["a.io/team", "b.io"], expirationTime: "2020-01-01T00:00:00Z", reason: "over" },
        { scopes: ["a.io/teams"], expirationTime: "2027-01-01T00:00:00Z", reason: "of others" },
        { scopes: ["*"], expirationTime: "2027-01-01T00:00:00Z", reason: "for all" },
      ],
      require: [
        { name: "signed", verifierRef: { name: "v1" }, atLeast: 2, count: "Artifacts", every: true },
        { anyOf: [{ verifierRef: { name: "v2" } }, { expression: "fine" }] },
      ],
    },
  });
  assert.deepEqual(world.compile().views(image).cluster.policies[0], {
    name: "Policy/p",
    enforcement: "Warn",
    onInconclusive: "Allow",
    tags: "Refuse",
    platforms: "Named",
    exceptions: [
      { expirationTime: Date.UTC(2020, 0, 1), reason: "over" },
      { expirationTime: Date.UTC(2027, 0, 1), reason: "for all" },
    ],
    require: [
      { name: "signed", anyOf: [{ type: "verifier", verifier: "v1", atLeast: 2, count: "Artifacts", every: true }] },
      {
        anyOf: [
          { type: "verifier", verifier: "v2", atLeast: 1, count: "Signers", every: false },
          { type: "expression", expression: "fine" },
        ],
      },
    ],
  });
});

test("views() makes an invalid Policy one that denies, with what is wrong with it", () => {
  const [found] = clusterWith({ p: policy(["a.io"], ["v1"], { enforcement: "Audit", onInconclusive: "Allow", typo: 1 }) })
    .compile()
    .views(image).cluster.policies;
  const strictest = { enforcement: "Enforce", onInconclusive: "Deny", tags: "Pin", exceptions: [], require: [] };
  assert.deepEqual({ ...found, problem: "" }, { name: "Policy/p", ...strictest, problem: "" });
  assert.match(found?.problem ?? "", /^Policy\/p is invalid: spec\.typo: /);
});

test("views() has what is wrong with a Verifier, and which of them judges nothing of the image", () => {
  const world = clusterWith({ p: policy(["a.io"], ["elsewhere", "gone", "keyless", "v1"]) });
  world.put("Verifier", "elsewhere", { ...cosign("keys"), scopes: ["a.io/teams"] });
  world.put("Verifier", "keyless", cosign("missing"));
  const { verifiers } = world.compile().views(image).cluster;
  assert.deepEqual(
    verifiers.map(({ verifier, ...rest }) => ({ ...rest, isThere: verifier !== undefined })),
    [
      { name: "elsewhere", isOutOfScope: true, isThere: false },
      { name: "gone", problem: "Verifier/gone does not exist", isThere: false },
      { name: "keyless", problem: "KeyProvider/missing does not exist", isThere: true },
      { name: "v1", isThere: true },
    ],
  );
});

test("compile() says where an expression cannot be read, however the requirement is written", () => {
  const world = clusterWith({
    p: { scopes: ["a.io"], require: [{ expression: "ab!" }, { anyOf: [{ expression: "fine" }, { expression: "?" }] }] },
  });
  assert.deepEqual(world.compile().policies.get("p")?.diagnostics, [
    { reason: "InvalidExpression", path: "spec.require[0].expression", message: "line 1, column 3: unexpected character" },
    { reason: "InvalidExpression", path: "spec.require[1].anyOf[1].expression", message: "line 1, column 1: unexpected character" },
  ]);
});

test("views() has the Verifiers of signatures that a named Verifier of content believes, and theirs", () => {
  const world = new World();
  const signedBy: Readonly<Record<string, readonly string[]>> = { sbom: ["inner", "gone"], inner: ["release", "sbom"] };
  world.factories.verifier = (_, { name }) => ({
    verifier: {
      name,
      kind: "content",
      ...(signedBy[name] !== undefined && { signedBy: signedBy[name] }),
      canVerify: () => false,
      verify: () => Promise.reject(new Error("This verifier judges nothing")),
    },
  });
  for (const name of ["inner", "release", "sbom", "unnamed"]) world.put("Verifier", name, cosign("keys"));
  world.put("Policy", "p", policy(["a.io"], ["sbom"]));
  const snapshot = world.compile();
  assert.deepEqual(
    snapshot.views(image).cluster.verifiers.map(({ name, problem }) => [name, problem]),
    [
      ["gone", "Verifier/gone does not exist"],
      ["inner", "KeyProvider/keys does not exist"],
      ["release", "KeyProvider/keys does not exist"],
      ["sbom", "KeyProvider/keys does not exist"],
    ],
  );
  world.put("Verifier", "gone", cosign("keys"));
  const after = world.compile();
  assert.ok(after.changed.has("Verifier/sbom"), "who waits for it is told");
  assert.ok(after.changed.has("Policy/p"));
  assert.notEqual(after.views(image).cluster.revision, snapshot.views(image).cluster.revision);
});
