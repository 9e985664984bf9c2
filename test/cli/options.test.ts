import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CliError } from "../../src/cli/cli-error.ts";
import { parseTimeout } from "../../src/cli/options.ts";
import { run } from "./session.ts";

describe("parseTimeout()", () => {
  const good: readonly (readonly [text: string, ms: number])[] = [
    ["30s", 30_000],
    ["500ms", 500],
    ["1m30s", 90_000],
    ["1h", 3_600_000],
    ["1ms", 1],
  ];
  for (const [text, ms] of good) it(`takes ${text} for ${ms} ms`, () => assert.equal(parseTimeout(text), ms));

  const bad: readonly (readonly [text: string, why: string])[] = [
    ["", "nothing"],
    ["30", "no unit"],
    ["0s", "no time at all"],
    ["-1s", "time does not run back"],
    ["1h1ms", "more than an hour"],
    ["99999999s", "more digits than are read"],
    ["1d", "a unit that it does not know"],
    ["30s ", "something behind it"],
  ];
  for (const [text, why] of bad) it(`refuses "${text}": ${why}`, () => assert.throws(() => parseTimeout(text), CliError));
});

describe("the common options", () => {
  it("reach the composition as they were given", async () => {
    const { opened } = await run(["check", "--manifests", "m", "--namespace", "team-a", "--file-root", "/etc/x"]);
    assert.deepEqual(opened, [{ manifests: "m", namespace: "team-a", fileRoot: "/etc/x" }]);
  });

  it("default to the operator's namespace and to the kubeconfig that kubectl finds", async () => {
    const { opened } = await run(["check"]);
    assert.deepEqual(opened, [{ namespace: "countersign-system" }]);
  });

  const refused: readonly (readonly [argv: readonly string[], message: string, advice: string])[] = [
    [["check", "--manifests", ""], "--manifests is empty", "give --manifests a path, or leave it out"],
    [
      ["check", "--namespace", "Team/A"],
      '--namespace: "Team/A" cannot be a namespace',
      "write at most 63 lower-case letters, digits and hyphens",
    ],
    [["check", "--timeout", "30"], '--timeout does not understand "30"', "write the unit: 30s or 30ms"],
    [["check", "-o", "yml"], '--output does not know "yml"', "write yaml (there are table, json, yaml)"],
    [["check", "-o", "wide"], '--output does not know "wide"', "write one of table, json, yaml"],
    [
      ["check", "--manifests", "m", "--kubeconfig", "k"],
      "Option '--kubeconfig <FILE>' cannot be used with option '--manifests <DIR>'",
      '"countersign check --help" lists what there is',
    ],
  ];
  for (const [argv, message, advice] of refused) {
    it(`are refused with 64 and no composition is opened: ${message}`, async () => {
      const { opened, stdout, stderr, exit } = await run(argv);
      assert.deepEqual(
        { opened, stdout, stderr, exit },
        { opened: [], stdout: "", stderr: `error: ${message} (CLI_USAGE)\nwhat to do: ${advice}\n`, exit: 64 },
      );
    });
  }
});
