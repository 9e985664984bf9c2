import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { kinds } from "../../src/api/object.ts";
import { silentLogger } from "../../src/kernel/logger.ts";
import { ManifestError } from "../../src/manifests/directory.ts";
import { ManifestSource } from "../../src/manifests/source.ts";
import type { ResourceSource } from "../../src/operator/ports.ts";
import { ManualClock } from "../support/clock.ts";

const stores = (name: string, scope = "ghcr.io"): string =>
  `apiVersion: countersign.dev/v1alpha1\nkind: Store\nmetadata: {name: ${name}}\nspec: {scopes: [${scope}], type: registry}\n`;
const secret = (name: string, password: string, more = ""): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}${more}}\ntype: kubernetes.io/basic-auth\nstringData: {username: u, password: ${password}}\n`;

interface Raw {
  readonly metadata: {
    readonly uid: string;
    readonly generation: number;
    readonly resourceVersion: string;
    readonly namespace?: string;
    readonly creationTimestamp: string;
  };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
  readonly status?: unknown;
}

async function setUp(context: TestContext, files: Readonly<Record<string, string>> = {}) {
  const directory = await mkdtemp(join(tmpdir(), "manifests-"));
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const clock = new ManualClock();
  const changes: string[] = [];
  const stop = new AbortController();
  const source = new ManifestSource({ directory, namespace: "countersign-system", clock, logger: silentLogger });
  context.after(async () => {
    stop.abort(new DOMException("done", "AbortError"));
    await rm(directory, { recursive: true, force: true });
  });
  const start = (): Promise<void> => source.start({ changed: (kind, name) => changes.push(`${kind}/${name}`) }, stop.signal);
  /** Lets the source look at the directory, by its watch or its poll, until `condition` holds; file I/O takes what it takes, hence the rounds. */
  const until = async (condition: () => boolean): Promise<void> => {
    for (let round = 0; round < 400 && !condition(); round += 1) {
      await clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.ok(condition(), `not within bounds; problems: ${JSON.stringify(source.problems())}`);
  };
  /** Long enough for some polls, for what must not happen. */
  const idle = async (): Promise<void> => {
    for (let round = 0; round < 60; round += 1) {
      await clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const get = (kind: string, name: string): Raw => source.objects(kind).get(name) as Raw;
  const names = (kind: string): string => [...source.objects(kind).keys()].toSorted().join();
  const problems = (): readonly string[] => source.problems().map(({ file, message }) => `${file.slice(directory.length + 1)}:${message}`);
  const omitted = (): number => source.omissions().length;
  return {
    directory,
    path: (name: string) => join(directory, name),
    clock,
    changes,
    stop,
    source,
    start,
    until,
    idle,
    get,
    names,
    problems,
    omitted,
  };
}

test("ManifestSource satisfies the operator's port", async (context) => {
  const { source } = await setUp(context);
  const port: ResourceSource = source;
  assert.equal(port.objects("Store").size, 0);
});

test("ManifestSource.start() resolves with everything listed: own kinds, and Secrets, ConfigMaps and ServiceAccounts of its namespace", async (context) => {
  const { start, names, problems, changes, path, source } = await setUp(context, {
    "a.yaml": `${stores("one")}---\n${stores("two")}`,
    "b.yml":
      secret("here", "x") +
      `---\n` +
      secret("named", "x", ", namespace: countersign-system") +
      `---\n` +
      secret("elsewhere", "x", ", namespace: default"),
    "c.json": JSON.stringify({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "sa" } }),
    "other.yaml":
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n---\napiVersion: config.ratify.deislabs.io/v1beta1\nkind: Store\nmetadata: {name: ratify}\n",
    "readme.md": "not: [yaml",
    ".hidden.yaml": stores("hidden"),
  });
  await mkdir(path("sub"));
  await writeFile(path("sub/d.yaml"), stores("three"));
  await start();
  assert.deepEqual(
    [names("Store"), names("Secret"), names("ServiceAccount"), names("Deployment")],
    ["one,three,two", "here,named", "sa", ""],
  );
  assert.deepEqual(problems(), []);
  assert.deepEqual(changes, []);
  assert.ok(Object.isFrozen((source.objects("Store").get("one") as { readonly spec: { readonly scopes: unknown } }).spec.scopes));
});

test("ManifestSource gives objects the metadata that an API server would, and drops what it would not take from a file", async (context) => {
  const { start, get } = await setUp(context, {
    "a.yaml":
      "apiVersion: countersign.dev/v1alpha1\nkind: Store\nmetadata: {name: one, namespace: countersign-system, uid: forged, generation: 9, labels: {a: b}}\nspec: {}\nstatus: {observedGeneration: 9}\n",
    "b.yaml": secret("s", "hunter2"),
  });
  await start();
  const { metadata, status } = get("Store", "one");
  assert.deepEqual(
    { ...metadata, uid: "", resourceVersion: "" },
    { name: "one", labels: { a: "b" }, uid: "", generation: 1, resourceVersion: "", creationTimestamp: "1970-01-01T00:00:00Z" },
  );
  assert.match(metadata.uid, /^[0-9a-f]{16}$/);
  assert.equal(status, undefined);
  assert.equal(get("Secret", "s").metadata.namespace, "countersign-system");
  assert.deepEqual(get("Secret", "s").data, { username: "dQ==", password: "aHVudGVyMg==" });
});

test("ManifestSource merges stringData over data, and takes line breaks in base64", async (context) => {
  const { start, get } = await setUp(context, {
    "a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  a: b2xk\n  b: |\n    b2\n    xk\nstringData: {a: new}\n",
  });
  await start();
  assert.deepEqual(get("Secret", "s").data, { a: "bmV3", b: "b2xk" });
});

test("ManifestSource counts a Secret's versions: a hash of what it holds would invite guessing", async (context) => {
  const { start, until, get, path } = await setUp(context, { "a.yaml": secret("s", "one") });
  await start();
  const first = get("Secret", "s").metadata;
  await writeFile(path("a.yaml"), secret("s", "two"));
  await until(() => get("Secret", "s").metadata.resourceVersion !== first.resourceVersion);
  assert.deepEqual(
    [first.resourceVersion, get("Secret", "s").metadata.resourceVersion, get("Secret", "s").metadata.uid],
    ["1", "2", first.uid],
  );
});

test("ManifestSource counts generations when the spec changes, and only then", async (context) => {
  const { start, until, get, path, changes } = await setUp(context, { "a.yaml": stores("one") + "---\n" + stores("two") });
  await start();
  await writeFile(path("a.yaml"), stores("one").replace("{name: one}", "{name: one, labels: {a: b}}") + "---\n" + stores("two"));
  await until(() => changes.length > 0);
  assert.deepEqual([changes, get("Store", "one").metadata.generation], [["Store/one"], 1]);
  await writeFile(path("a.yaml"), stores("one", "quay.io") + "---\n" + stores("two"));
  await until(() => changes.length > 1);
  assert.deepEqual(
    [changes, get("Store", "one").metadata.generation, get("Store", "two").metadata.generation],
    [["Store/one", "Store/one"], 2, 1],
  );
});

test("ManifestSource gives an object that comes back another generation than it had", async (context) => {
  const { start, until, get, path, names } = await setUp(context, { "a.yaml": stores("one") });
  await start();
  const before = get("Store", "one").metadata;
  await rm(path("a.yaml"));
  await until(() => names("Store") === "");
  await writeFile(path("b.yaml"), stores("one", "quay.io"));
  await until(() => names("Store") === "one");
  assert.deepEqual([get("Store", "one").metadata.uid === before.uid, get("Store", "one").metadata.generation], [true, 2]);
});

const faults: { readonly name: string; readonly text: string; readonly problem: string }[] = [
  { name: "a syntax error", text: "a:\n\tb: 1\n", problem: "a.yaml:2:1: Tabs are not allowed as indentation" },
  {
    name: "a kind of ours misspelt",
    text: stores("x").replace("Store", "Stroe"),
    problem: `a.yaml:1:1: kind "Stroe" is not one of countersign.dev/v1alpha1: ${kinds.join(", ")}; of a namespace, with "Namespaced" in front`,
  },
  {
    name: "a version that is not served",
    text: stores("x").replace("v1alpha1", "v2"),
    problem: 'a.yaml:1:1: apiVersion "countersign.dev/v2" is not known; write "countersign.dev/v1alpha1"',
  },
  {
    name: "a group misspelt",
    text: stores("x").replace("countersign.dev", "countersign.io"),
    problem: 'a.yaml:1:1: apiVersion "countersign.io/v1alpha1" is not known; write "countersign.dev/v1alpha1"',
  },
  {
    name: "a Secret whose data is not base64",
    text: "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {password: hunter2}\n",
    problem: 'a.yaml:1:1: Secret/s: data["password"] is not base64; write it under stringData as it is',
  },
  {
    name: "a ConfigMap with a number",
    text: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {port: 80}\n",
    problem: 'a.yaml:1:1: ConfigMap/c: data["port"] is not a string; put it in quotes',
  },
  { name: "one good document and one bad", text: `${stores("new")}---\nkind: X\n`, problem: "a.yaml:6:1: has no apiVersion and kind" },
  { name: "nothing at all", text: "  \n", problem: "a.yaml:is empty; delete it to remove its objects" },
];
for (const { name, text, problem } of faults) {
  test(`ManifestSource keeps the objects of a file's last good version when it becomes ${name}, and takes it up again when it is mended`, async (context) => {
    const { start, until, names, problems, omitted, path, changes } = await setUp(context, {
      "a.yaml": stores("one"),
      "b.yaml": stores("other"),
    });
    await start();
    await writeFile(path("a.yaml"), text);
    await until(() => problems().length > 0);
    assert.deepEqual(problems(), [`${problem}; its last good version stays in use`]);
    assert.deepEqual([names("Store"), changes, omitted()], ["one,other", [], 0]);
    await writeFile(path("a.yaml"), stores("mended"));
    await until(() => names("Store") === "mended,other");
    assert.deepEqual(problems(), []);
  });
}

