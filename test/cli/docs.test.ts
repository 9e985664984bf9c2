import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { CliError, cliErrorCodes } from "../../src/cli/cli-error.ts";
import { exitCodes } from "../../src/cli/exit.ts";
import { candidateReasonText, outcomeText, policyReasonText, storeReasonText } from "../../src/cli/explanation-text.ts";
import { splitWords } from "../support/txtar.ts";
import { explain, signed } from "./fixtures.ts";
import { run } from "./session.ts";

const page = (name: string): string => readFileSync(new URL(`../../docs/reference/${name}`, import.meta.url), "utf8");

interface Sample {
  readonly command: string;
  readonly output: string;
}

/** Every `$ command` of the `console` blocks with the lines up to the next one. */
function samplesOf(markdown: string): readonly Sample[] {
  return [...markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)].flatMap(([, block = ""]) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => ({ command: text.slice(0, text.indexOf("\n")), output: text.slice(text.indexOf("\n") + 1) })),
  );
}

/** Rows of the first table below a heading, as [code, second column]. */
function tableUnder(markdown: string, heading: string): Readonly<Record<string, string>> {
  const section =
    markdown.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? assert.fail(`There is no heading "${heading}"`);
  return Object.fromEntries([...section.matchAll(/^\| `(\w+)` \| (.*?) \|/gm)].map(([, code = "", text = ""]) => [code, text]));
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const sentences = (texts: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(texts).map(([code, text]) => [code, sentence(text)]));

describe("docs/reference/cli.md", () => {
  it("shows what the commands print and how they exit", async () => {
    const samples = samplesOf(page("cli.md"));
    assert.ok(samples.length >= 10);
    let exit = 0;
    for (const { command, output } of samples) {
      if (command === "echo $?") {
        assert.equal(`${exit}\n`, output);
        continue;
      }
      const [name, ...argv] = splitWords(command);
      assert.equal(name, "countersign");
      const session = await run(argv);
      ({ exit } = session);
      assert.equal(session.stdout + session.stderr, output, command);
    }
  });

  it("names every option and every format of every command", async () => {
    const text = page("cli.md");
    const commands = [...(await run(["--help"])).stdout.matchAll(/^ {2}([a-z]+)(?= [[<])/gm)].map(([, name = ""]) => name);
    assert.ok(commands.length >= 8);
    for (const command of commands.filter((name) => name !== "help")) {
      const { stdout } = await run([command, "--help"]);
      for (const [option = ""] of stdout.matchAll(/--[a-z-]+(?= <| {2}|,)/g))
        if (option !== "--help") assert.ok(text.includes(option), `${command} ${option}`);
      const formats = /--output [^(]*\(choices: ([^)]*), default/.exec(stdout)?.[1]?.replaceAll(/[\s"]/g, "").replaceAll(",", "|");
      if (formats !== undefined) assert.ok(text.includes(`[-o ${formats}]`), `${command} ${formats}`);
    }
  });

  it("names every error code of the command line with its exit code", () => {
    const errors = page("cli.md").split("## Errors\n")[1] ?? "";
    const rows = [...errors.matchAll(/^\| (`[^|]*) \|[^|]*\| (\d+) \|$/gm)].flatMap(([, codes = "", exit = ""]) =>
      [...codes.matchAll(/`(\w+)`/g)].map(([, code = ""]) => [code, Number(exit)] as const),
    );
    const own = cliErrorCodes.map((code) => [code, new CliError(code, "", { advice: "" }).exit] as const);
    assert.deepEqual(new Map(rows), new Map<string, number>([...own, ["INTERNAL", exitCodes.failure]]));
  });
});

describe("docs/reference/explain.md", () => {
  it("has the closed lists with the sentences that people are shown", () => {
    const text = page("explain.md");
    assert.deepEqual(tableUnder(text, "Reasons of a store"), sentences(storeReasonText));
    assert.deepEqual(tableUnder(text, "Reasons of a policy"), sentences(policyReasonText));
    assert.deepEqual(tableUnder(text, "Outcomes"), sentences(outcomeText));
    assert.deepEqual(tableUnder(text, "Reasons of a candidate"), sentences(candidateReasonText));
  });

  it("shows an explanation as it is printed", () => {
    const shown = JSON.parse(/^```json\n([\s\S]*?)^```$/m.exec(page("explain.md"))?.[1] ?? "") as { stores: unknown };
    const printed = explain(signed);
    assert.deepEqual(shown, { ...printed, stores: printed.stores.filter((store) => store.name === "production") });
  });
});
