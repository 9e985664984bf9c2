import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
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
    assert.equal((JSON.parse(String(check.stdout)) as readonly unknown[]).length, 8);
    // The Kubernetes client is a chunk that is loaded only now; there is no cluster to be found.
    const cluster = run("get", "stores", "--kubeconfig", "absent");
    assert.equal(cluster.status, 64, String(cluster.stderr));
    assert.match(String(cluster.stderr), /^error: /);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

test("an expression is evaluated by the bundle's own worker, and what starts first has no CEL in it", () => {
  const directory = mkdtempSync(join(tmpdir(), "countersign-bundle-"));
  try {
    execFileSync(process.execPath, ["scripts/bundle.ts", directory, "test/compute/evaluate-one.ts"], { cwd: root, stdio: "pipe" });
    const { stdout, stderr } = spawnSync(process.execPath, [join(directory, "evaluate-one.mjs"), "evidence.exists(e, e.size % 2 == 0)"], {
      cwd: tmpdir(),
      env: {},
      encoding: "utf8",
      timeout: 60_000,
    });
    assert.equal(stdout, "true\n", stderr);
    const isCel = (file: string): boolean => readFileSync(join(directory, file), "utf8").includes("found no matching overload for");
    assert.ok(readdirSync(directory).some(isCel));
    const first = staticImports(directory, "main.mjs");
    assert.ok(first.length > 1);
    assert.deepEqual(first.filter(isCel), []);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});

/** A file of the bundle and all that is loaded with it. */
function staticImports(directory: string, entry: string): readonly string[] {
  const found = new Set([entry]);
  for (const file of found) {
    const text = readFileSync(join(directory, file), "utf8");
    for (const [, name = ""] of text.matchAll(/(?:from|import)"\.\/([^"]+)"/g)) found.add(name);
  }
  return [...found];
}

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
