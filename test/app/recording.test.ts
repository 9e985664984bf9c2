import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createManifests, createSetting, type Manifests, run, type Setting } from "./fixture.ts";

let setting: Setting;
let place: Manifests;
before(async () => {
  setting = await createSetting();
  place = await createManifests();
});
after(async () => {
  await place?.[Symbol.asyncDispose]();
  await setting?.[Symbol.asyncDispose]();
});

const tape = (name: string): string => join(place.directory, name);
const record = (name: string, image: string, ...more: readonly string[]) =>
  run(["verify", "--manifests", setting.manifests.directory, "--record", tape(name), image, ...more]);

test("verify --replay prints what verify --record printed, byte for byte, when the registry is no more", async () => {
  const { registry, signed, unsigned } = setting;
  const images = [signed, unsigned, `${registry.host}/team/web:signed`, `${registry.host}/team/web:none`];
  const recorded = [];
  for (const [at, image] of images.entries()) recorded.push(await record(`${at}.json`, image, "-o", "json"));
  assert.deepEqual(
    recorded.map(({ exit }) => exit),
    [0, 1, 0, 1],
  );
  const asked = registry.requests.length;
  await registry.stop();
  try {
    for (const [at, { exit, stdout }] of recorded.entries()) {
      assert.deepEqual(await run(["verify", "--replay", tape(`${at}.json`), "-o", "json"]), { exit, stdout, stderr: "" });
    }
  } finally {
    await registry.start();
  }
  assert.equal(registry.requests.length, asked);
});
