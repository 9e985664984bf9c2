import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createSetting, manifest, run, type Setting } from "./fixture.ts";

let setting: Setting;
before(async () => {
  setting = await createSetting();
});
after(() => setting?.[Symbol.asyncDispose]());

test("serve --once prints the Stores and a verdict for each image, with the store it was read from, and exits 0", async () => {
  const { manifests, registry, signed, unsigned } = setting;
  const argv = [
    "serve",
    "--once",
    "--manifests",
    manifests.directory,
    "--health-port",
    "0",
    "--watch-image",
    signed,
    "--watch-image",
    unsigned,
  ];
  const { exit, stdout, stderr } = await run(argv);
  assert.deepEqual([exit, stderr], [0, ""]);
  assert.match(stdout, new RegExp(`^local +True +Succeeded +${registry.host} +nobody `, "m"));
  const digestOf = (image: string): string => image.slice(image.indexOf("sha256:") + 7).slice(0, 7);
  const line = (image: string): string => stdout.split("\n").find((text) => text.includes(digestOf(image))) ?? stdout;
  assert.match(line(signed), /allow/);
  assert.match(line(unsigned), /deny/);
});

test("serve --once shows which Store is broken", async () => {
  const { manifests, registry, signed } = setting;
  await registry.stop();
  try {
    const { exit, stdout } = await run(["serve", "--once", "--manifests", manifests.directory, "--watch-image", signed]);
    assert.equal(exit, 0);
    assert.match(stdout, /^local +False +ConnectionRefused /m);
    assert.match(stdout, /inconclusive/);
  } finally {
    await registry.start();
  }
});

test("serve on files goes on until it is stopped, and then ends with 0", async () => {
  const { manifests } = setting;
  const stop = new AbortController();
  const { exit, stdout } = await run(["serve", "--manifests", manifests.directory], {
    signal: AbortSignal.any([stop.signal, AbortSignal.timeout(60_000)]),
    wrote: (text) => {
      if (text.includes("local")) stop.abort(new DOMException("Stopped by SIGTERM", "AbortError"));
    },
  });
  assert.ok(stop.signal.aborted, "it was stopped by its first picture and not by time");
  assert.equal(exit, 0);
  assert.match(stdout, /^local +True +Succeeded /m);
});

test("serve on files shows Stores of namespaces too", async () => {
  const { manifests, registry } = setting;
  const own = manifest("NamespacedStore", "own", { scopes: [registry.host], type: "registry" });
  await manifests.write("own.yaml", own);
  try {
    const { exit, stdout } = await run(["serve", "--once", "--manifests", manifests.directory]);
    assert.equal(exit, 0);
    assert.match(stdout, /^NAMESPACE +NAME +READY /m);
    assert.match(stdout, /^ +local +True +Succeeded /m);
    assert.match(stdout, /^team-a +own +(True|False) /m);
  } finally {
    await manifests.write("own.yaml");
  }
});
