import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { golden } from "../support/txtar.ts";
import { run } from "./session.ts";

const goldenFile = (name: string): string => new URL(`../golden/cli/${name}`, import.meta.url).pathname;
const all = (name: string): string => `"countersign${name} --help" lists what there is`;

describe("runCli()", () => {
  for (const [name, argv] of [
    ["help.txt", ["--help"]],
    ["help-verify.txt", ["verify", "--help"]],
    ["help-serve.txt", ["serve", "--help"]],
  ] as const) {
    it(`prints ${name} on standard output and exits 0`, async () => {
      const { stdout, stderr, exit } = await run(argv);
      assert.equal(stdout, golden(goldenFile(name), stdout));
      assert.deepEqual({ stderr, exit }, { stderr: "", exit: 0 });
    });
  }

  it("prints help on standard error and exits 64 where no command is given", async () => {
    const { stdout, stderr, exit } = await run([]);
    assert.deepEqual({ stdout, exit }, { stdout: "", exit: 64 });
    assert.match(stderr, /^Usage: countersign /);
  });

  const refused: readonly (readonly [argv: readonly string[], message: string, advice: string])[] = [
    [["verif", "a/b"], "Unknown command 'verif'", `did you mean verify? ${all("")}`],
    [["frobnicate"], "Unknown command 'frobnicate'", all("")],
    [["check", "--manifest", "m"], "Unknown option '--manifest'", `did you mean --manifests? ${all(" check")}`],
    [["check", "--zzz"], "Unknown option '--zzz'", all(" check")],
    [["verify"], "There is no image to verify", "name one, or write one a line to standard input"],
    [["check", "x"], "Too many arguments for 'check'. Expected 0 arguments but got 1: x", all(" check")],
    [["check", "--manifests"], "Option '--manifests <DIR>' argument missing", all(" check")],
    [["check", "--\u001b[2J"], "Unknown option '--\\u001b[2J'", all(" check")],
  ];
  for (const [argv, message, advice] of refused) {
    it(`exits 64 for "${argv.join(" ").replaceAll("\u001b", "ESC")}" and names the nearest valid thing`, async () => {
      const { stdout, stderr, exit } = await run(argv);
      assert.deepEqual(
        { stdout, stderr, exit },
        { stdout: "", stderr: `error: ${message} (CLI_USAGE)\nwhat to do: ${advice}\n`, exit: 64 },
      );
    });
  }

  it("prints the version", async () => {
    assert.deepEqual([(await run(["version"])).stdout, (await run(["--version"])).stdout], ["countersign 0.1.0\n", "0.1.0\n"]);
    assert.deepEqual(JSON.parse((await run(["version", "-o", "json"])).stdout), { name: "countersign", version: "0.1.0" });
  });
});

describe("serve", () => {
  it("is given its defaults", async () => {
    const { served, exit } = await run(["serve"]);
    assert.deepEqual(
      { served, exit },
      { served: [{ namespace: "countersign-system", healthPort: 8080, logLevel: "info", watchImages: [], once: false }], exit: 0 },
    );
  });

  it("is given what the command line says", async () => {
    const { served } = await run([
      "serve",
      "--manifests",
      "m",
      "--watch-image",
      "a/b",
      "--watch-image",
      "c/d",
      "--once",
      "--health-port",
      "0",
      "--log-level",
      "warn",
    ]);
    assert.deepEqual(served, [
      { manifests: "m", namespace: "countersign-system", healthPort: 0, logLevel: "warn", watchImages: ["a/b", "c/d"], once: true },
    ]);
  });

  it("applies CRDs to a cluster", async () =>
    assert.equal((await run(["serve", "--apply-crds", "config/crd"])).served[0]?.applyCrds, "config/crd"));

  const refused: readonly (readonly [argv: readonly string[], message: string])[] = [
    [["--once"], "--once works with --manifests only"],
    [["--watch-image", "a/b"], "--watch-image works with --manifests only"],
    [["--health-port", "65536"], '--health-port: "65536" is no port'],
    [["--health-port", "-1"], '--health-port: "-1" is no port'],
    [["--log-level", "warning"], '--log-level does not know "warning"'],
    [["--manifests", "m", "--apply-crds", "c"], "Option '--apply-crds <DIR>' cannot be used with option '--manifests <DIR>'"],
  ];
  for (const [argv, message] of refused) {
    it(`is refused with 64: ${message}`, async () => {
      const { served, stderr, exit } = await run(["serve", ...argv]);
      assert.deepEqual({ served, exit, first: stderr.split("\n")[0] }, { served: [], exit: 64, first: `error: ${message} (CLI_USAGE)` });
    });
  }
});