test("ManifestSource says that nothing of a file is used that was never good", async (context) => {
  const { start, until, path, problems, omitted, names } = await setUp(context, {
    "a.yaml": `${stores("one")}---\nkind: X\n`,
    "b.yaml": stores("other"),
  });
  await start();
  assert.deepEqual(problems(), ["a.yaml:6:1: has no apiVersion and kind; nothing of the file is used"]);
  assert.deepEqual([names("Store"), omitted()], ["other", 1]);
  await writeFile(path("a.yaml"), stores("one"));
  await until(() => omitted() === 0);
});

test("ManifestSource removes the objects of a file that holds comments only, or is deleted", async (context) => {
  const { start, until, names, problems, path } = await setUp(context, { "a.yaml": stores("one"), "b.yaml": stores("two") });
  await start();
  await writeFile(path("a.yaml"), "# moved to another place\n");
  await rm(path("b.yaml"));
  await until(() => names("Store") === "");
  assert.deepEqual(problems(), []);
});

test("ManifestSource lets the first file by name win when two hold one object, and the other take over when it goes", async (context) => {
  const { start, until, get, problems, omitted, path } = await setUp(context, {
    "a.yaml": stores("one", "a.io"),
    "b.yaml": stores("one", "b.io"),
  });
  await start();
  assert.deepEqual(problems(), [`b.yaml:1:1: Store/one is in ${path("a.yaml")} already, and that one counts`]);
  assert.equal(omitted(), 1);
  assert.deepEqual(get("Store", "one").spec, { scopes: ["a.io"], type: "registry" });
  await rm(path("a.yaml"));
  await until(() => problems().length === 0);
  assert.deepEqual([get("Store", "one").spec, get("Store", "one").metadata.generation], [{ scopes: ["b.io"], type: "registry" }, 2]);
});

