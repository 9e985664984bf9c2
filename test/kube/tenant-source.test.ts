import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/kube-wire.ts";
import { tenantScene } from "./tenant-scene.ts";

test("KubeSource follows a kind in all namespaces as one collection, and tells of its objects by namespace and name", async (t) => {
  const { api, source, changes, start, gadget, keys } = await tenantScene(t);
  gadget("team-a", "own", []);
  await start();
  gadget("team-b", "own", []);
  await eventually(() => keys("Gadget").length === 2);
  assert.deepEqual(keys("Gadget"), ["team-a/own", "team-b/own"]);
  assert.deepEqual(changes, ["Gadget/team-a/own", "Gadget/team-b/own"]);
  assert.deepEqual(
    api.requests.filter(({ path }) => path.includes("gadgets")).map(({ path, verb }) => `${verb} ${path}`),
    ["watchlist /apis/example.com/v1/gadgets"],
  );
  assert.equal((source.objects("Gadget").get("team-a/own") as { readonly kind: string }).kind, "Gadget");
});

test("KubeSource keeps of a Namespace its labels and what identifies it", async (t) => {
  const { api, source, start } = await tenantScene(t);
  const metadata = { name: "team-a", labels: { team: "a" }, annotations: { long: "x" }, creationTimestamp: "2026-01-01T00:00:00Z" };
  api.put("namespaces", { metadata, spec: { finalizers: ["kubernetes"] }, status: { phase: "Active" } });
  await start();
  assert.deepEqual(source.objects("Namespace").get("team-a"), {
    metadata: {
      name: "team-a",
      uid: "uid-1",
      resourceVersion: "101",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { team: "a" },
    },
  });
});

test("KubeSource starts with what is needed in each namespace, beside what is in its own, and asks for nothing else", async (t) => {
  const { start, gadget, secret, keys, asked } = await tenantScene(t);
  gadget("team-a", "own");
  gadget("team-b", "own", ["ConfigMap"]);
  gadget("team-c", "own", []);
  for (const namespace of ["system", "team-a", "team-b", "team-c", "team-d"]) secret(namespace, "s");
  await start();
  assert.deepEqual(keys("Secret"), ["s", "team-a/s"]);
  assert.deepEqual(asked().toSorted(), ["watchlist system secrets", "watchlist team-a secrets", "watchlist team-b configmaps"]);
});

test("KubeSource follows what becomes needed, and tells of each of its objects", async (t) => {
  const { start, gadget, secret, keys, changes, api } = await tenantScene(t);
  secret("team-a", "s");
  await start();
  gadget("team-a", "own");
  await eventually(() => keys("Secret").length === 1);
  secret("team-a", "later");
  await eventually(() => keys("Secret").length === 2);
  api.remove("secrets", "s", "team-a");
  await eventually(() => keys("Secret").length === 1);
  const ofSecrets = changes.filter((key) => key.startsWith("Secret/"));
  assert.deepEqual(ofSecrets, ["Secret/team-a/s", "Secret/team-a/later", "Secret/team-a/s"]);
});

test("KubeSource reads what objects in its own namespace refer to under both names", async (t) => {
  const { start, gadget, secret, keys } = await tenantScene(t);
  gadget("system", "own");
  secret("system", "s");
  await start();
  assert.deepEqual(keys("Secret"), ["s", "system/s"]);
});

test("a namespace in which nothing may be read keeps neither the start nor another namespace, says so once, and is read once it may", async (t) => {
  const { api, source, start, gadget, secret, keys, changes, logger, clock, until } = await tenantScene(t);
  api.forbidden.add("secrets team-a");
  for (const namespace of ["team-a", "team-b"]) {
    gadget(namespace, "own");
    secret(namespace, "s");
  }
  await start();
  assert.deepEqual(keys("Secret"), ["team-b/s"]);
  assert.deepEqual([source.denied("Secret", "team-a"), source.denied("Secret", "team-b")], ["Forbidden", undefined]);
  assert.deepEqual(source.tenantHealth(), {
    followed: 2,
    denied: [{ kind: "Secret", namespace: "team-a", denial: "Forbidden" }],
    refused: [],
  });
  assert.deepEqual(
    source.health().flatMap(({ kind, failure }) => (failure === undefined ? [] : [kind])),
    [],
    "readiness does not know of it",
  );
  await clock.advance(1000);
  await until(() => api.requests.filter(({ path }) => path.endsWith("/team-a/secrets")).length >= 3, 1000);
  const warnings = logger.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields);
  assert.deepEqual(warnings, [{ kind: "Secret", namespace: "team-a" }]);
  secret("team-b", "meanwhile");
  await eventually(() => keys("Secret").length === 2);

  changes.length = 0;
  api.forbidden.clear();
  await until(() => source.denied("Secret", "team-a") === undefined, 1000);
  assert.deepEqual(keys("Secret"), ["team-a/s", "team-b/meanwhile", "team-b/s"]);
  assert.deepEqual(changes.toSorted(), ["Gadget/team-a/own", "Gadget/team-a/own", "Secret/team-a/s"], "who refers to it is told as well");
});

