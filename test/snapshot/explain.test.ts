import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../../src/snapshot/explain.ts";
import { golden } from "../support/txtar.ts";
import { anonymous, fromSecret, refs, registry, repositoryOf, World } from "./fixture.ts";

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

test("explain() says which Stores are asked, which AuthProvider answers and why the others do not", () => {
  const snapshot = world().compile();
  const text = `${JSON.stringify(
    images.map((image) => explain(image, snapshot)),
    undefined,
    2,
  )}\n`;
  assert.equal(text, golden(goldenFile, text));
});

test("explain() says what view() does: the Stores that are asked are those of the view", () => {
  const snapshot = world().compile();
  for (const image of images) {
    const { reference, stores } = explain(image, snapshot);
    if (reference === null) {
      assert.deepEqual(stores, []);
      continue;
    }
    const view = snapshot.views(repositoryOf(image)).cluster;
    assert.deepEqual(
      stores.filter(({ asked }) => asked).map(({ name }) => name),
      view.stores.map(({ name }) => name),
    );
  }
});