test("ManifestSource sees a file saved by renaming another over it, and by renaming it away first", async (context) => {
  const { start, until, get, changes, path } = await setUp(context, { "a.yaml": stores("one") });
  await start();
  await writeFile(path(".a.yaml.swp"), stores("one", "quay.io"));
  await rename(path(".a.yaml.swp"), path("a.yaml"));
  await until(() => get("Store", "one").metadata.generation === 2);
  await rename(path("a.yaml"), path("a.yaml~"));
  await writeFile(path("a.yaml"), stores("one", "docker.io"));
  await until(() => get("Store", "one").metadata.generation === 3);
  assert.deepEqual(changes, ["Store/one", "Store/one"]);
});

test("ManifestSource waits until a file that is being written has come to rest", async (context) => {
  const { start, until, get, names, clock, changes, path, problems } = await setUp(context, {
    "a.yaml": `${stores("one")}---\n${stores("two")}`,
  });
  await start();
  await truncate(path("a.yaml"), 0);
  // Each piece parses, and the first of them lacks the second Store.
  for (const text of [stores("one", "quay.io"), `${stores("one", "quay.io")}---\n`, `${stores("one", "quay.io")}---\n${stores("two")}`]) {
    await clock.advance(40);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await writeFile(path("a.yaml"), text);
    assert.equal(names("Store"), "one,two");
  }
  await until(() => get("Store", "one").metadata.generation === 2);
  assert.deepEqual([changes, problems()], [["Store/one"], []]);
});

test("ManifestSource sees an edit that changes neither size nor time of a file", async (context) => {
  const { start, until, get, path } = await setUp(context, { "a.yaml": stores("one", "aaaa.io") });
  await start();
  // Right after it was read: within the resolution of some file systems' clocks.
  await writeFile(path("a.yaml"), stores("one", "bbbb.io"));
  await until(() => get("Store", "one").metadata.generation === 2);
});

