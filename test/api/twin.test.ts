import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toCrd } from "../../src/api/crd.ts";
import { kindTable } from "../../src/api/kinds.ts";
import { kinds, type ResourceKind, resourceKind } from "../../src/api/object.ts";
import type { Schema } from "../../src/api/schema.ts";
import { defaultLimits } from "../../src/api/store.ts";
import { accepted, object, printDiagnostic, refusals } from "./objects.ts";

const store = { scopes: ["ghcr.io"], type: "registry" };
const anonymous = { registries: ["ghcr.io"], type: "anonymous" };
const policy = { scopes: ["*"], require: [{ verifierRef: { name: "release" } }] };

/** The decoded spec, which the object has to have. */
function decoded(kind: ResourceKind, spec: unknown): Readonly<Record<string, unknown>> {
  const result = kindTable[kind].decode(object(kind, spec));
  assert.ok(result.ok, JSON.stringify(result));
  return result.spec as Readonly<Record<string, unknown>>;
}

describe("a namespaced kind", () => {
  // Written out, so that a type that is added for the cluster is a tenant's only if somebody says so here.
  const types: readonly (readonly [ResourceKind, readonly string[] | undefined])[] = [
    ["NamespacedStore", ["registry"]],
    [
      "NamespacedAuthProvider",
      ["anonymous", "kubernetesSecret", "serviceAccount", "googleArtifactRegistry", "alibabaAcr", "azureWorkloadIdentity", "awsEcr"],
    ],
    ["NamespacedVerifier", ["cosign"]],
    ["NamespacedKeyProvider", ["inline", "kubernetesSecret", "configMap"]],
    ["NamespacedPolicy", undefined],
  ];
  for (const [kind, expected] of types) {
    it(`${kind} has the types ${expected?.join(", ") ?? "of no union"}`, () => {
      const { spec } = kindTable[kind];
      const type = spec.type === "object" ? spec.fields["type"] : undefined;
      assert.deepEqual(type?.type === "string" ? type.choices : undefined, expected);
    });
  }

  const fields: readonly (readonly [ResourceKind, readonly string[]])[] = [
    ["NamespacedStore", ["scopes", "evidence", "timeout", "healthCheck", "limits", "suspend", "authProviderRefs", "type", "registry"]],
    [
      "NamespacedAuthProvider",
      [
        "registries",
        "type",
        "anonymous",
        "kubernetesSecret",
        "serviceAccount",
        "googleArtifactRegistry",
        "alibabaAcr",
        "azureWorkloadIdentity",
        "awsEcr",
      ],
    ],
    ["NamespacedVerifier", ["scopes", "type", "cosign"]],
    ["NamespacedKeyProvider", ["type", "inline", "kubernetesSecret", "configMap"]],
    ["NamespacedPolicy", ["scopes", "excludeScopes", "enforcement", "onInconclusive", "tags", "platforms", "exceptions", "require"]],
  ];
  for (const [kind, expected] of fields) {
    it(`${kind} has no other fields than a tenant may write`, () => {
      const { spec } = kindTable[kind];
      assert.deepEqual(spec.type === "object" && Object.keys(spec.fields), expected);
    });
  }

  it("NamespacedStore may lower the limits and not raise them: what is read is kept in the memory that all share", () => {
    for (const [name, value] of Object.entries(defaultLimits)) {
      assert.equal(kindTable.Store.decode(object("Store", { ...store, limits: { [name]: value + 1 } })).ok, true, name);
      assert.equal(kindTable.NamespacedStore.decode(object("NamespacedStore", { ...store, limits: { [name]: value } })).ok, true, name);
      const raised = kindTable.NamespacedStore.decode(object("NamespacedStore", { ...store, limits: { [name]: value + 1 } }));
      assert.deepEqual(raised.ok ? [] : raised.diagnostics.map(({ path }) => path), [`spec.limits.${name}`]);
    }
  });

  const withheld: readonly (readonly [ResourceKind, object, string, unknown])[] = [
    ["NamespacedAuthProvider", anonymous, "tokenHosts", [{ registry: "ghcr.io", tokenHost: "evil.example" }]],
    ["NamespacedAuthProvider", anonymous, "plainHTTPHosts", ["ghcr.io"]],
    ["NamespacedAuthProvider", anonymous, "allowCredentialsOverHTTP", false],
    ["NamespacedAuthProvider", anonymous, "allowedNamespaces", ["team-b"]],
    ["NamespacedAuthProvider", anonymous, "dockerConfig", { path: "config.json" }],
    ["NamespacedStore", store, "ociLayout", { path: "evidence" }],
    ["NamespacedPolicy", policy, "namespaceSelector", {}],
  ];
  for (const [kind, spec, field, value] of withheld) {
    it(`${kind} refuses ${field} as a field that it has not`, () => {
      assert.deepEqual(refusals(kind, { ...spec, [field]: value }), [`spec.${field}: unknown field "spec.${field}"`]);
    });
  }
  it("refuses a type that a tenant has not, by naming those that it has", () => {
    assert.deepEqual(refusals("NamespacedStore", { scopes: ["ghcr.io"], type: "ociLayout" }), [
      'spec.type: Unsupported value: "ociLayout": supported values: "registry"',
    ]);
  });

  it("is decoded as the cluster-scoped kind with the defaults of what it has not", () => {
    assert.deepEqual(decoded("NamespacedStore", store), decoded("Store", store));
    assert.deepEqual(decoded("NamespacedAuthProvider", anonymous), decoded("AuthProvider", anonymous));
    for (const spec of Object.values(accepted.KeyProvider))
      assert.deepEqual(decoded("NamespacedKeyProvider", spec), decoded("KeyProvider", spec));
    assert.deepEqual(decoded("NamespacedPolicy", { ...policy, require: [{ expression: "true" }] }), {
      ...decoded("Policy", { ...policy, require: [{ expression: "true" }] }),
    });
  });

  it("must be in a namespace", () => {
    for (const kind of kinds) {
      const twin = resourceKind(kind, "team-a");
      const [spec] = Object.values(accepted[twin]);
      for (const namespace of [undefined, "", null]) {
        const result = kindTable[twin].decode({ ...object(twin, spec), metadata: { name: "a", namespace } });
        assert.deepEqual(result.ok ? [] : result.diagnostics.map(printDiagnostic), ["metadata.namespace: Required value"]);
      }
    }
  });

  it("is what an object in a namespace is read as, whatever kind it says to be", () => {
    const raw = { ...object("AuthProvider", { ...anonymous, plainHTTPHosts: ["ghcr.io"] }), metadata: { name: "a", namespace: "team-a" } };
    assert.equal(kindTable.AuthProvider.decode(raw).ok, false);
  });
});

