import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { PolicyReport, Report } from "../../src/engine/report.ts";
import { nextTurn } from "../../src/kernel/clock.ts";
import { writeManifests } from "../e2e/files.ts";
import { authProvider, store, trust } from "../e2e/fixture.ts";
import { ManualClock } from "../support/clock.ts";
import { startRegistry } from "../support/registry.ts";
import { createSigningKey, signImage } from "../support/signer.ts";
import { digest, now, reports, signed, unknown, unsigned } from "./fixtures.ts";
import { run } from "./session.ts";

function reportOf(image: string): Report {
  const report = reports.get(image);
  if (report === undefined) throw new TypeError(`no report of ${image}`);
  return report;
}
function policyOf({ policies: [first] }: Report): PolicyReport {
  return first ?? assert.fail("no policy");
}
/** Answers as the old manifests would first, and as the new ones then: that is the order in which both are asked. */
function sides(before: Report, after: Report): { readonly verify: (image: string) => Promise<Report> } {
  const answers = [before, after];
  return { verify: (image) => Promise.resolve({ ...(answers.shift() ?? after), image }) };
}
const both = ["--manifests", "old", "--manifests", "new"] as const;
const [allowed, denied, open] = [
  { ...reportOf(signed), digest: digest("e") },
  { ...reportOf(unsigned), digest: digest("e") },
  reportOf(unknown),
];
const moved: Report = { ...allowed, digest: digest("f") };

