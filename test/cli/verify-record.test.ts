import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { exitCodes } from "../../src/cli/exit.ts";
import type { ReplayedReport } from "../../src/cli/ports.ts";
import { tapeAdvice } from "../../src/cli/tape-advice.ts";
import { TapeError, tapeErrorCodes } from "../../src/tape/tape-error.ts";
import { ManualClock } from "../support/clock.ts";
import { explain, now, reports, signed, unsigned } from "./fixtures.ts";
import { run } from "./session.ts";

const key = { provider: "release-keys", name: "alice", algorithm: "ECDSA P-256", fingerprint: "sha256:12ab" };

async function recorded(image: string): Promise<ReplayedReport> {
  const report = reports.get(image) ?? assert.fail();
  const { stdout } = await run(["verify", image, "-o", "json"]);
  const common = { explanation: explain(image), recordedBy: "0.1.0", startTime: now, differences: [], keys: [key] };
  return { ...common, report, printed: JSON.parse(stdout) as unknown };
}
const replay = async (answer: ReplayedReport, ...more: readonly string[]) =>
  run(["verify", "--replay", "x.json", ...more], { answers: { replay: async () => answer } });

describe("verify --record", () => {
  it("prints what it prints without it, and writes the same report into the file", async () => {
    const plain = await run(["verify", unsigned, "-o", "json"]);
    const { stdout, stderr, exit, files, closedFiles } = await run(["verify", "--record", "x.json", unsigned, "-o", "json"]);
    assert.deepEqual({ stdout, stderr, exit }, { stdout: plain.stdout, stderr: "", exit: 1 });
    assert.deepEqual(JSON.parse(files.get("x.json") ?? ""), { report: JSON.parse(stdout) as unknown, recordedBy: "0.1.0" });
    assert.equal(closedFiles, 1);
  });

  it("prints one object for one image on standard input too, as its replay does", async () => {
    const { stdout } = await run(["verify", "--record", "x.json", "-", "-o", "json"], { stdin: `${signed}\n` });
    assert.equal(stdout, (await run(["verify", signed, "-o", "json"])).stdout);
  });

  it("takes one image, and opens nothing for more", async () => {
    const { stderr, exit, opened, files } = await run(["verify", "--record", "x.json", signed, unsigned]);
    assert.deepEqual({ exit, opened, files }, { exit: 64, opened: [], files: new Map() });
    assert.equal(
      stderr,
      "error: --record takes one image, and there are 2 (CLI_USAGE)\nwhat to do: record each image to a file of its own\n",
    );
  });

  it("asks nobody where the file cannot be written", async () => {
    const createFile = () => Promise.reject(new TapeError("TAPE_UNWRITABLE", 'The recording "x.json" cannot be written: EACCES'));
    const { stdout, stderr, exit, opened } = await run(["verify", "--record", "x.json", signed], { answers: { createFile } });
    assert.deepEqual({ stdout, exit, opened }, { stdout: "", exit: 64, opened: [] });
    assert.match(stderr, /^error: The recording "x.json" cannot be written: EACCES \(TAPE_UNWRITABLE\)\nwhat to do: give --record a path /);
  });

  it("says nothing of a verdict that could not be recorded", async () => {
    const encode = () => {
      throw new TapeError("TAPE_TOO_LARGE", "The verification read too much");
    };
    const { stdout, exit, files, closedFiles } = await run(["verify", "--record", "x.json", signed], { answers: { encode } });
    assert.deepEqual({ stdout, exit, files, closedFiles }, { stdout: "", exit: 64, files: new Map(), closedFiles: 1 });
  });

  it("writes nothing without an answer, and does not exit 0", async () => {
    const clock = new ManualClock(now);
    const answers = { verify: () => new Promise<never>(() => {}) };
    const session = run(["verify", "--record", "x.json", signed, "--timeout", "2s"], { clock, answers });
    await clock.advance(3000);
    const { stderr, exit, files, closedFiles } = await session;
    assert.deepEqual({ exit, files, closedFiles }, { exit: 2, files: new Map(), closedFiles: 1 });
    assert.equal(stderr, 'note: there is no answer, and so nothing was recorded in "x.json"\n');
  });
});

