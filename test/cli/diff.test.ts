import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { Report } from "../../src/engine/report.ts";
import { writeManifests } from "../e2e/files.ts";
import { authProvider, store, trust } from "../e2e/fixture.ts";
import { startRegistry } from "../support/registry.ts";
import { createSigningKey, signImage } from "../support/signer.ts";
import { reports, signed, unknown, unsigned } from "./fixtures.ts";
import { run } from "./session.ts";

function reportOf(image: string): Report {
  const report = reports.get(image);
  if (report === undefined) throw new TypeError(`no report of ${image}`);
  return report;
}
/** Answers as the old manifests would first, and as the new ones then: that is the order in which both are asked. */
function sides(before: Report, after: Report): { readonly verify: (image: string) => Promise<Report> } {
  const answers = [before, after];
  return { verify: (image) => Promise.resolve({ ...(answers.shift() ?? after), image }) };
}
const both = ["--manifests", "old", "--manifests", "new"] as const;
const [allowed, denied, open] = [reportOf(signed), reportOf(unsigned), reportOf(unknown)];

describe("diff", () => {
  for (const [what, before, after, exit] of [
    ["an image that stays allowed", allowed, allowed, 0],
    ["an image that stays denied", denied, denied, 0],
    ["an image that would not be allowed any more", allowed, denied, 1],
    ["an image that would be in doubt", allowed, open, 1],
    ["an image that would be allowed", denied, allowed, 2],
    ["an image that stays in doubt", open, open, 2],
  ] as const)
    it(`exits ${exit} for ${what}`, async () => {
      assert.equal((await run(["diff", ...both, signed], { answers: sides(before, after) })).exit, exit);
    });

  it("prints the two sentences of an image whose verdict would change", async () => {
    const { stdout } = await run(["diff", ...both, signed], { answers: sides(allowed, denied) });
    assert.equal(
      stdout,
      `${signed}\n- allow: ${allowed.summary}\n+ deny (NoValidSignature): ${denied.summary}\n\n1 image, 1 would change; 1 that is allowed would not be\n`,
    );
  });

  it("prints nothing of an image whose verdict stays, unless it is asked to", async () => {
    const { stdout } = await run(["diff", ...both, signed], { answers: sides(denied, denied) });
    assert.equal(stdout, "1 image, no verdict would change\n");
    const wide = await run(["diff", ...both, signed, "-o", "wide"], { answers: sides(denied, denied) });
    assert.match(wide.stdout, /deny \(NoValidSignature\)/);
  });

  it("prints json for programs", async () => {
    const { stdout } = await run(["diff", ...both, signed, "-o", "json"], { answers: sides(allowed, denied) });
    assert.deepEqual(JSON.parse(stdout), [
      {
        image: signed,
        changed: true,
        before: { verdict: "allow", summary: allowed.summary },
        after: { verdict: "deny", code: "NoValidSignature", summary: denied.summary },
      },
    ]);
  });

  it("reads each directory once, the old one first", async () => {
    const { opened } = await run(["diff", ...both, signed, unsigned]);
    assert.deepEqual(
      opened.map(({ manifests }) => manifests),
      ["old", "new"],
    );
  });

  for (const [given, advice] of [
    [[], "0 are given"],
    [["--manifests", "old"], "1 is given"],
    [[...both, "--manifests", "more"], "3 are given"],
  ] as const)
    it(`exits 64 where ${advice}`, async () => {
      const { exit, stderr } = await run(["diff", ...given, signed]);
      assert.equal(exit, 64);
      assert.ok(stderr.includes(advice) && stderr.includes("write --manifests OLD --manifests NEW"), stderr);
    });
});

describe("diff on a registry", () => {
  it("finds the image that a stricter policy would not allow any more, and says what it lacks", async () => {
    await using registry = await startRegistry();
    const key = createSigningKey();
    const image = registry.pushImage("acme/app", { seed: "app" });
    const artifact = signImage({ key, subject: image, repository: "acme/app", format: "bundle" });
    registry.pushReferrer("acme/app", image, {
      artifactType: artifact.artifactType,
      layers: artifact.blobs
        .filter((blob) => blob.mediaType === artifact.artifactType)
        .map((blob) => ({ mediaType: blob.mediaType, content: blob.bytes })),
    });
    const { host } = registry;
    const shared = [
      ...trust("release", key.publicKeyPem),
      store("production", { scopes: [host] }),
      authProvider("plain", { registries: [host], plainHTTPHosts: [host], type: "anonymous" }),
    ];
    const two = {
      apiVersion: "countersign.dev/v1alpha1",
      kind: "Policy",
      metadata: { name: "two" },
      spec: { scopes: ["*"], require: [{ verifierRef: { name: "release" }, atLeast: 2 }] },
    };
    const directories = await Promise.all([writeManifests(shared), writeManifests([...shared, two])]);
    try {
      const reference = `${host}/acme/app@${image.digest}`;
      const { code, stdout } = await countersign(["diff", ...directories.flatMap((directory) => ["--manifests", directory]), reference]);
      assert.equal(code, 1, stdout);
      assert.match(stdout, /^- allow: .* allowed by built-in policy/m);
      assert.match(stdout, /^\+ deny \(PolicyNotSatisfied\): .* denied by Policy\/two: needs 2 signers of Verifier\/release, has 1 /m);
    } finally {
      await Promise.all(directories.map((directory) => rm(directory, { recursive: true })));
    }
  });
});

async function countersign(args: readonly string[]): Promise<{ readonly code: number | null; readonly stdout: string }> {
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "inherit"], timeout: 60_000 });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const stdout = await text(child.stdout);
  return { code: await ended, stdout };
}
