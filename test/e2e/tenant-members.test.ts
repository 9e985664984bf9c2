/** What a tenant cannot write at all: members that only the cluster's kinds have, refused or taken away by a real API server before the operator sees them. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { ControlPlane } from "../support/real/control-plane.ts";
import { attempts } from "../support/cloud/attempts.ts";
import { apply, eventually, installed, options } from "./fixture.ts";
import { own } from "./tenancy.ts";

let plane: ControlPlane;
/** Of a ServiceAccount of team-a that may do there what its editors may. */
let kubeconfig: string;

before(async () => {
  if (options.skip !== false) return;
  plane = await installed();
  const metadata = { name: "tenant", namespace: "team-a" };
  await apply(
    plane,
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a" } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "countersign-namespaced-editor" },
      subjects: [{ kind: "ServiceAccount", ...metadata }],
    },
  );
  kubeconfig = await plane.kubeconfigForServiceAccount("team-a", "tenant");
  const args = ["auth", "can-i", "create", "namespacedstores.countersign.dev", "--namespace", "team-a"];
  await eventually("the role is in force", async () => ((await plane.kubectl(args, { kubeconfig })).code === 0 ? true : undefined));
});
after(() => plane?.[Symbol.asyncDispose]());

/** As the tenant; `Ignore` is what a client may ask for that does not want to hear of fields that nobody knows. */
async function create(object: object, validate: "strict" | "ignore"): Promise<{ readonly code: number | null; readonly said: string }> {
  const args = ["create", "-f", "-", `--validate=${validate}`, "-o", "json"];
  const { code, stdout, stderr } = await plane.kubectl(args, { stdin: JSON.stringify(object), kubeconfig });
  return { code, said: code === 0 ? stdout : stderr };
}

const secretRef = { name: "own" };
const registries = ["ghcr.io"];
const secret = { registries, type: "kubernetesSecret", kubernetesSecret: { secretRef } };
const keys = [{ name: "a", key: "a.pub" }];

/** Values that no other type and no namespace makes right. */
const impossible: readonly (readonly [string, string, object])[] = [
  ["a file of the operator's as a credential", "AuthProvider", { registries, type: "dockerConfig", dockerConfig: { path: "config.json" } }],
  ["the cloud identity of the operator", "AuthProvider", { registries: ["*.azurecr.io"], type: "azureWorkloadIdentity" }],
  ["a directory of the operator's as a Store", "Store", { scopes: ["*"], type: "ociLayout", ociLayout: { path: "layout" } }],
  ["a Verifier of another kind than these", "Policy", { scopes: ["*"], require: [{ verifierRef: { kind: "Secret", name: "a" } }] }],
  ["a namespace in a name", "AuthProvider", { ...secret, kubernetesSecret: { secretRef: { name: "countersign-system/reader" } } }],
];
for (const [what, kind, spec] of impossible)
  test(`a tenant cannot name ${what}`, options, async () => {
    for (const validate of ["strict", "ignore"] as const) {
      const { code, said } = await create(own(kind, "mine", spec), validate);
      assert.notEqual(code, 0, said);
      assert.match(said, validate === "strict" ? /is invalid: |strict decoding error: / : /is invalid: /);
    }
  });

/** Fields that the namespaced kinds do not have: a client that checks is told, and for one that does not they are gone before anybody reads them. */
const unknown: readonly (readonly [string, string, object])[] = [
  ["tokenHosts", "AuthProvider", { ...secret, tokenHosts: [{ registry: "ghcr.io", tokenHost: "evil.example" }] }],
  ["plainHTTPHosts", "AuthProvider", { ...secret, plainHTTPHosts: ["ghcr.io"] }],
  ["allowCredentialsOverHTTP", "AuthProvider", { ...secret, allowCredentialsOverHTTP: true }],
  ["allowedNamespaces", "AuthProvider", { ...secret, allowedNamespaces: ["team-b"] }],
  [
    "kubernetesSecret.secretRef.namespace",
    "AuthProvider",
    { ...secret, kubernetesSecret: { secretRef: { ...secretRef, namespace: "countersign-system" } } },
  ],
  [
    "kubernetesSecret.secretRef.namespace",
    "KeyProvider",
    { type: "kubernetesSecret", kubernetesSecret: { secretRef: { ...secretRef, namespace: "countersign-system" }, keys } },
  ],
  [
    "cosign.keyProviderRefs[0].kind",
    "Verifier",
    { type: "cosign", cosign: { keyProviderRefs: [{ kind: "KeyProvider", name: "release" }] } },
  ],
  [
    "registry.caBundleRef.namespace",
    "Store",
    {
      scopes: ["ghcr.io"],
      type: "registry",
      registry: { caBundleRef: { kind: "ConfigMap", name: "ca", key: "ca.crt", namespace: "countersign-system" } },
    },
  ],
  ["require[0].verifierRef.namespace", "Policy", { scopes: ["*"], require: [{ verifierRef: { name: "release", namespace: "team-b" } }] }],
  ["namespaceSelector", "Policy", { scopes: ["*"], namespaceSelector: {}, require: [{ verifierRef: { name: "release" } }] }],
];
for (const [at, [path, kind, spec]] of unknown.entries())
  test(`a Namespaced${kind} has no spec.${path}`, options, async () => {
    const object = own(kind, `mine-${at}`, spec);
    const strict = await create(object, "strict");
    assert.notEqual(strict.code, 0, strict.said);
    assert.ok(strict.said.includes(`unknown field "spec.${path}"`), strict.said);
    const { code, said } = await create(object, "ignore");
    assert.equal(code, 0, said);
    const kept = JSON.parse(said) as { readonly spec: object };
    assert.ok(!JSON.stringify(kept.spec).includes(`"${path.split(".").at(-1)}":`), said);
  });

/** One plane, many questions: each is a request and no more, so that they are one test. */
test(
  "a tenant's ways to an identity that is not its own in a cloud are refused by the API server, with the field and why",
  options,
  async () => {
    for (const { what, spec, refusal, isUnknownField } of attempts) {
      const { code, said } = await create(own("AuthProvider", "mine-cloud", spec), "strict");
      assert.notEqual(code, 0, `${what}: ${said}`);
      const path = (refusal[0] ?? "").split(": ")[0] ?? "";
      assert.ok(said.includes(isUnknownField ? `unknown field "${path}"` : path), `${what}: ${said}`);
    }
  },
);
