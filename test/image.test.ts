import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dockerfile = readFileSync(`${root}Dockerfile`, "utf8");

test("the bundle of the image runs where there is nothing but Node.js, from a directory of its own", () => {
  const directory = mkdtempSync(join(tmpdir(), "countersign-bundle-"));
  try {
    execFileSync(process.execPath, ["scripts/bundle.ts", directory], { cwd: root, stdio: "pipe" });
    const run = (...args: readonly string[]): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, [join(directory, "main.mjs"), ...args], { cwd: directory, env: {}, encoding: "utf8", timeout: 30_000 });
    assert.match(String(run("version").stdout), /^countersign \d+\.\d+\.\d+\n$/);
    const check = run("check", "--manifests", `${root}demo/manifests`, "-o", "json");
    assert.equal(check.status, 0, String(check.stderr));
    assert.equal((JSON.parse(String(check.stdout)) as readonly unknown[]).length, 7);
    // The Kubernetes client is a chunk that is loaded only now; there is no cluster to be found.
    const cluster = run("get", "stores", "--kubeconfig", "absent");
    assert.equal(cluster.status, 64, String(cluster.stderr));
    assert.match(String(cluster.stderr), /^error: /);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("the Dockerfile's stages copy what the bundle needs, and end without root, shell or write access", () => {
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources = ""]) => sources.split(" "));
  for (const source of ["package.json", "package-lock.json", ".npmrc", "scripts/", "src/"]) assert.ok(copied.includes(source), source);
  const final = dockerfile.slice(dockerfile.lastIndexOf("FROM "));
  assert.match(final, /^FROM \S*distroless\S*:nonroot$/m);
  assert.match(final, /^USER 65532:65532$/m);
  assert.match(final, /^ENTRYPOINT \["/m);
  assert.equal(/^RUN /m.test(final), false);
  for (const line of dockerfile.matchAll(/^(RUN|CMD|ENTRYPOINT) (.*)$/gm))
    assert.match(line[2] ?? "", /^\[/, `${line[1]} runs without a shell`);
});
