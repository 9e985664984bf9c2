import assert from "node:assert/strict";
import { test } from "node:test";
import { checkEntries } from "../../src/app/check.ts";
import { anonymous, cosign, inline, registry, World } from "../snapshot/fixture.ts";

test("checkEntries() has one entry per object, and one per defect of an object that is not accepted", () => {
  const world = new World();
  world.put("Store", "good", registry(["*"]));
  world.put("Store", "bad", { scopes: ["a.io", "ghcr.io/acme/*"], type: "registry", registry: { unknown: 1 } });
  world.put("AuthProvider", "older", anonymous("a.io"));
  world.put("AuthProvider", "younger", anonymous("a.io", "b.io"));
  world.put("Verifier", "v", cosign("gone"));
  world.put("KeyProvider", "k", inline);
  assert.deepEqual(
    checkEntries(world.compile()).map(({ kind, name, accepted, reason, path }) => [`${kind}/${name}`, accepted, reason, path]),
    [
      ["Store/bad", false, "InvalidSpec", "spec.scopes[1]"],
      ["Store/bad", false, "InvalidSpec", "spec.registry.unknown"],
      ["Store/good", true, "Valid", undefined],
      ["AuthProvider/older", true, "Valid", undefined],
      ["AuthProvider/younger", false, "PatternConflict", "spec.registries"],
      ["Verifier/v", true, "Valid", undefined],
      ["KeyProvider/k", true, "Valid", undefined],
    ],
  );
});

test("checkEntries() of a conflict says who keeps the pattern", () => {
  const world = new World();
  world.put("Store", "all", registry(["*"]));
  world.put("AuthProvider", "older", anonymous("a.io"));
  world.put("AuthProvider", "younger", anonymous("a.io"));
  assert.deepEqual(checkEntries(world.compile()).at(-1), {
    kind: "AuthProvider",
    name: "younger",
    accepted: false,
    reason: "PatternConflict",
    path: "spec.registries",
    message: 'pattern "a.io" is kept by the older AuthProvider/older',
  });
});
