import assert from "node:assert/strict";
import { basename } from "node:path";
import { after, before, test } from "node:test";
import type { CheckEntry } from "../../src/cli/ports.ts";
import type { Discovery } from "../../src/engine/discovery.ts";
import type { Explanation } from "../../src/snapshot/explanation.ts";
import { createManifests, createSetting, manifest, run, type Setting } from "./fixture.ts";

let setting: Setting;
before(async () => {
  setting = await createSetting();
});
after(() => setting?.[Symbol.asyncDispose]());

const on = (directory: string): readonly string[] => ["--manifests", directory];
const json = (stdout: string): unknown => JSON.parse(stdout);

test("verify exits 0 for a signed image, 1 for an unsigned one, 2 where the registry is down, and the worst of several", async () => {
  const { manifests, registry, signed, unsigned } = setting;
  const verify = (...images: readonly string[]) => run(["verify", ...on(manifests.directory), ...images]);
  assert.equal((await verify(signed)).exit, 0);
  assert.equal((await verify(unsigned)).exit, 1);
  assert.equal((await verify(signed, unsigned)).exit, 1);
  await registry.stop();
  try {
    assert.equal((await verify(signed)).exit, 2);
    assert.equal((await verify(unsigned)).exit, 2);
  } finally {
    await registry.start();
  }
  assert.equal((await verify(signed)).exit, 0);
});

test("verify exits 2 without a Verifier or with an invalid Store that covers the image, and never 0", async () => {
  const { registry, signed, unsigned, manifests } = setting;
  await using other = await createManifests();
  await other.write("store.yaml", manifest("Store", "local", { scopes: [registry.host], type: "registry" }));
  assert.equal((await run(["verify", ...on(other.directory), signed])).exit, 2);
  await manifests.write("broken.yaml", manifest("Store", "broken", { scopes: [registry.host], type: "registry", typo: true }));
  try {
    assert.equal((await run(["verify", ...on(manifests.directory), unsigned])).exit, 2);
    // What the broken Store might hold cannot take a good signature away.
    assert.equal((await run(["verify", ...on(manifests.directory), signed])).exit, 0);
  } finally {
    await manifests.write("broken.yaml");
  }
});

test("verify resolves a tag once and reports the digest that it judged", async () => {
  const { manifests, registry, signed } = setting;
  const { exit, stdout } = await run(["verify", ...on(manifests.directory), "-o", "json", `${registry.host}/team/web:signed`]);
  assert.equal(exit, 0);
  assert.ok(stdout.includes(signed.slice(signed.indexOf("@") + 1)));
});

test("verify refuses a reference that does not parse as a usage error", async () => {
  const { exit, stdout, stderr } = await run(["verify", ...on(setting.manifests.directory), "ACME.io/X:"]);
  assert.deepEqual([exit, stdout], [64, ""]);
  assert.match(stderr, /^error: "ACME\.io\/X:" is no image reference: /);
});

test("explain prints an array in order and contacts nobody", async () => {
  const { manifests, registry, signed } = setting;
  const before = registry.requests.length;
  const { exit, stdout } = await run(["explain", ...on(manifests.directory), "-o", "json", signed, "a.io/X", "other.io/x"]);
  const [first, second, third] = json(stdout) as readonly Explanation[];
  assert.deepEqual(first, {
    image: signed,
    reference: { registry: registry.host, repository: "team/web", digest: signed.slice(signed.indexOf("@") + 1) },
    stores: [
      {
        name: "local",
        asked: true,
        reason: "ScopeMatches",
        resolvedRepository: `${registry.host}/team/web`,
        outcome: "Selected",
        authProvider: { name: "nobody", pattern: registry.host },
        candidates: [{ name: "nobody", pattern: registry.host, reason: "Selected" }],
      },
    ],
    policies: [{ name: "built-in policy", applies: true, reason: "BuiltIn", enforcement: "Enforce", exceptions: [] }],
  });
  assert.deepEqual([second?.reference, second?.error?.code, second?.stores], [null, "REFERENCE_INVALID", []]);
  assert.deepEqual(third?.stores, [{ name: "local", asked: false, reason: "ScopesDoNotMatch", candidates: [] }]);
  assert.equal(registry.requests.length, before);
  assert.ok([0, 1].includes(exit));
});

