import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultLimits } from "../../src/api/store.ts";
import { CredentialUnavailableError } from "../../src/keychain/ports.ts";
import type { CompiledStore, Snapshot } from "../../src/snapshot/compiled.ts";
import { anonymous, cosign, fromSecret, inline, refs, registry, repositoryOf, World } from "./fixture.ts";

const never = new AbortController().signal;
function storeOf(snapshot: Snapshot, name: string): CompiledStore {
  const found = snapshot.stores.get(name);
  assert.ok(found !== undefined, `Store/${name}`);
  return found;
}
const names = (snapshot: Snapshot, image: string): readonly string[] =>
  snapshot.views(repositoryOf(image)).cluster.stores.map(({ name }) => name);

test("compile() makes a failed location of an invalid Store, on its scopes only, and builds its siblings", () => {
  const world = new World();
  world.put("Store", "bad", { scopes: ["a.io"], evidence: "Optional", type: "registry", registry: { unknown: 1 } });
  world.put("Store", "good", registry(["a.io"]));
  const snapshot = world.compile();
  assert.deepEqual(names(snapshot, "a.io/x"), ["bad", "good"]);
  assert.deepEqual(names(snapshot, "b.io/x"), []);
  const [bad] = snapshot.views(repositoryOf("a.io/x")).cluster.stores;
  assert.deepEqual(bad, {
    name: "bad",
    evidence: "Optional",
    timeoutMs: 2000,
    limits: defaultLimits,
    problem: { class: "Internal", message: storeOf(snapshot, "bad").problem?.message },
  });
  assert.match(bad?.problem?.message ?? "", /^Store\/bad is invalid: spec\.registry\.unknown: /);
  assert.deepEqual(world.factories.built(), ["Store/good"]);
});

test("compile() makes an invalid Store of which a scope is unreadable a failed location of every image", () => {
  const world = new World();
  world.put("Store", "bad", registry(["a.io", "*.io"]));
  world.put("Store", "worse", { type: "registry" });
  world.put("Store", "worst", undefined);
  const snapshot = world.compile();
  assert.deepEqual(names(snapshot, "elsewhere.com/x"), ["bad", "worse", "worst"]);
  assert.deepEqual(
    ["bad", "worse", "worst"].map((name) => storeOf(snapshot, name).everything),
    [true, true, true],
  );
  assert.deepEqual(world.factories.built(), []);
});

test("compile() leaves an invalid AuthProvider its patterns: it answers InvalidSpec where another would", async () => {
  const world = new World();
  world.put("AuthProvider", "wide", anonymous("*.acme.io"));
  world.put("AuthProvider", "typo", { registries: ["a.acme.io"], type: "anonymous", anonymuos: {} });
  world.put("Store", "s", registry(["*"]));
  const { keychain } = storeOf(world.compile(), "s");
  const selection = keychain.select(repositoryOf("a.acme.io/x"));
  assert.deepEqual(
    [selection.outcome, "provider" in selection && selection.provider, "reason" in selection && selection.reason],
    ["CredentialUnavailable", "typo", "InvalidSpec"],
  );
  await assert.rejects(
    keychain.resolve(repositoryOf("a.acme.io/x"), never),
    (error) =>
      error instanceof CredentialUnavailableError &&
      error.reason === "InvalidSpec" &&
      /^AuthProvider\/typo is invalid: /.test(error.message),
  );
  assert.equal(keychain.select(repositoryOf("b.acme.io/x")).outcome, "Selected");
});

