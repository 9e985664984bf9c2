import assert from "node:assert/strict";
import { rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { ReportDocument } from "../../src/cli/report-document.ts";
import type { Discovery } from "../../src/engine/discovery.ts";
import { object } from "../api/objects.ts";
import { createSigningKey } from "../support/signer.ts";
import { createManifests, manifest, type Manifests, run } from "./fixture.ts";
import { LayoutDirectory } from "./layout-fixture.ts";

/** A Verifier of the layout's key, and what else is given; the Store that is there must never be asked. */
async function manifestsFor(layout: LayoutDirectory, ...more: readonly object[]): Promise<Manifests> {
  const manifests = await createManifests();
  await manifests.write(
    "all.yaml",
    manifest("Store", "elsewhere", { scopes: ["*"], type: "registry" }),
    manifest("Verifier", "release", { type: "cosign", cosign: { keyProviderRefs: [{ name: "release-keys" }] } }),
    manifest("KeyProvider", "release-keys", { type: "inline", inline: { keys: [{ name: "alice", publicKey: layout.key.publicKeyPem }] } }),
    ...more,
  );
  return manifests;
}
const needs = (verifier: string): object => ({ require: [{ verifierRef: { name: verifier } }] });
const policy = (name: string, spec: object): object =>
  manifest("Policy", name, { scopes: ["registry.acme.io"], ...needs("release"), ...spec });

async function verify(
  argv: readonly string[],
  manifests: Manifests,
): Promise<{ readonly exit: number; readonly report: ReportDocument; readonly stderr: string }> {
  const { exit, stdout, stderr } = await run(["verify", "--manifests", manifests.directory, "-o", "json", ...argv]);
  return { exit, stderr, report: (stdout === "" ? {} : JSON.parse(stdout)) as ReportDocument };
}

describe("verify oci:DIR", () => {
  for (const format of ["legacy", "referrers", "bundle"] as const) {
    it(`allows the only image of a directory that is signed (${format}), and asks nothing but the directory`, async () => {
      await using layout = await LayoutDirectory.create();
      const image = await layout.push("web", "1.4");
      await layout.sign(image, { format });
      await using manifests = await manifestsFor(layout);
      const { exit, report } = await verify([`oci:${layout.path}`], manifests);
      assert.equal(exit, 0);
      assert.deepEqual(
        [report.subject, report.digest, report.stores.map(({ location, outcome }) => ({ location, outcome }))],
        [`oci:${layout.path}@${image.digest}`, image.digest, [{ location: `layout:${layout.path}`, outcome: "Complete" }]],
      );
      assert.match(report.summary, new RegExp(`^oci:${layout.path}@sha256:[0-9a-f]+… allowed by built-in policy: `));
    });
  }

  it("denies one that is not, and one that another key signed", async () => {
    await using layout = await LayoutDirectory.create();
    const image = await layout.push("web");
    await using manifests = await manifestsFor(layout);
    assert.equal((await verify([`oci:${layout.path}`], manifests)).exit, 1);
    await layout.sign(image, { key: createSigningKey() });
    const { exit, report } = await verify([`oci:${layout.path}`], manifests);
    assert.deepEqual([exit, report.code, report.complete], [1, "NoValidSignature", true]);
  });

  it("judges the image that a digest names, and not its neighbour", async () => {
    await using layout = await LayoutDirectory.create();
    const [signed, unsigned] = [await layout.push("signed", "1"), await layout.push("unsigned", "2")];
    await layout.sign(signed);
    await using manifests = await manifestsFor(layout);
    assert.equal((await verify([`oci:${layout.path}@${signed.digest}`], manifests)).exit, 0);
    assert.equal((await verify([`oci:${layout.path}@${unsigned.digest}`], manifests)).exit, 1);
  });

  it("applies every policy, whatever its scopes, unless it is told whose scopes count", async () => {
    await using layout = await LayoutDirectory.create();
    await layout.sign(await layout.push("web"));
    const strict = policy("strict", {
      scopes: ["registry.acme.io/strict"],
      require: [{ verifierRef: { name: "release" }, atLeast: 2, count: "Signers" }],
    });
    await using manifests = await manifestsFor(layout, policy("plain", {}), strict);
    const names = ({ report }: { readonly report: ReportDocument }): string =>
      report.policies.map(({ name, verdict }) => `${name} ${verdict}`).join(", ");
    const every = await verify([`oci:${layout.path}`], manifests);
    assert.deepEqual([every.exit, names(every)], [1, "Policy/plain allow, Policy/strict deny, built-in policy allow"]);
    const named = await verify([`oci:${layout.path}`, "--as", "registry.acme.io/team/web:1.4"], manifests);
    assert.deepEqual([named.exit, names(named)], [0, "Policy/plain allow"]);
    const other = await verify([`oci:${layout.path}`, "--as", "registry.acme.io/strict/web"], manifests);
    assert.deepEqual([other.exit, names(other)], [1, "Policy/plain allow, Policy/strict deny"]);
  });

  it("applies the built-in policy too, unless a Policy of every image stands in its place: that another image has a lenient one allows nothing", async () => {
    await using layout = await LayoutDirectory.create();
    await layout.push("web");
    const lenient = { require: [{ expression: "true" }] };
    const rows: readonly (readonly [object, string])[] = [
      [{ ...lenient, scopes: ["registry.acme.io/sandbox"] }, "1 NoValidSignature"],
      [{ ...lenient, scopes: ["*"], excludeScopes: ["registry.acme.io/prod"] }, "1 NoValidSignature"],
      [{ ...lenient, scopes: ["*"], enforcement: "Warn" }, "1 NoValidSignature"],
      [{ ...lenient, scopes: ["*"] }, "0 undefined"],
    ];
    for (const [spec, word] of rows) {
      await using manifests = await manifestsFor(layout, policy("lenient", spec));
      const { exit, report } = await verify([`oci:${layout.path}`], manifests);
      assert.equal(`${exit} ${report.code}`, word, JSON.stringify(spec));
    }
  });

  it("lets no exception and no excluded scope through that may be meant for another image", async () => {
    await using layout = await LayoutDirectory.create();
    await layout.push("web");
    const lenient = {
      excludeScopes: ["registry.acme.io/sandbox"],
      exceptions: [{ scopes: ["registry.acme.io/legacy"], expirationTime: "2099-01-01T00:00:00Z", reason: "old" }],
    };
    await using manifests = await manifestsFor(layout, policy("plain", lenient));
    assert.equal((await verify([`oci:${layout.path}`], manifests)).exit, 1);
    assert.equal((await verify([`oci:${layout.path}`, "--as", "registry.acme.io/legacy/web"], manifests)).exit, 0);
  });

  it("asks Verifiers whatever their scopes, and with --as those whose scopes match", async () => {
    await using layout = await LayoutDirectory.create();
    await layout.sign(await layout.push("web"));
    const scoped = manifest("Verifier", "scoped", {
      scopes: ["registry.acme.io/team"],
      type: "cosign",
      cosign: { keyProviderRefs: [{ name: "release-keys" }] },
    });
    await using manifests = await manifestsFor(layout, scoped, policy("plain", needs("scoped")));
    assert.equal((await verify([`oci:${layout.path}`], manifests)).exit, 0);
    assert.equal((await verify([`oci:${layout.path}`, "--as", "registry.acme.io/team/web"], manifests)).exit, 0);
    assert.notEqual((await verify([`oci:${layout.path}`, "--as", "registry.acme.io/other/web"], manifests)).exit, 0);
  });

  it("judges as a pod's namespace would", async () => {
    await using layout = await LayoutDirectory.create();
    await layout.sign(await layout.push("web"));
    const own = object(
      "NamespacedPolicy",
      { scopes: ["registry.acme.io"], require: [{ verifierRef: { kind: "Verifier", name: "release" }, atLeast: 2, count: "Signers" }] },
      "own",
    );
    await using manifests = await manifestsFor(layout, own);
    assert.equal((await verify([`oci:${layout.path}`], manifests)).exit, 0);
    const { exit, report } = await verify([`oci:${layout.path}`, "--in-namespace", "team-a"], manifests);
    assert.deepEqual([exit, report.policies.at(-1)?.name], [1, "NamespacedPolicy/team-a/own"]);
    assert.equal((await verify([`oci:${layout.path}`, "--in-namespace", "team-b"], manifests)).exit, 0);
  });

  it("lists what there is where nobody says which, and refuses what is not there", async () => {
    await using layout = await LayoutDirectory.create();
    await using manifests = await manifestsFor(layout);
    const refused = async (argument: string): Promise<readonly [number, string]> => {
      const { exit, stderr } = await verify([argument], manifests);
      return [exit, stderr];
    };
    assert.deepEqual(await refused(`oci:${layout.path}`), [
      64,
      `error: "${layout.path}" holds no image (CLI_LAYOUT)\nwhat to do: copy one into it, with what is attached to it\n`,
    ]);
    const [first, second] = [await layout.push("one", "1.4"), await layout.push("two")];
    await layout.sign(first, { format: "referrers" });
    assert.deepEqual(await refused(`oci:${layout.path}`), [
      64,
      `error: "${layout.path}" holds 2 images: ${first.digest} (1.4), ${second.digest} (CLI_LAYOUT)\nwhat to do: say which: oci:${layout.path}@${first.digest}\n`,
    ]);
    const absent = `sha256:${"0".repeat(64)}`;
    assert.deepEqual(await refused(`oci:${layout.path}@${absent}`), [
      64,
      `error: oci:${layout.path} has no manifest ${absent} (CLI_LAYOUT)\nwhat to do: "countersign resolve oci:${layout.path}" says what it has\n`,
    ]);
    const [exit, stderr] = await refused(`oci:${layout.path}/nowhere`);
    assert.equal(exit, 64);
    assert.match(
      stderr,
      /^error: ".*\/nowhere" cannot be read as an image layout \(CLI_LAYOUT\)\nbecause: The image layout does not exist, or has no file oci-layout \(STORE_NOT_FOUND\)\n/,
    );
  });

  it("does not follow a link out of the directory", async () => {
    await using layout = await LayoutDirectory.create();
    await using other = await LayoutDirectory.create();
    await layout.push("web");
    await rename(join(layout.path, "index.json"), join(other.path, "moved.json"));
    await symlink(join(other.path, "moved.json"), join(layout.path, "index.json"));
    await using manifests = await manifestsFor(layout);
    const { exit, stderr } = await verify([`oci:${layout.path}`], manifests);
    assert.equal(exit, 64);
    assert.match(stderr, /has a symbolic link that leads out of it \(STORE_UNSAFE_ENDPOINT\)/);
  });

  it("is inconclusive about a directory that breaks while it is read", async () => {
    await using layout = await LayoutDirectory.create();
    const image = await layout.push("web");
    const signature = await layout.sign(image);
    await writeFile(join(layout.path, "blobs", "sha256", signature.digest.slice("sha256:".length)), "{}");
    await using manifests = await manifestsFor(layout);
    assert.notEqual((await verify([`oci:${layout.path}@${image.digest}`], manifests)).exit, 0);
  });
});

describe("resolve and discover oci:DIR", () => {
  it("say which image is there, and what is attached to it, without any manifest", async () => {
    await using layout = await LayoutDirectory.create();
    await using manifests = await createManifests();
    const image = await layout.push("web", "1.4");
    const signature = await layout.sign(image, { format: "referrers" });
    const print = async (...argv: readonly string[]): Promise<readonly [number, unknown]> => {
      const { exit, stdout } = await run([...argv, "--manifests", manifests.directory, "-o", "json"]);
      return [exit, JSON.parse(stdout)];
    };
    assert.deepEqual(await print("resolve", `oci:${layout.path}`), [
      0,
      {
        image: `oci:${layout.path}@${image.digest}`,
        outcome: "resolved",
        digest: image.digest,
        summary: `oci:${layout.path} holds ${image.digest}`,
        stores: [],
      },
    ]);
    const [exit, found] = await print("discover", `oci:${layout.path}`);
    assert.deepEqual([exit, (found as Discovery).artifacts.map(({ digest }) => digest)], [0, [signature.digest]]);
    const absent = `oci:${layout.path}@sha256:${"0".repeat(64)}`;
    assert.equal((await print("resolve", absent))[0], 1);
    assert.equal((await print("discover", absent))[0], 1);
  });
});