describe("references of a namespaced kind", () => {
  const table: readonly (readonly [string, ResourceKind, object, (spec: Readonly<Record<string, unknown>>) => unknown, unknown])[] = [
    [
      "to AuthProviders mean the own namespace unless they say otherwise",
      "NamespacedStore",
      {
        ...store,
        authProviderRefs: [{ name: "acr" }, { kind: "AuthProvider", name: "acr" }, { kind: "NamespacedAuthProvider", name: "hub" }],
      },
      (spec) => spec["authProviderRefs"],
      ["./acr", "acr", "./hub"],
    ],
    [
      "to KeyProviders mean the own namespace",
      "NamespacedVerifier",
      { type: "cosign", cosign: { keyProviderRefs: [{ name: "release" }] } },
      (spec) => spec["config"],
      { keyProviderRefs: ["./release"] },
    ],
    [
      "to Verifiers mean the own namespace unless they say otherwise",
      "NamespacedPolicy",
      { ...policy, require: [{ verifierRef: { name: "a" } }, { anyOf: [{ verifierRef: { kind: "Verifier", name: "a" } }] }] },
      (spec) => (spec["require"] as { anyOf: { verifier: string }[] }[]).map(({ anyOf }) => anyOf[0]?.verifier),
      ["./a", "a"],
    ],
  ];
  for (const [name, kind, spec, read, expected] of table) it(name, () => assert.deepEqual(read(decoded(kind, spec)), expected));

  it("are of two kinds only", () => {
    const refs = [{ kind: "ClusterAuthProvider", name: "acr" }];
    assert.deepEqual(refusals("NamespacedStore", { ...store, authProviderRefs: refs }), [
      'spec.authProviderRefs[0].kind: Unsupported value: "ClusterAuthProvider": supported values: "NamespacedAuthProvider", "AuthProvider"',
    ]);
  });
  it("to KeyProviders have no kind: a tenant trusts the keys of its own namespace", () => {
    const spec = { type: "cosign", cosign: { keyProviderRefs: [{ kind: "KeyProvider", name: "release" }] } };
    assert.deepEqual(refusals("NamespacedVerifier", spec), [
      'spec.cosign.keyProviderRefs[0].kind: unknown field "spec.cosign.keyProviderRefs[0].kind"',
    ]);
  });
  it("may not be written twice, once with the default kind left out", () => {
    const refs = [{ name: "acr" }, { kind: "NamespacedAuthProvider", name: "acr" }];
    assert.deepEqual(refusals("NamespacedStore", { ...store, authProviderRefs: refs }), [
      'spec.authProviderRefs[1]: Duplicate value: {"kind":"NamespacedAuthProvider","name":"acr"}',
    ]);
  });
  it("of a cluster-scoped object have no kind: it sees cluster-scoped objects only", () => {
    assert.deepEqual(refusals("Store", { ...store, authProviderRefs: [{ kind: "NamespacedAuthProvider", name: "acr" }] }), [
      'spec.authProviderRefs[0].kind: unknown field "spec.authProviderRefs[0].kind"',
    ]);
    assert.deepEqual(decoded("Store", { ...store, authProviderRefs: [{ name: "acr" }] })["authProviderRefs"], ["acr"]);
  });
});

describe("the CRD of a namespaced kind", () => {
  for (const kind of kinds) {
    const row = kindTable[resourceKind(kind, "team-a")];
    it(`${row.kind} says nothing of the operator's namespace or files, and no rule of a field that it has not`, () => {
      const text = JSON.stringify(toCrd(row));
      assert.doesNotMatch(text, /operator's namespace|file-root/);
      for (const field of clusterOnlyFields(kindTable[kind].spec)) assert.doesNotMatch(text, new RegExp(`\\b${field}\\b`));
    });
  }
});

function clusterOnlyFields(schema: Schema): readonly string[] {
  if (schema.type !== "object") return [];
  return Object.entries(schema.fields).flatMap(([name, field]) => [
    ...(field.clusterOnly === true ? [name] : []),
    ...clusterOnlyFields(field),
  ]);
}