test("ManifestSource follows a mounted ConfigMap, whose files change by one swap of a link", async (context) => {
  const { start, until, get, names, path, directory } = await setUp(context);
  const version = async (name: string, text: string): Promise<void> => {
    await mkdir(path(name));
    await writeFile(join(directory, name, "a.yaml"), text);
    await symlink(name, path("..data_tmp"));
    await rename(path("..data_tmp"), path("..data"));
  };
  await version("..2026_01", stores("one"));
  await symlink("..data/a.yaml", path("a.yaml"));
  await start();
  assert.equal(names("Store"), "one");
  await version("..2026_02", stores("one", "quay.io"));
  await rm(path("..2026_01"), { recursive: true });
  await until(() => get("Store", "one").metadata.generation === 2);
});

test("ManifestSource keeps what a file said that cannot be read any more: a link to nowhere, a directory, a pipe, another encoding, too large", async (context) => {
  const { start, until, names, problems, path, idle } = await setUp(
    context,
    Object.fromEntries(["a", "b", "c", "d", "e"].map((name) => [`${name}.yaml`, stores(name)])),
  );
  await start();
  for (const name of ["a", "b", "c"]) await rm(path(`${name}.yaml`));
  await symlink("nowhere", path("a.yaml"));
  await mkdir(path("link-target"));
  await symlink("link-target", path("b.yaml"));
  execFileSync("mkfifo", [path("c.yaml")]);
  await writeFile(path("d.yaml"), Buffer.from([0xff, 0xfe, 0x61]));
  await writeFile(path("e.yaml"), `#${"x".repeat(4 * 1024 * 1024)}\n`);
  await until(() => problems().length === 5);
  await idle();
  const note = "; its last good version stays in use";
  assert.deepEqual(problems(), [
    `a.yaml:cannot be read${note}`,
    `b.yaml:is not a file${note}`,
    `c.yaml:is not a file${note}`,
    `d.yaml:is not UTF-8${note}`,
    `e.yaml:is larger than 4 MiB and not used${note}`,
  ]);
  assert.equal(names("Store"), "a,b,c,d,e");
});

test("ManifestSource keeps the objects of a directory that cannot be read any more, says so, and reads it again when it can", async (context) => {
  if (process.getuid?.() === 0) {
    // Root reads everything: the directory is taken away instead.
    const { start, until, names, problems, directory, path } = await setUp(context, { "a.yaml": stores("one") });
    await start();
    await rename(directory, `${directory}.away`);
    await until(() => problems().length === 1);
    assert.deepEqual([names("Store"), problems()], ["one", [":cannot be read; what was read last stays in use"]]);
    await rename(`${directory}.away`, directory);
    await until(() => problems().length === 0);
    await writeFile(path("b.yaml"), stores("two"));
    await until(() => names("Store") === "one,two");
    return;
  }
  const { start, until, names, problems, path } = await setUp(context);
  await mkdir(path("sub"));
  await writeFile(path("sub/a.yaml"), stores("one"));
  await start();
  await chmod(path("sub"), 0);
  await until(() => problems().length > 0);
  assert.equal(names("Store"), "one");
  await chmod(path("sub"), 0o755);
  await until(() => problems().length === 0);
});

test("ManifestSource.start() rejects for a directory that is not there, and with its signal's reason", async (context) => {
  const { directory } = await setUp(context);
  const options = { directory: join(directory, "absent"), namespace: "n", clock: new ManualClock(), logger: silentLogger };
  await assert.rejects(
    new ManifestSource(options).start({ changed: () => {} }, new AbortController().signal),
    (error) => error instanceof ManifestError && error.code === "MANIFESTS_UNREADABLE",
  );
  const reason = new DOMException("stop", "AbortError");
  await assert.rejects(
    new ManifestSource({ ...options, directory }).start({ changed: () => {} }, AbortSignal.abort(reason)),
    (error) => error === reason,
  );
});

test("ManifestSource uses a thousand files and says that there are more", async (context) => {
  const files = Object.fromEntries(Array.from({ length: 1001 }, (_, at) => [`${String(at).padStart(4, "0")}.yaml`, stores(`s${at}`)]));
  const { start, source, problems } = await setUp(context, files);
  await start();
  assert.deepEqual([source.objects("Store").size, problems()], [1000, [":has more than 1000 manifests; the rest, by name, is not used"]]);
});

test("ManifestSource leaves no timer behind when its signal aborts", async (context) => {
  const { start, stop, clock } = await setUp(context, { "a.yaml": stores("one") });
  await start();
  await clock.settle();
  stop.abort(new DOMException("done", "AbortError"));
  await clock.settle();
  assert.equal(clock.pending, 0);
});