describe("diff", () => {
  for (const [what, before, after, exit] of [
    ["an image that stays allowed", allowed, allowed, 0],
    ["an image that stays denied", denied, denied, 0],
    ["an image that would not be allowed any more", allowed, denied, 1],
    ["an image that would be in doubt", allowed, open, 1],
    ["an image that would be allowed", denied, allowed, 2],
    ["an image that stays in doubt", open, open, 2],
    ["a tag that would be another image", allowed, moved, 2],
    ["a doubt that a door would let in", open, { ...open, onInconclusive: "Allow" }, 2],
  ] as const satisfies readonly (readonly [string, Report, Report, number])[])
    it(`exits ${exit} for ${what}`, async () => {
      assert.equal((await run(["diff", ...both, signed], { answers: sides(before, after) })).exit, exit);
    });

  it("prints the two sentences of an image whose verdict would change, why it would, and the counts", async () => {
    const { stdout } = await run(["diff", ...both, signed], { answers: sides(allowed, denied) });
    assert.equal(
      stdout,
      `${signed}
- allow: ${allowed.summary}
+ deny (NoValidSignature): ${denied.summary}
  why: built-in policy denies, and allowed before: needs a valid signature by a trusted key

1 image: 1 lost, 0 gained, 0 unchanged, 0 failed
`,
    );
  });

  it("prints nothing of an image whose verdict stays, unless it is asked to", async () => {
    const { stdout } = await run(["diff", ...both, signed], { answers: sides(denied, denied) });
    assert.equal(stdout, "1 image: 0 lost, 0 gained, 1 unchanged, 0 failed\n");
    const wide = await run(["diff", ...both, signed, "-o", "wide"], { answers: sides(denied, denied) });
    assert.equal(wide.stdout, `${signed}\n  deny (NoValidSignature): ${denied.summary}\n\n${stdout}`);
  });

  it("says that a tag means another image to each side, though both allow", async () => {
    const { stdout } = await run(["diff", ...both, signed], { answers: sides(allowed, moved) });
    assert.match(stdout, /^ {2}note: it is another image: sha256:e{64} by the old manifests, sha256:f{64} by the new ones; /m);
    assert.match(stdout, /\n1 image: 0 lost, 0 gained, 1 changed otherwise, 0 unchanged, 0 failed\n$/);
  });

  it("says how many stay in doubt: that is why it does not exit 0", async () => {
    const { stdout } = await run(["diff", ...both, signed], { answers: sides(open, open) });
    assert.equal(stdout, "1 image: 0 lost, 0 gained, 1 unchanged, 0 failed; 1 inconclusive by the new manifests\n");
  });

  it("prints json for programs", async () => {
    const { stdout } = await run(["diff", ...both, signed, "-o", "json"], { answers: sides(allowed, denied) });
    assert.deepEqual(JSON.parse(stdout), {
      version: "v1",
      time: "2026-01-01T12:00:00.000Z",
      counts: { images: 1, lost: 1, gained: 0, other: 0, unchanged: 0, failed: 0, inconclusive: 0 },
      images: [
        {
          image: signed,
          change: "lost",
          reason: "built-in policy denies, and allowed before: needs a valid signature by a trusted key",
          before: { verdict: "allow", digest: digest("e"), summary: allowed.summary },
          after: { verdict: "deny", code: "NoValidSignature", digest: digest("e"), summary: denied.summary },
        },
      ],
    });
  });

  it("writes what a registry or an object says without effect on a terminal", async () => {
    const after: Report = { ...denied, summary: "\u001b[2Jdenied", policies: [{ ...policyOf(denied), reason: "\u001b[31m\u202e" }] };
    const { stdout } = await run(["diff", ...both, signed], { answers: sides(allowed, after) });
    assert.ok(stdout.includes("\\u001b[2Jdenied") && stdout.includes("\\u001b[31m\\u202e"), stdout);
    assert.ok(!stdout.includes("\u001b") && !stdout.includes("\u202e"));
  });

  it("reads each directory once, the old one first, and judges both sides as of one moment", async () => {
    const clock = new ManualClock(now);
    const verify = async (image: string): Promise<Report> => {
      await clock.advance(1);
      return { ...allowed, image };
    };
    const { opened, requests } = await run(["diff", ...both, signed, unsigned], { clock, answers: { verify } });
    assert.deepEqual(
      opened.map(({ manifests }) => manifests),
      ["old", "new"],
    );
    assert.deepEqual(
      requests.map(({ at }) => at),
      [now, now, now, now],
    );
  });

  it("asks about eight images at a time, and by both sides at once", async () => {
    let [going, most] = [0, 0];
    const verify = async (image: string): Promise<Report> => {
      going += 1;
      most = Math.max(most, going);
      await nextTurn();
      going -= 1;
      return { ...allowed, image };
    };
    const images = Array.from({ length: 50 }, (_, at) => `acme.io/app:${at}`);
    assert.equal((await run(["diff", ...both, ...images], { answers: { verify } })).exit, 0);
    assert.equal(most, 16);
  });

  it("says on a terminal how far it is", async () => {
    const { stderr } = await run(["diff", ...both, signed, unsigned], { terminal: true, colour: false });
    assert.equal(stderr, `${[1, 2].map((at) => `\r\u001b[Kcomparing ${at} of 2…`).join("")}\r\u001b[K`);
  });

  it("counts an image of which nothing could be found out as failed, and one that is lost weighs more", async () => {
    const none = await run(["diff", ...both, "acme.io/none:1", "-o", "json"]);
    const { counts, images } = JSON.parse(none.stdout) as { readonly counts: object; readonly images: readonly object[] };
    assert.equal(none.exit, 70);
    assert.deepEqual(counts, { images: 1, lost: 0, gained: 0, other: 0, unchanged: 0, failed: 1, inconclusive: 0 });
    assert.partialDeepStrictEqual(images, [{ image: "acme.io/none:1", change: "failed" }]);
    assert.match(none.stderr, /^error: Cannot compare "acme\.io\/none:1" \(CLI_VERIFY_FAILED\)\n/);
    const answers = [allowed, denied];
    const verify = async (image: string): Promise<Report> => answers.shift() ?? assert.fail(image);
    const lost = await run(["diff", ...both, signed, "acme.io/none:1"], { answers: { verify } });
    assert.equal(lost.exit, 1);
    assert.match(lost.stdout, /\n2 images: 1 lost, 0 gained, 0 unchanged, 1 failed\n$/);
  });

  it("counts an image on which neither side answers in time as failed, and not as unchanged", async () => {
    const clock = new ManualClock(now);
    const asked = Promise.withResolvers<void>();
    const verify = async (image: string): Promise<Report> => {
      asked.resolve();
      await new Promise(() => {});
      return { ...allowed, image };
    };
    const running = run(["diff", ...both, signed], { clock, answers: { verify } });
    await asked.promise;
    await clock.advance(31_000);
    const { exit, stdout, stderr } = await running;
    assert.deepEqual([exit, stdout], [70, "1 image: 0 lost, 0 gained, 0 unchanged, 1 failed\n"]);
    assert.match(stderr, /^error: No answer within 30s while comparing ".*" \(CLI_TIMEOUT\)\n/);
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