describe("verify --replay", () => {
  for (const [image, exit] of [
    [signed, 0],
    [unsigned, 1],
  ] as const)
    it(`prints the report that was recorded and exits ${exit}, without opening anything`, async () => {
      const plain = await run(["verify", image, "-o", "yaml"]);
      const { stdout, stderr, exit: code, opened } = await replay(await recorded(image), "-o", "yaml");
      assert.deepEqual({ stdout, stderr, code, opened }, { stdout: plain.stdout, stderr: "", code: exit, opened: [] });
    });

  it("names for people when it was recorded, and whom it trusts", async () => {
    const { stdout, stderr } = await replay(await recorded(signed));
    assert.equal(stdout, (await run(["verify", signed])).stdout);
    const from = "note: replayed what was recorded at 2026-01-01T12:00:00.000Z by version 0.1.0; nobody was contacted\n";
    assert.equal(stderr, `${from}note: the recording trusts KeyProvider/release-keys key "alice" (ECDSA P-256, sha256:12ab)\n`);
    const tenant = { ...key, provider: "team-a/own", name: "\u001b[2J" };
    const others = { ...(await recorded(signed)), keys: [tenant], recordedBy: "\u001b[1m" };
    assert.match(
      (await replay(others)).stderr,
      /by version \\u001b\[1m; .*\nnote: the recording trusts NamespacedKeyProvider\/team-a\/own key "\\u001b\[2J" /,
    );
    assert.match((await replay({ ...others, keys: [] })).stderr, /\nnote: the recording trusts no key\n$/);
  });

  it("exits 70 whatever the verdict where anything differs, and says where", async () => {
    const answer = await recorded(signed);
    const differs = await replay(
      { ...answer, printed: { ...(answer.printed as object), verdict: "deny" }, differences: ["\u001b: other"] },
      "-o",
      "json",
    );
    assert.deepEqual(
      { exit: differs.exit, stderr: differs.stderr },
      { exit: 70, stderr: 'replay differs: verdict was "deny" and is "allow"\nreplay differs: \\u001b: other\n' },
    );
    assert.equal(differs.stdout, (await run(["verify", signed, "-o", "json"])).stdout);
  });

  it("is not put off by what a later version adds to the report, and says which versions differ", async () => {
    const answer = { ...(await recorded(signed)), recordedBy: "0.0.9" };
    const { complete: _, ...older } = answer.printed as Readonly<Record<string, unknown>>;
    assert.equal((await replay({ ...answer, printed: older })).exit, 0);
    const { exit, stderr } = await replay({ ...answer, printed: { ...older, code: "X" } }, "-o", "json");
    assert.equal(exit, 70);
    assert.match(stderr, /\nreplay differs: it was recorded by version 0\.0\.9, and this is 0\.1\.0\n$/);
    assert.equal((await replay({ ...answer, recordedBy: "0.1.0", printed: older })).exit, 70);
  });

  for (const [option, argv] of [
    ["an image", ["verify", "--replay", "x.json", signed]],
    ["--record", ["verify", "--replay", "x.json", "--record", "y.json"]],
    ["--manifests", ["verify", "--replay", "x.json", "--manifests", "m"]],
    ["--kubeconfig", ["verify", "--replay", "x.json", "--kubeconfig", "k"]],
    ["--namespace", ["verify", "--replay", "x.json", "--namespace", "n"]],
    ["--file-root", ["verify", "--replay", "x.json", "--file-root", "/"]],
    ["an empty name", ["verify", "--replay", ""]],
  ] as const)
    it(`does not go together with ${option}`, async () => {
      const { exit, stdout, stderr, opened } = await run(argv, { answers: { replay: () => recorded(signed) } });
      assert.deepEqual({ exit, stdout, opened }, { exit: 64, stdout: "", opened: [] });
      assert.match(stderr, /^error: .* \(CLI_USAGE\)\nwhat to do: /);
    });

  for (const code of tapeErrorCodes)
    it(`says of ${code} which file it was and what to do, and exits 64`, async () => {
      const failing = () => Promise.reject(new TapeError(code, "The file is what it is"));
      const { exit, stdout, stderr } = await run(["verify", "--replay", "x.json"], { answers: { replay: failing } });
      assert.deepEqual({ exit, stdout }, { exit: exitCodes.usage, stdout: "" });
      const cause = `because: The file is what it is (${code})`;
      assert.equal(stderr, `error: Cannot replay "x.json" (CLI_REPLAY_FAILED)\n${cause}\nwhat to do: ${tapeAdvice[code]}\n`);
    });

  it("has every code of its errors in docs/reference/recording.md", () => {
    const page = readFileSync(new URL("../../docs/reference/recording.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\| `(TAPE_\w+)` \|[^|]*\| (\d+) \|$/gm)].map(([, code, exit]) => [code, exit]);
    assert.deepEqual(
      rows,
      tapeErrorCodes.map((code) => [code, "64"]),
    );
  });
});
