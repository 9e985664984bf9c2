import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { silentLogger } from "../../src/kernel/logger.ts";
import { ManifestSource } from "../../src/manifests/source.ts";
import { ManualClock } from "../support/clock.ts";

const apiVersion = "countersign.dev/v1alpha1";
const own = (kind: string, metadata: object, spec: object = {}): object => ({ apiVersion, kind, metadata, spec });
const secret = (metadata: object, data: object = {}): object => ({ apiVersion: "v1", kind: "Secret", metadata, stringData: data });
const file = (...objects: readonly object[]): string => objects.map((object) => JSON.stringify(object)).join("\n---\n");

interface Raw {
  readonly metadata: { readonly uid: string; readonly generation: number; readonly namespace?: string; readonly labels?: unknown };
  readonly spec?: unknown;
  readonly status?: unknown;
}

async function setUp(context: TestContext, files: Readonly<Record<string, string>>) {
  const directory = await mkdtemp(join(tmpdir(), "manifests-"));
  const write = (name: string, text: string): Promise<void> => writeFile(join(directory, name), text);
  for (const [name, text] of Object.entries(files)) await write(name, text);
  const clock = new ManualClock();
  const changes: string[] = [];
  const stop = new AbortController();
  const source = new ManifestSource({ directory, namespace: "countersign-system", clock, logger: silentLogger });
  context.after(async () => {
    stop.abort(new DOMException("done", "AbortError"));
    await rm(directory, { recursive: true, force: true });
  });
  await source.start({ changed: (kind, key) => changes.push(`${kind}/${key}`) }, stop.signal);
  const until = async (condition: () => boolean): Promise<void> => {
    for (let round = 0; round < 400 && !condition(); round += 1) {
      await clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.ok(condition(), `not within bounds; problems: ${JSON.stringify(source.problems())}`);
  };
  return {
    changes,
    write,
    remove: (name: string) => rm(join(directory, name)),
    until,
    get: (kind: string, key: string): Raw | undefined => source.objects(kind).get(key) as Raw | undefined,
    keys: (kind: string): readonly string[] => [...source.objects(kind).keys()].toSorted(),
    problems: (): readonly string[] => source.problems().map(({ message }) => message),
  };
}

test("ManifestSource knows namespaced objects by namespace and name, each with an identity of its own", async (context) => {
  const { keys, get, problems } = await setUp(context, {
    "a.yaml": file(
      own("Store", { name: "one" }),
      own("NamespacedStore", { name: "one", namespace: "team-a" }),
      own("NamespacedStore", { name: "one", namespace: "team-b", uid: "forged", generation: 9 }),
    ),
  });
  assert.deepEqual([keys("Store"), keys("NamespacedStore"), problems()], [["one"], ["team-a/one", "team-b/one"], []]);
  const found = [get("Store", "one"), get("NamespacedStore", "team-a/one"), get("NamespacedStore", "team-b/one")];
  assert.equal(new Set(found.map((raw) => raw?.metadata.uid)).size, 3);
  assert.deepEqual(
    found.map((raw) => [raw?.metadata.namespace, raw?.metadata.generation]),
    [
      [undefined, 1],
      ["team-a", 1],
      ["team-b", 1],
    ],
  );
});

test("ManifestSource counts the generations of each namespace's object by itself, and tells of that one alone", async (context) => {
  const stores = (scope: string): string =>
    file(
      own("NamespacedStore", { name: "one", namespace: "team-a" }, { scopes: [scope] }),
      own("NamespacedStore", { name: "one", namespace: "team-b" }),
    );
  const { write, until, changes, get } = await setUp(context, { "a.yaml": stores("a.io") });
  await write("a.yaml", stores("b.io"));
  await until(() => changes.length > 0);
  assert.deepEqual(changes, ["NamespacedStore/team-a/one"]);
  assert.deepEqual(
    ["team-a/one", "team-b/one"].map((key) => get("NamespacedStore", key)?.metadata.generation),
    [2, 1],
  );
});

test("ManifestSource reads Secrets of namespaces that namespaced objects live in, and of no others, as long as they do", async (context) => {
  const { keys, problems, until, remove, changes, get, write } = await setUp(context, {
    "secrets.yaml": file(secret({ name: "s" }), secret({ name: "s", namespace: "team-a" }), {
      ...secret({ name: "s", namespace: "team-b" }),
      data: { a: "not base64" },
    }),
    "store.yaml": file(own("NamespacedStore", { name: "one", namespace: "team-a" })),
  });
  assert.deepEqual([keys("Secret"), problems()], [["s", "team-a/s"], []]);
  assert.equal(get("Secret", "team-a/s")?.metadata.namespace, "team-a");
  assert.notEqual(get("Secret", "team-a/s")?.metadata.uid, get("Secret", "s")?.metadata.uid);
  await write("store.yaml", file(own("NamespacedVerifier", { name: "one", namespace: "team-b" })));
  await until(() => problems().length > 0);
  assert.deepEqual(problems(), [
    '5:1: Secret/s: data["a"] is not base64; write it under stringData as it is; its last good version stays in use',
  ]);
  await remove("store.yaml");
  await until(() => keys("Secret").length === 1);
  assert.deepEqual([keys("Secret"), problems()], [["s"], []]);
  assert.ok(changes.includes("Secret/team-a/s"));
});

test("ManifestSource knows what is in the operator's namespace by both keys while namespaced objects live there", async (context) => {
  const { keys, get } = await setUp(context, {
    "a.yaml": file(secret({ name: "s" }), own("NamespacedStore", { name: "one", namespace: "countersign-system" })),
  });
  assert.deepEqual(keys("Secret"), ["countersign-system/s", "s"]);
  assert.equal(get("Secret", "s")?.metadata.uid, get("Secret", "countersign-system/s")?.metadata.uid);
});

test("ManifestSource keeps of a Namespace its labels", async (context) => {
  const labels = { team: "a" };
  const { get } = await setUp(context, {
    "a.yaml": file({ apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", labels, annotations: { a: "b" } }, spec: {} }),
  });
  const { metadata, ...rest } = get("Namespace", "team-a") ?? { metadata: { uid: "", generation: 0 } };
  assert.deepEqual([metadata.labels, "annotations" in metadata, rest], [labels, false, { apiVersion: "v1", kind: "Namespace" }]);
});

for (const { name, object, problem } of [
  {
    name: "a namespaced kind without a namespace",
    object: own("NamespacedStore", { name: "one" }),
    problem: "NamespacedStore/one has no metadata.namespace; write the one that it is for",
  },
  {
    name: "a cluster-scoped kind with a namespace",
    object: own("Store", { name: "one", namespace: "team-a" }),
    problem: "Store/one belongs to the whole cluster and has no namespace; for one there is NamespacedStore",
  },
  {
    name: "a namespace that is none, which would make the key another object's",
    object: own("NamespacedStore", { name: "one", namespace: "team-a/x" }),
    problem: "NamespacedStore/one has a metadata.namespace that is no namespace's name",
  },
  {
    name: "a name with a slash, which would make a cluster-scoped object a namespace's",
    object: own("Store", { name: "team-a/one" }),
    problem: 'Store has a metadata.name that is not one: write a-z, 0-9, "-" and "."',
  },
  {
    name: "a Secret with a slash in its name",
    object: secret({ name: "team-a/one" }),
    problem: 'Secret/team-a/one: has a name that is not one: write a-z, 0-9, "-" and "."',
  },
  {
    name: "a Namespace with a number for a label",
    object: { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a", labels: { level: 1 } } },
    problem: 'Namespace/team-a: label "level" is not a string; put it in quotes',
  },
  {
    name: "a Namespace whose name is none",
    object: { apiVersion: "v1", kind: "Namespace", metadata: { name: "team.a" } },
    problem: "Namespace has a metadata.name that is no namespace's name",
  },
]) {
  test(`ManifestSource refuses ${name}`, async (context) => {
    const { problems, keys } = await setUp(context, { "a.yaml": file(object) });
    assert.deepEqual(problems(), [`1:1: ${problem}; nothing of the file is used`]);
    assert.deepEqual(["Store", "NamespacedStore", "Secret", "Namespace"].flatMap(keys), []);
  });
}
