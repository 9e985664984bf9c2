import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { kindTable } from "../../src/api/kinds.ts";
import { golden } from "../support/txtar.ts";
import { run } from "./session.ts";
import { bashOffers, fishOffers, hasShell, zshCompletes } from "./shells.ts";

const plurals = Object.values(kindTable)
  .map(({ plural }) => plural)
  .toSorted();
const shells = ["bash", "zsh", "fish"] as const;
const script: Record<(typeof shells)[number], string> = { bash: "", zsh: "", fish: "" };
/** A line up to the cursor, and what is offered there in any order. */
const offers: readonly (readonly [line: string, offered: readonly string[]])[] = [
  ["countersign ver", ["verify", "version"]],
  ["countersign completion ", ["bash", "fish", "zsh"]],
  ["countersign help comp", ["completion"]],
  ["countersign get ", plurals],
  ["countersign get -o json ", plurals],
  ["countersign get stores ", []],
  ["countersign get -o ", ["json", "table", "wide", "yaml"]],
  ["countersign verify -o ", ["json", "text", "yaml"]],
  ["countersign verify acme.io/a --output y", ["yaml"]],
  ["countersign serve --log-level ", ["debug", "error", "info", "warn"]],
  ["countersign check --k", ["--kubeconfig"]],
  ["countersign verify --namespace ", []],
];

describe("completion", () => {
  before(async () => {
    for (const shell of shells) script[shell] = (await run(["completion", shell])).stdout;
  });

  for (const shell of shells) {
    it(`prints the script for ${shell} as recorded, exits 0 and opens nothing`, async () => {
      const { stdout, exit, opened } = await run(["completion", shell]);
      assert.equal(stdout, golden(new URL(`../golden/cli/completion.${shell}`, import.meta.url).pathname, stdout));
      assert.deepEqual({ exit, opened }, { exit: 0, opened: [] });
    });
  }

  it("does not know other shells", async () => {
    const { stderr, exit } = await run(["completion", "fis"]);
    assert.deepEqual(
      { stderr, exit },
      { stderr: 'error: completion does not know "fis" (CLI_USAGE)\nwhat to do: write fish (there are bash, zsh, fish)\n', exit: 64 },
    );
  });

  for (const [line, offered] of offers) {
    it(`bash offers [${offered.join(" ")}] after "${line}"`, () => {
      assert.deepEqual(bashOffers(script.bash, line.split(" ")).toSorted(), offered);
    });
  }
  for (const words of [
    ["countersign", "get", "--output", "=", "w"],
    ["countersign", "get", "stores", "--output", "=", "w"],
  ]) {
    it(`bash offers a value after "${words.join(" ")}"`, () => assert.deepEqual(bashOffers(script.bash, words), ["wide"]));
  }
  it("bash counts no word of an option as an argument", () =>
    assert.deepEqual(bashOffers(script.bash, ["countersign", "get", "--output", "=", "wide", "sto"]), ["stores"]));
  it("bash offers every option of a command", async () => {
    const { stdout } = await run(["verify", "--help"]);
    const shown = [...stdout.matchAll(/^ {2}(?:(-\w), )?(--[a-z-]+)/gm)].flatMap(([, short, long]) => [
      ...(short === undefined ? [] : [short]),
      long ?? "",
    ]);
    assert.deepEqual(bashOffers(script.bash, ["countersign", "verify", "-"]).toSorted(), shown.toSorted());
  });
  it("bash offers directories, whatever their names, where a directory is wanted", () => {
    const offered = bashOffers(`${script.bash}\nmkdir -p 'm a' '*m' && : > mfile`, ["countersign", "check", "--manifests", ""]);
    assert.deepEqual(offered.toSorted(), ["*m", "m a"]);
  });

  describe("in fish", { skip: !hasShell("fish") }, () => {
    for (const [line, offered] of offers)
      it(`[${offered.join(" ")}] after "${line}"`, () => assert.deepEqual(fishOffers(script.fish, line).toSorted(), offered));
  });

  describe("in zsh", { skip: !hasShell("zsh") }, () => {
    for (const [line, completed] of [
      ["countersign vers", "version"],
      ["countersign get key", "keyproviders"],
      ["countersign completion z", "zsh"],
      ["countersign verify --man", "--manifests"],
      ["countersign verify -o y", "yaml"],
      ["countersign verify acme.io/a --output=y", "--output=yaml"],
      ["countersign check --manifests /us", "/usr"],
    ] as const)
      it(`${completed} after "${line}"`, () => assert.match(zshCompletes(script.zsh, line, completed), new RegExp(completed)));
  });
});
