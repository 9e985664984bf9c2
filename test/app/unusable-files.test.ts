import assert from "node:assert/strict";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { ReportDocument } from "../../src/cli/report-document.ts";
import { createManifests, createSetting, manifest, type Manifests, run, type Setting } from "./fixture.ts";

let setting: Setting;
before(async () => {
  setting = await createSetting();
});
after(() => setting?.[Symbol.asyncDispose]());

/** The objects by which the signed image is allowed, and a file beside them. */
async function beside(name: string, text: string): Promise<Manifests> {
  const manifests = await createManifests();
  await cp(join(setting.manifests.directory, "all.yaml"), join(manifests.directory, "all.yaml"));
  await mkdir(join(manifests.directory, name, ".."), { recursive: true });
  await writeFile(join(manifests.directory, name), text);
  return manifests;
}
async function verify(manifests: Manifests, image: string): Promise<{ readonly exit: number; readonly report: ReportDocument }> {
  const { exit, stdout } = await run(["verify", "--manifests", manifests.directory, image, "-o", "json"]);
  return { exit, report: JSON.parse(stdout) as ReportDocument };
}

const strict = JSON.stringify(manifest("Policy", "strict", { scopes: ["*"], require: [{ verifierRef: { name: "gone" } }] }));
const lenient = JSON.stringify(manifest("Policy", "strict", { scopes: ["*"], require: [{ verifierRef: { name: "release" } }] }));
const unusable: readonly (readonly [what: string, name: string, text: string, problem: RegExp])[] = [
  ["is no YAML", "strict.yaml", `${strict}\n]`, /strict\.yaml: .*nothing of the file is used/],
  ["has one object of an API that there is not", "strict.yaml", strict.replace("v1alpha1", "v1alpha2"), /apiVersion .* is not known/],
  ["has one object without a name", "strict.yaml", `${strict}\n---\nkind: Policy\napiVersion: v1\n`, /Policy has no metadata\.name/],
  ["has an object of a name twice", "strict.yaml", `${lenient}\n---\n${strict}`, /Policy\/strict is in .* already/],
  ["lies too deep", "1/2/3/4/5/6/7/8/9/strict.yaml", strict, /is more than 8 directories deep/],
];

describe("verify, where a file of the manifests cannot be used", () => {
  for (const [what, name, text, problem] of unusable)
    it(`allows nothing while a file ${what}: a policy may stand in it`, async () => {
      await using manifests = await beside(name, text);
      const { exit, report } = await verify(manifests, setting.signed);
      assert.deepEqual([exit, report.verdict, report.code], [2, "inconclusive", "PolicyInvalid"]);
      assert.match(report.summary, problem);
    });

  it("denies all the same what another policy denies", async () => {
    await using manifests = await beside("strict.yaml", "]");
    await manifests.write(
      "no.yaml",
      manifest("Policy", "no", { scopes: ["*"], require: [{ verifierRef: { name: "release" }, atLeast: 2 }] }),
    );
    const { exit, report } = await verify(manifests, setting.signed);
    assert.deepEqual([exit, report.code], [1, "PolicyNotSatisfied"]);
  });

  it("says nothing of files that are none of ours", async () => {
    await using manifests = await beside(
      "kustomization.yaml",
      "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [all.yaml]\n",
    );
    await writeFile(join(manifests.directory, "deployment.yaml"), "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n");
    await writeFile(join(manifests.directory, "README.md"), "]");
    assert.equal((await verify(manifests, setting.signed)).exit, 0);
  });

  it("gives the same verdict when it is replayed", async () => {
    await using manifests = await beside("strict.yaml", "]");
    const tape = join(manifests.directory, "tape.json.tape");
    const recorded = await run(["verify", "--manifests", manifests.directory, "--record", tape, setting.signed]);
    const replayed = await run(["verify", "--replay", tape]);
    assert.deepEqual([recorded.exit, replayed.exit], [2, 2]);
    assert.match(replayed.stdout, /PolicyInvalid/);
  });
});