test("check exits 0 where everything is accepted, and 1 with an entry for each defect and each file that cannot be read", async () => {
  const good = await run(["check", ...on(setting.manifests.directory), "-o", "json"]);
  assert.deepEqual(
    [good.exit, (json(good.stdout) as readonly CheckEntry[]).map(({ kind, accepted }) => [kind, accepted])],
    [
      0,
      [
        ["Store", true],
        ["AuthProvider", true],
        ["Verifier", true],
        ["KeyProvider", true],
      ],
    ],
  );
  await using other = await createManifests();
  await other.write("a.yaml", manifest("AuthProvider", "wide", { registries: ["*.io"], type: "anonymous" }));
  await other.write("b.yaml", { kind: "Store", metadata: {} });
  const bad = await run(["check", ...on(other.directory), "-o", "json"]);
  assert.equal(bad.exit, 1);
  const [wide, file] = json(bad.stdout) as readonly CheckEntry[];
  assert.deepEqual(wide, {
    kind: "AuthProvider",
    name: "wide",
    accepted: false,
    reason: "InvalidSpec",
    path: "spec.registries[0]",
    message: '"*.io" is too wide: "*" may not stand for one of the last two labels',
  });
  assert.deepEqual([file?.kind, basename(file?.name ?? ""), file?.accepted, file?.reason], ["File", "b.yaml", false, "Unreadable"]);
});

test("get stores prints the status that the operator would write, each host probed once", async () => {
  const { manifests, registry } = setting;
  const up = await run(["get", "stores", ...on(manifests.directory)]);
  assert.equal(up.exit, 0);
  assert.match(up.stdout, /^NAME +READY +REASON +REGISTRY +AUTH +CHECKED +AGE\n/);
  assert.match(up.stdout, new RegExp(`^local +True +Succeeded +${registry.host} +nobody `, "m"));
  await registry.stop();
  try {
    const down = await run(["get", "stores", ...on(manifests.directory)]);
    assert.match(down.stdout, new RegExp(`^local +False +ConnectionRefused +${registry.host} +nobody `, "m"));
  } finally {
    await registry.start();
  }
});

test("a command without manifests and without a kubeconfig says what to do", async () => {
  const { exit, stderr } = await run(["check", "--kubeconfig", "does/not/exist"]);
  assert.notEqual(exit, 0);
  assert.match(stderr, /^error: .*\nwhat to do: /);
});

test("a directory that does not exist is an error of the command, never a verdict", async () => {
  const { exit, stdout, stderr } = await run(["verify", ...on("does/not/exist"), setting.signed]);
  assert.deepEqual([exit > 2, stdout], [true, ""]);
  assert.match(stderr, /^error: /);
});

test("resolve exits 0 for a tag that the registry knows, 1 for one that it does not, and 2 where it does not answer", async () => {
  const { manifests, registry, signed } = setting;
  const resolve = (tag: string) => run(["resolve", ...on(manifests.directory), "-o", "json", `${registry.host}/team/web:${tag}`]);
  const { exit, stdout } = await resolve("signed");
  assert.equal(exit, 0);
  assert.equal((json(stdout) as { readonly digest: string }).digest, signed.slice(signed.indexOf("@") + 1));
  assert.equal((await resolve("nowhere")).exit, 1);
  await registry.stop();
  try {
    assert.equal((await resolve("signed")).exit, 2);
  } finally {
    await registry.start();
  }
});

test("get prints objects of namespaces with the status that the operator would write", async () => {
  const { registry } = setting;
  await using other = await createManifests();
  const own = manifest("Store", "own", { scopes: [registry.host], type: "registry" }) as { readonly metadata: object };
  await other.write("own.yaml", { ...own, kind: "NamespacedStore", metadata: { ...own.metadata, namespace: "team-a" } });
  const { exit, stdout } = await run(["get", "namespacedstores", "-A", ...on(other.directory)]);
  assert.equal(exit, 0);
  assert.match(stdout, /^NAMESPACE +NAME +READY .*\nteam-a +own +(True|False) .*\n$/);
});

test("discover shows what is attached to an image, without a Verifier, and exits 2 where the registry is down", async () => {
  const { registry, signed, unsigned } = setting;
  await using other = await createManifests();
  await other.write(
    "all.yaml",
    manifest("Store", "local", { scopes: [registry.host], type: "registry" }),
    manifest("AuthProvider", "nobody", { registries: [registry.host], plainHTTPHosts: [registry.host], type: "anonymous" }),
  );
  const discover = (image: string) => run(["discover", ...on(other.directory), "-o", "json", image]);
  const found = await discover(signed);
  const { artifacts, stores } = json(found.stdout) as Discovery;
  assert.equal(found.exit, 0);
  assert.deepEqual(
    artifacts.map(({ isTagged, heldBy }) => ({ isTagged, heldBy })),
    [{ isTagged: true, heldBy: ["local"] }],
  );
  assert.deepEqual(
    stores.map(({ name, state }) => `${name} ${state}`),
    ["local Complete"],
  );
  assert.deepEqual((json((await discover(unsigned)).stdout) as Discovery).artifacts, []);
  await registry.stop();
  try {
    assert.equal((await discover(signed)).exit, 2);
  } finally {
    await registry.start();
  }
});