test("a namespace that is not answered for keeps the start for its time, and other namespaces not at all", async (t) => {
  const { api, source, start, gadget, secret, keys, until } = await tenantScene(t, { limits: { concurrency: 1 } });
  api.unanswered.add("secrets team-a");
  for (const namespace of ["team-a", "team-b"]) {
    gadget(namespace, "own");
    secret(namespace, "s");
  }
  let isStarted = false;
  void start().then(() => (isStarted = true));
  await until(() => keys("Secret").length === 1, 500);
  assert.deepEqual([keys("Secret"), isStarted], [["team-b/s"], false]);
  await until(() => isStarted, 500);
  assert.equal(source.denied("Secret", "team-a"), "NotListed");
});

test("a kind that is not needed any more is followed for a while: who recreates an object causes no new list", async (t) => {
  const { api, start, gadget, secret, keys, asked, clock, changes } = await tenantScene(t);
  gadget("team-a", "own");
  secret("team-a", "s");
  await start();
  api.remove("gadgets", "own", "team-a");
  await eventually(() => keys("Gadget").length === 0);
  await clock.advance(50_000);
  gadget("team-a", "own");
  await eventually(() => keys("Gadget").length === 1);
  await clock.advance(120_000);
  const lists = asked().filter((entry) => entry.startsWith("watchlist"));
  assert.deepEqual([keys("Secret"), lists], [["team-a/s"], ["watchlist system secrets", "watchlist team-a secrets"]]);

  api.remove("gadgets", "own", "team-a");
  await eventually(() => keys("Gadget").length === 0);
  changes.length = 0;
  await clock.advance(60_000);
  assert.deepEqual([keys("Secret"), changes], [[], ["Secret/team-a/s"]]);
  await eventually(() => api.watches.filter((watch) => watch.isOpen).length === 3);
});

test("a namespace that is deleted and made again is followed with what it has then", async (t) => {
  const { api, start, gadget, secret, keys, source, clock } = await tenantScene(t);
  api.put("namespaces", { metadata: { name: "team-a" } });
  gadget("team-a", "own");
  secret("team-a", "s");
  await start();
  api.remove("gadgets", "own", "team-a");
  api.remove("secrets", "s", "team-a");
  api.remove("namespaces", "team-a");
  await eventually(() => keys("Secret").length === 0);
  await clock.advance(60_000);
  assert.equal(source.tenantHealth().followed, 0);
  api.put("namespaces", { metadata: { name: "team-a" } });
  secret("team-a", "other");
  gadget("team-a", "own");
  await eventually(() => keys("Secret").length === 1);
  assert.deepEqual(keys("Secret"), ["team-a/other"]);
});

test("a watch of one namespace whose state is no longer kept (410) is listed again, by itself", async (t) => {
  const { api, start, gadget, secret, keys, asked, until } = await tenantScene(t);
  for (const namespace of ["team-a", "team-b"]) gadget(namespace, "own");
  secret("team-a", "s");
  await start();
  const index = api.requests.findIndex(({ path }) => path.endsWith("/team-a/secrets")); // so far every request is a watch
  api.compact();
  api.watches[index]?.cut();
  secret("team-a", "later");
  await until(() => keys("Secret").length === 2, 500);
  assert.deepEqual(asked().slice(3).toSorted(), ["watch team-a secrets", "watchlist team-a secrets"]);
});

test("of too many namespaces the oldest are followed; the next gets a place that becomes free", async (t) => {
  const { api, source, start, gadget, secret, keys, clock, logger, metrics } = await tenantScene(t, { limits: { maxNamespaces: 2 } });
  const born = { "team-a": "2026-01-03", "team-b": "2026-01-01", "team-c": "2026-01-02", "team-d": undefined };
  for (const [name, day] of Object.entries(born)) {
    if (day !== undefined) api.put("namespaces", { metadata: { name, creationTimestamp: `${day}T00:00:00Z` } });
    gadget(name, "own");
    secret(name, "s");
  }
  await start();
  assert.deepEqual(keys("Secret"), ["team-b/s", "team-c/s"]);
  assert.deepEqual([source.denied("Secret", "team-a"), source.denied("ConfigMap", "team-a")], ["TooManyNamespaces", undefined]);
  assert.deepEqual(source.tenantHealth(), { followed: 2, denied: [], refused: ["team-a", "team-d"] });
  assert.equal(metrics.values.get("countersign_tenant_collections{state=TooManyNamespaces}"), 2);
  gadget("team-a", "another");
  await eventually(() => keys("Gadget").length === 5);
  const warnings = logger.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields["namespace"]);
  assert.deepEqual(warnings, ["team-a", "team-d"], "each is named once");

  api.remove("gadgets", "own", "team-b");
  await eventually(() => keys("Gadget").length === 4);
  assert.equal(source.denied("Secret", "team-a"), "TooManyNamespaces", "the place is kept for its grace");
  await clock.advance(60_000);
  await eventually(() => keys("Secret").includes("team-a/s"));
  assert.deepEqual(keys("Secret"), ["team-a/s", "team-c/s"]);
});

