import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
function run(args: readonly string[], onOutput: (stdout: string, end: () => void) => void = () => {}): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [`${root}demo/run.ts`, ...args], { cwd: root, timeout: 60_000 });
    let stdout = "";
    let stderr = "";
    let interrupted = false;
    child.stdout.on("data", (chunk) => {
      stdout += String(chunk);
      onOutput(stdout, () => {
        // A second one would mean "now".
        if (!interrupted) child.kill("SIGINT");
        interrupted = true;
      });
    });
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

test("make run ARGS=--once shows three stores, an allowed and a denied image, and ends with 0", async () => {
  const { code, stdout, stderr } = await run(["--once"]);
  assert.deepEqual([code, stderr], [0, ""]);
  const cells = stdout.split("\n").map((line) => line.split(/ {2,}/).slice(0, 3));
  assert.deepEqual(cells.slice(0, 4), [
    ["NAME", "READY", "REASON"],
    ["no-credential", "False", "AuthenticationFailed"],
    ["offsite", "False", "ConnectionRefused"],
    ["production", "True", "Succeeded"],
  ]);
  assert.match(stdout, /demo\/app:signed +allow +production /);
  assert.match(stdout, /demo\/app:unsigned +deny \(NoValidSignature\) +- /);
  assert.match(stdout, /demo\/payments:signed +deny \(PolicyNotSatisfied\) +production +Policy\/two-people: needs 2 signers/);
  assert.match(
    stdout,
    /127\.0\.0\.1:15051\/demo\/payments@sha256:[0-9a-f]{12}… denied by Policy\/two-people: needs 2 signers of Verifier\/release-signature, has 1 \(KeyProvider\/demo key "release"\); asked stores no-credential \(.*\), offsite \(ConnectionRefused: .*\), production \(1 artifact\)\.\n/,
  );
  assert.match(stdout, /The demo's registry has ended with this/, "what is suggested needs a registry that runs");
  assert.equal(stdout.includes("\u001b"), false, "no cursor tricks where there is no terminal");
});

test("make run keeps watching, and ends with 0 at Ctrl-C", async () => {
  const { code, stdout } = await run([], (text, end) => {
    if (text.includes("Ctrl-C")) end();
  });
  assert.equal(code, 0);
  assert.match(stdout, /production +True/);
});

test("make run MODE=other says what there is", async () => {
  const { code, stderr } = await run(["--mode=other"]);
  assert.equal(code, 64);
  assert.match(stderr, /MODE=other is not known/);
});
