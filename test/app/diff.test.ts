import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createManifests, createSetting, manifest, run, type Setting } from "./fixture.ts";

const ended = Date.UTC(2026, 0, 31);
/** Allows nobody but by its exception. */
const exempting = manifest("Policy", "two", {
  scopes: ["*"],
  require: [{ verifierRef: { name: "release" }, atLeast: 2 }],
  exceptions: [{ scopes: ["*"], expirationTime: new Date(ended).toISOString(), reason: "SEC-142" }],
});

let setting: Setting;
before(async () => {
  setting = await createSetting();
});
after(() => setting?.[Symbol.asyncDispose]());

describe("diff", () => {
  it("judges both sides as of the moment at which it began: an exception that has ended since holds for both", async () => {
    const { directory } = setting.manifests;
    await setting.manifests.write("policy.yaml", exempting);
    try {
      const diff = async (now: number) =>
        run(["diff", "--manifests", directory, "--manifests", directory, setting.unsigned, "-o", "json"], { now: () => now });
      const verdicts = async (now: number): Promise<unknown> => {
        const { images } = JSON.parse((await diff(now)).stdout) as { readonly images: readonly Record<"before" | "after", object>[] };
        return images.map((image) => [image.before, image.after].map((side) => ("verdict" in side ? side.verdict : side)));
      };
      assert.deepEqual(await verdicts(ended - 1), [["allow", "allow"]]);
      assert.deepEqual(await verdicts(ended), [["deny", "deny"]]);
    } finally {
      await setting.manifests.write("policy.yaml");
    }
  });

  it("notices that the new manifests take a tag from a mirror where it means another image", async () => {
    const { registry, manifests } = setting;
    registry.pushImage("mirror/web", { seed: "unsigned", tag: "signed" });
    const { host } = registry;
    await using next = await createManifests();
    await next.write(
      "all.yaml",
      manifest("Store", "local", {
        scopes: [host],
        type: "registry",
        registry: { rewrite: [{ from: `${host}/team`, to: `${host}/mirror` }] },
      }),
      manifest("AuthProvider", "nobody", { registries: [host], plainHTTPHosts: [host], type: "anonymous" }),
      manifest("Verifier", "release", { type: "cosign", cosign: { keyProviderRefs: [{ name: "release-keys" }] } }),
    );
    const tag = `${host}/team/web:signed`;
    const { exit, stdout } = await run(["diff", "--manifests", manifests.directory, "--manifests", next.directory, tag]);
    assert.equal(exit, 1, stdout);
    const digestOf = (image: string): string => image.slice(image.indexOf("@") + 1);
    const [old, other] = [digestOf(setting.signed), digestOf(setting.unsigned)];
    assert.ok(stdout.includes(`  note: it is another image: ${old} by the old manifests, ${other} by the new ones; `), stdout);
  });
});

describe("the binary", () => {
  it("compares the images of a file by two directories, with a registry that answers, and exits 1 for one that is lost", async () => {
    const { manifests, registry, signed, unsigned } = setting;
    const directory = await mkdtemp(join(tmpdir(), "countersign-diff-"));
    await using next = await createManifests();
    const list = join(directory, "images.txt");
    await writeFile(list, `# what runs\n${signed}\n${unsigned} # not signed\n${signed}\n`);
    await next.write(
      "all.yaml",
      manifest("Store", "local", { scopes: [registry.host], type: "registry" }),
      manifest("AuthProvider", "nobody", { registries: [registry.host], plainHTTPHosts: [registry.host], type: "anonymous" }),
      manifest("Policy", "two", { scopes: ["*"], require: [{ verifierRef: { name: "gone" }, atLeast: 2 }] }),
    );
    try {
      const directories = ["--manifests", manifests.directory, "--manifests", next.directory];
      const { code, stdout, stderr } = await countersign(["diff", ...directories, "--images-from", list]);
      assert.equal(code, 1, stderr);
      assert.match(stdout, /^ {2}why: Policy\/two applies now: .*gone/m);
      assert.match(
        stdout,
        /\n2 images: 1 lost, 0 gained, 1 changed otherwise, 0 unchanged, 0 failed; 2 inconclusive by the new manifests\n$/,
      );
      const piped = await countersign(["diff", ...directories, "--images-from", "-", "-o", "json"], `${unsigned}\n`);
      assert.equal(piped.code, 2, piped.stderr);
      assert.partialDeepStrictEqual(JSON.parse(piped.stdout), { counts: { images: 1, lost: 0, other: 1 } });
      const missing = await countersign(["diff", ...directories, "--images-from", join(directory, "none")]);
      assert.deepEqual([missing.code, missing.stdout], [64, ""]);
      assert.match(missing.stderr, /^error: ".*none" cannot be read: there is no such file or directory \(ENOENT\) \(INPUT_UNREADABLE\)\n/);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});

async function countersign(
  args: readonly string[],
  stdin = "",
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, ...args], { stdio: "pipe", timeout: 60_000 });
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  child.stdin.on("error", () => {
    // It may end without having read it.
  });
  child.stdin.end(stdin);
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await closed, stdout, stderr };
}