test("a namespace that only waits for its end gives its place to one that has need of it", async (t) => {
  const { api, start, gadget, secret, keys, source } = await tenantScene(t, { limits: { maxNamespaces: 1 } });
  for (const namespace of ["team-a", "team-b"]) secret(namespace, "s");
  gadget("team-a", "own");
  await start();
  api.remove("gadgets", "own", "team-a");
  await eventually(() => keys("Gadget").length === 0);
  gadget("team-b", "own");
  await eventually(() => keys("Secret").includes("team-b/s"));
  assert.deepEqual([keys("Secret"), source.tenantHealth().refused], [["team-b/s"], []]);
});

test("what a refused namespace does not need any more it is not refused", async (t) => {
  const { api, start, gadget, source, keys } = await tenantScene(t, { limits: { maxNamespaces: 1 } });
  for (const namespace of ["team-a", "team-b"]) gadget(namespace, "own");
  await start();
  assert.deepEqual(source.tenantHealth().refused, ["team-b"]);
  api.remove("gadgets", "own", "team-b");
  await eventually(() => keys("Gadget").length === 1);
  assert.deepEqual([source.tenantHealth().refused, source.denied("Secret", "team-b")], [[], undefined]);
});

test("what was read is used on when the right to read it is missing for a moment, and dropped after ten minutes", async (t) => {
  const { api, start, gadget, secret, keys, source, until, clock } = await tenantScene(t);
  gadget("team-a", "own");
  secret("team-a", "s");
  await start();
  const index = api.requests.findIndex(({ path }) => path.endsWith("/team-a/secrets"));
  api.forbidden.add("secrets team-a");
  api.watches[index]?.cut();
  await until(() => source.denied("Secret", "team-a") === "Forbidden", 500);
  const since = clock.monotonic();
  assert.deepEqual(keys("Secret"), ["team-a/s"]);
  await until(() => keys("Secret").length === 0, 10_000);
  assert.ok(clock.monotonic() - since > 9 * 60_000);
  await until(() => source.denied("Secret", "team-a") === "Forbidden");
  api.forbidden.clear();
  await until(() => keys("Secret").length === 1, 1000);
});

test("a namespace with more Secrets than are kept has those that fit, says so, and takes nothing from another", async (t) => {
  const materials = { maxObjects: 2, maxBytes: 10_000, maxPlaceholders: 0 };
  const { start, gadget, secret, keys, source } = await tenantScene(t, { limits: { materials } });
  for (const namespace of ["team-a", "team-b"]) gadget(namespace, "own");
  for (const name of ["s", "t", "u"]) secret("team-a", name);
  secret("team-b", "s");
  secret("system", "s", { data: { large: "x".repeat(20_000) } });
  await start();
  assert.deepEqual([source.denied("Secret", "team-a"), source.denied("Secret", "team-b")], ["TooLarge", undefined]);
  assert.equal(keys("Secret").filter((key) => key.startsWith("team-a/")).length, 2);
  assert.deepEqual(
    keys("Secret").filter((key) => !key.startsWith("team-a/")),
    ["s", "team-b/s"],
  );
});

test("a namespace with more objects of a kind than are used is told of once; the list is made anew when a watch has ended", async (t) => {
  const objects = { maxObjects: 1, maxBytes: 10_000, maxPlaceholders: 1 };
  const { api, start, gadget, keys, source, logger, until, clock } = await tenantScene(t, { limits: { objects } });
  for (const name of ["a", "b", "c"]) gadget("team-a", name, []);
  gadget("team-b", "a", []);
  await start();
  assert.equal(source.denied("Gadget", "team-a"), "TooLarge");
  assert.equal(source.denied("Gadget", "team-b"), undefined);
  assert.equal(keys("Gadget").filter((key) => key.startsWith("team-a/")).length, 2);
  const told = logger.lines.filter(({ level }) => level === "warn").map(({ fields }) => fields);
  assert.deepEqual(told, [{ kind: "Gadget", namespace: "team-a" }]);
  for (const name of ["a", "b"]) api.remove("gadgets", name, "team-a");
  await clock.advance(90_000);
  const index = api.requests.findIndex(({ path }) => path.endsWith("/gadgets"));
  api.watches[index]?.end();
  await until(() => source.denied("Gadget", "team-a") === undefined, 100);
  assert.deepEqual(keys("Gadget"), ["team-a/c", "team-b/a"]);
});