test("compile() answers ProviderNotFound for an AuthProvider that is named and missing, and never all of them", async () => {
  const world = new World();
  world.put("AuthProvider", "other", anonymous("a.io"));
  world.put("Store", "s", registry(["a.io"], refs("gone")));
  const before = storeOf(world.compile(), "s");
  const selection = before.keychain.select(repositoryOf("a.io/x"));
  assert.deepEqual([selection.outcome, "reason" in selection && selection.reason], ["CredentialUnavailable", "ProviderNotFound"]);
  await assert.rejects(
    before.keychain.resolve(repositoryOf("a.io/x"), never),
    (error) => error instanceof CredentialUnavailableError && error.reason === "ProviderNotFound",
  );
  assert.deepEqual(before.view.names, []);
  world.put("AuthProvider", "gone", anonymous("a.io"));
  assert.deepEqual(storeOf(world.compile(), "s").keychain.select(repositoryOf("a.io/x")).outcome, "Selected");
});

test("compile() makes two AuthProviders conflict only where some Store's view holds both", () => {
  const world = new World();
  world.put("AuthProvider", "older", anonymous("a.io"));
  world.put("AuthProvider", "younger", fromSecret("pull", "a.io", "b.io"));
  world.putMaterial("Secret", "pull");
  world.put("Store", "anonymous", registry(["a.io"], refs("older")));
  world.put("Store", "credential", registry(["a.io"], refs("younger")));
  const apart = world.compile();
  assert.deepEqual(apart.patternLosses, new Map());
  const selected = (name: string): string => {
    const selection = storeOf(apart, name).keychain.select(repositoryOf("a.io/x"));
    return selection.outcome === "Selected" ? selection.provider : selection.outcome;
  };
  assert.deepEqual([selected("anonymous"), selected("credential")], ["older", "younger"]);
  world.put("Store", "invalid", { scopes: ["a.io"], type: "registry", registry: { typo: 1 }, ...refs("older") });
  assert.deepEqual(world.compile().patternLosses, new Map());
  world.put("Store", "both", registry(["*"]));
  assert.deepEqual(world.compile().patternLosses, new Map([["younger", [{ pattern: "a.io", keptBy: "older" }]]]));
  world.remove("Store", "both");
  assert.deepEqual(world.compile().patternLosses, new Map());
});

test("compile() gives a Verifier what its KeyProviders are, and says which is missing or invalid", () => {
  const world = new World();
  world.put("KeyProvider", "good", inline);
  world.put("KeyProvider", "bad", { type: "inline" });
  world.put("Verifier", "v-good", cosign("good"));
  world.put("Verifier", "v-bad", cosign("good", "bad"));
  world.put("Verifier", "v-gone", cosign("gone"));
  world.put("Verifier", "v-invalid", { type: "cosign" });
  const snapshot = world.compile();
  const { verifiers } = snapshot.views(repositoryOf("a.io/x")).cluster;
  assert.deepEqual(
    verifiers.map(({ name, verifier, problem }) => [name, verifier !== undefined, problem?.replace(/ is invalid: .*/, " is invalid")]),
    [
      ["v-bad", true, "KeyProvider/bad is invalid"],
      ["v-gone", true, "KeyProvider/gone does not exist"],
      ["v-good", true, undefined],
      ["v-invalid", false, "Verifier/v-invalid is invalid"],
    ],
  );
  assert.equal(world.factories.contexts.get("v-good")?.keyProviders.get("good"), snapshot.keyProviders.get("good")?.keyProvider);
});

test("compile() takes what is gone out of every map", () => {
  const world = new World();
  world.put("Store", "s", registry(["a.io"]));
  world.put("AuthProvider", "a", anonymous("a.io"));
  world.put("Verifier", "v", cosign("k"));
  world.put("KeyProvider", "k", inline);
  world.compile();
  for (const key of ["Store/s", "AuthProvider/a", "Verifier/v", "KeyProvider/k"]) {
    const [kind = "", name = ""] = key.split("/");
    world.remove(kind, name);
  }
  const { stores, authProviders, verifiers, keyProviders, revision } = world.compile();
  assert.deepEqual([stores.size, authProviders.size, verifiers.size, keyProviders.size], [0, 0, 0, 0]);
  assert.equal(revision, new World().compile().revision);
});
