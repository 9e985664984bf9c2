import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { systemClock } from "../../src/kernel/clock.ts";
import { startInternet } from "../support/cloud/internet.ts";
import { cloudNames, clouds, cloudSites, settingOf } from "../support/cloud/all.ts";
import type { CloudFigures } from "../support/cloud/replica.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let directory = "";

// What ships is the bundle, and SDKs are its lazily loaded chunks: a package that loads from source may have no exports there.
describe("the SDKs of clouds in the bundle", () => {
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "countersign-bundle-"));
    await promisify(execFile)(process.execPath, [`${root}scripts/bundle.ts`, directory, "test/support/cloud/replica.ts"]);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  for (const name of cloudNames) {
    it(`fetches a credential of ${name}`, async () => {
      await using internet = await startInternet(cloudSites(systemClock, [clouds[name].host]));
      const child = spawn(process.execPath, [join(directory, "replica.mjs")], { stdio: ["pipe", "pipe", "pipe"], timeout: 60_000 });
      child.stdin.end(JSON.stringify(settingOf(internet, { names: [name], many: [] })));
      const [out, error] = await Promise.all([text(child.stdout), text(child.stderr)]);
      const end = error.split("\n").slice(-12).join("\n"); // not the whole chunk that it quotes
      assert.notEqual(out, "", end);
      assert.equal((JSON.parse(out) as CloudFigures).firstMs.length, 1, end);
    });
  }
});
