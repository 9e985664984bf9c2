import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../../src/snapshot/explain.ts";
import type { Occasion } from "../../src/snapshot/explanation.ts";
import { golden } from "../support/txtar.ts";
import { anonymous, fromSecret, policy, refs, registry, repositoryOf, World } from "./fixture.ts";

const goldenFile = new URL("../golden/snapshot/explain.json", import.meta.url).pathname;

/** One Store for every reason and outcome that there is. */
function world(): World {
  const made = new World();
  made.putMaterial("Secret", "pull");
  made.put("AuthProvider", "acr", fromSecret("pull", "acme.azurecr.io"));
  made.put("AuthProvider", "acr-copy", fromSecret("pull", "acme.azurecr.io"));
  made.put("AuthProvider", "acr-team", fromSecret("pull", "acme.azurecr.io/team"));
  made.put("AuthProvider", "every-acr", anonymous("*.azurecr.io"));
  made.put("AuthProvider", "missing-secret", fromSecret("gone", "ghcr.io"));
  made.put("AuthProvider", "invalid", { registries: ["quay.io"], type: "anonymous", typo: 1 });
  made.put("AuthProvider", "left", anonymous("*.b.acme.com"));
  made.put("AuthProvider", "right", anonymous("a.*.acme.com"));
  made.put("Store", "all", registry(["*"]));
  made.put("Store", "deny", registry(["*"], { ...refs("every-acr"), registry: { unmatched: "Deny" } }));
  made.put("Store", "elsewhere", registry(["acme.azurecr.io/teams"]));
  made.put("Store", "invalid", { scopes: ["acme.azurecr.io"], type: "registry", typo: 1 });
  made.put("Store", "layout", { scopes: ["ghcr.io"], type: "ociLayout", ociLayout: { path: "layout" } });
  made.put("Store", "moved", registry(["acme.azurecr.io"], { registry: { evidenceRepository: "signatures.acme.io/evidence" } }));
  made.put("Store", "named-but-gone", registry(["acme.azurecr.io"], refs("gone")));
  made.put("Policy", "all", policy(["*"], ["v"], { enforcement: "Warn" }));
  made.put("Policy", "excluding", policy(["acme.azurecr.io"], ["v"], { excludeScopes: ["acme.azurecr.io/team"] }));
  made.put("Policy", "invalid", policy(["quay.io"], ["v"], { typo: 1 }));
  made.put("Policy", "lenient", {
    ...policy(["docker.io"], ["v"]),
    exceptions: [
      { scopes: ["docker.io/library"], expirationTime: "2026-01-01T00:00:00Z", reason: "over at this very moment" },
      { scopes: ["docker.io/library/alpine"], expirationTime: "2026-01-01T00:00:01Z", reason: "in force" },
      { scopes: ["docker.io/acme"], expirationTime: "2027-01-01T00:00:00Z", reason: "of others" },
    ],
  });
  made.put("Policy", "selecting", policy(["ghcr.io"], ["v"], { namespaceSelector: { matchLabels: { stage: "prod" } } }));
  made.put("NamespacedStore", "team-a/own", registry(["ghcr.io"]));
  made.put("NamespacedStore", "team-b/own", registry(["*"]));
  made.put("NamespacedPolicy", "team-a/own", policy(["ghcr.io/acme"], ["v"]));
  made.put("NamespacedPolicy", "team-b/own", policy(["*"], ["v"]));
  return made;
}
const digest = `sha256:${"5a".repeat(32)}`;
const images = [
  "acme.azurecr.io/team/web:1.4",
  "ghcr.io/acme/app",
  "quay.io/acme/app",
  "a.b.acme.com:443/x",
  `alpine:3@${digest}`,
  "acme.azurecr.io/Team",
  "acme.io",
];

const now = Date.UTC(2026, 0, 1);
const occasions: readonly Occasion[] = [
  { now },
  { now, namespace: { name: "team-a", labels: { stage: "prod" } } },
  { now, namespace: { name: "team-a", labels: {} } },
  { now, namespace: { name: "team-c" } },
];

test("explain() says which Stores are asked, which AuthProvider answers and which policies apply, and why the others do not", () => {
  const snapshot = world().compile();
  const ghcr = occasions.slice(1).map((occasion) => explain("ghcr.io/acme/app", snapshot, occasion));
  const explanations = [...images.map((image) => explain(image, snapshot, { now })), ...ghcr];
  const text = `${JSON.stringify(explanations, undefined, 2)}\n`;
  assert.equal(text, golden(goldenFile, text));
});

test("explain() says what views() does: the Stores that are asked and the policies that apply are those of the views", () => {
  const snapshot = world().compile();
  for (const image of images) {
    for (const occasion of occasions) {
      const { reference, stores, policies } = explain(image, snapshot, occasion);
      if (reference === null) {
        assert.deepEqual([stores, policies], [[], []]);
        continue;
      }
      const { cluster, namespaced } = snapshot.views(repositoryOf(image), occasion.namespace);
      const names = (found: readonly { readonly name: string }[]): readonly string[] =>
        [...new Set(found.map(({ name }) => name))].toSorted();
      assert.deepEqual(names(stores.filter(({ asked }) => asked)), names([...cluster.stores, ...(namespaced?.stores ?? [])]));
      assert.deepEqual(names(policies.filter(({ applies }) => applies)), names([...cluster.policies, ...(namespaced?.policies ?? [])]));
    }
  }
});
