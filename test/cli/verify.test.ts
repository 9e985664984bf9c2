import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { hasUnsafe } from "../../src/cli/escape.ts";
import type { Report, Verdict } from "../../src/engine/report.ts";
import { ManualClock } from "../support/clock.ts";
import { golden } from "../support/txtar.ts";
import { now, reports, signed, unknown, unsigned } from "./fixtures.ts";
import { FakeError, run } from "./session.ts";

const goldenFile = (name: string): string => new URL(`../golden/cli/${name}`, import.meta.url).pathname;

function report(image: string, verdict: Verdict): Report {
  return { image, verdict, complete: true, summary: "", policies: [], stores: [], artifacts: [], viewRevision: "1", durationMs: 1 };
}
const verdicts: { readonly [O in Verdict["outcome"]]: Verdict } = {
  allow: { outcome: "allow", reasons: [] },
  deny: { outcome: "deny", code: "NoStore", reasons: [] },
  inconclusive: { outcome: "inconclusive", code: "NotConfigured", causes: [] },
};

describe("verify", () => {
  it("prints for people what was asked, found and judged, the verdict last", async () => {
    const { stdout, stderr, exit, closed } = await run(["verify", signed, unsigned, unknown]);
    assert.equal(stdout, golden(goldenFile("verify.txt"), stdout));
    assert.deepEqual({ stderr, exit, closed }, { stderr: "", exit: 1, closed: 1 });
  });

  it("prints one object for one image", async () => {
    const { stdout, exit } = await run(["verify", signed, "-o", "json"]);
    assert.equal(stdout, golden(goldenFile("verify.json"), stdout));
    assert.equal(exit, 0);
  });

  it("prints YAML on request", async () => {
    const { stdout, exit } = await run(["verify", "-o", "yaml", unknown]);
    assert.equal(stdout, golden(goldenFile("verify.yaml"), stdout));
    assert.equal(exit, 2);
  });

  it("prints an array in the order of the images, and for standard input always", async () => {
    const subjects = (text: string): readonly string[] => (JSON.parse(text) as { subject: string }[]).map(({ subject }) => subject);
    assert.deepEqual(subjects((await run(["verify", "-o", "json", unsigned, signed])).stdout), [unsigned, signed]);
    assert.deepEqual(subjects((await run(["verify", "-o", "json", "-"], { stdin: `${signed}\n` })).stdout), [signed]);
  });

  it("paints on a terminal, unless it was told not to", async () => {
    const painted = await run(["verify", signed], { terminal: true });
    assert.ok(painted.stdout.includes("└─ \u001b[32m✓\u001b[0m \u001b[32mallow\u001b[0m\n"));
    const plain = await run(["verify", signed], { terminal: true, colour: false });
    assert.equal(plain.stdout.includes("\u001b"), false);
  });

  it("says on standard error that objects are not accepted", async () => {
    const check = [{ kind: "Store", name: "x", accepted: false, reason: "InvalidSpec" }];
    assert.equal(
      (await run(["verify", signed], { answers: { check } })).stderr,
      'note: 1 object is not accepted; "countersign check" says why\n',
    );
  });

  const exits: readonly (readonly [outcomes: readonly (keyof typeof verdicts | "throws")[], exit: number, why: string])[] = [
    [["allow"], 0, "allowed"],
    [["deny"], 1, "denied"],
    [["inconclusive"], 2, "not known"],
    [["allow", "inconclusive"], 2, "one not known"],
    [["inconclusive", "deny", "allow"], 1, "one denied"],
    [["throws"], 70, "the command failed"],
    [["allow", "throws"], 70, "the command failed for one"],
    [["inconclusive", "throws"], 70, "a failure is worse than a doubt"],
    [["throws", "deny"], 1, "a denial stands whatever else failed"],
  ];
  for (const [outcomes, exit, why] of exits)
    it(`exits ${exit} for ${outcomes.join(", ")}: ${why}`, async () => assert.equal((await verifyAll(outcomes)).exit, exit));

  it("exits 0 only if every image is allowed, whatever the verdicts", async () => {
    const one = fc.constantFrom<keyof typeof verdicts | "throws">("allow", "deny", "inconclusive", "throws");
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 12 }), async (outcomes) => {
        assert.equal(
          (await verifyAll(outcomes)).exit === 0,
          outcomes.every((outcome) => outcome === "allow"),
        );
      }),
      { numRuns: 60, interruptAfterTimeLimit: 3000 },
    );
  });

  it("refuses an empty list: what judged nothing must not let a pipeline pass", async () => {
    const { exit, stderr, opened } = await run(["verify", "-"], { stdin: "\n\r\n" });
    assert.deepEqual({ exit, opened }, { exit: 64, opened: [] });
    assert.equal(stderr, "error: There is no image to verify (CLI_USAGE)\nwhat to do: name one, or write one a line to standard input\n");
  });

  it("refuses a reference that does not parse before any registry is asked", async () => {
    let asked = 0;
    const verify = async (image: string): Promise<Report> => {
      asked += 1;
      return report(image, verdicts.allow);
    };
    const { exit, stderr } = await run(["verify", signed, "acme.io"], { answers: { verify } });
    assert.deepEqual({ exit, asked }, { exit: 64, asked: 0 });
    assert.match(stderr, /^error: "acme\.io" is no image reference: no repository after the registry \(CLI_USAGE\)\n/);
  });

  it("exits 70 without a word of the message when something is thrown that is none of ours", async () => {
    const verify = async (): Promise<Report> => {
      throw new TypeError("password is hunter2");
    };
    const { exit, stderr, stdout } = await run(["verify", signed, "-o", "json"], { answers: { verify } });
    assert.deepEqual({ exit, stdout }, { exit: 70, stdout: "" });
    assert.doesNotMatch(stderr, /hunter2/);
  });

  it("says inconclusive(Timeout) of an image that was not judged in time", async () => {
    const clock = new ManualClock(now);
    const verify = (): Promise<Report> => new Promise(() => {});
    const session = run(["verify", signed, "--timeout", "2s", "-o", "json"], { clock, answers: { verify } });
    await clock.advance(3000);
    const { stdout, exit } = await session;
    assert.equal(exit, 2);
    assert.deepEqual(JSON.parse(stdout), {
      version: "v1",
      subject: signed,
      verdict: "inconclusive",
      code: "Timeout",
      causes: ["No answer within 2s"],
      summary: `${signed} is inconclusive (Timeout): No answer within 2s`,
      onInconclusive: "Deny",
      complete: false,
      stores: [],
      policies: [],
      artifacts: [],
      viewRevision: "",
      durationMs: 3000,
    });
    assert.equal(clock.pending, 0);
  });

  it("takes the answer that the engine gives when its time is up", async () => {
    const clock = new ManualClock(now);
    const known = report(signed, { outcome: "inconclusive", code: "Timeout", causes: ["Store/production: Timeout"] });
    const verify = (_: string, signal: AbortSignal): Promise<Report> =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(known)));
    const session = run(["verify", signed, "--timeout", "2s"], { clock, answers: { verify } });
    await clock.advance(2000);
    assert.match((await session).stdout, /Store\/production: Timeout/);
  });

  it("exits 130 when it is interrupted, and closes what it had opened", async () => {
    const controller = new AbortController();
    const verify = (_: string, signal: AbortSignal): Promise<Report> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
        controller.abort();
      });
    const { exit, stdout, stderr, closed } = await run(["verify", signed], { answers: { verify }, signal: controller.signal });
    assert.deepEqual({ exit, stdout, stderr, closed }, { exit: 130, stdout: "", stderr: "interrupted: there is no answer\n", closed: 1 });
  });

  it("lets no name, message or reason act on the terminal", async () => {
    const hostile = "\u001b[2J\u202e\u009b31m\n└─ ✓ allow";
    const verify = async (image: string): Promise<Report> => ({
      ...report(image, { outcome: "deny", code: "NoValidSignature", reasons: [hostile] }),
      stores: [
        {
          name: hostile,
          location: hostile,
          evidence: "Required",
          listing: "Failed",
          artifacts: 0,
          failures: [{ class: "ServerError", message: hostile }],
        },
      ],
      summary: "",
      policies: [],
      artifacts: [...(reports.get(signed)?.artifacts ?? [])].map((artifact) => ({
        ...artifact,
        artifactType: hostile,
        heldBy: [hostile],
        readFrom: hostile,
      })),
    });
    for (const format of ["text", "json", "yaml"]) {
      const { stdout, exit } = await run(["verify", signed, "-o", format], { answers: { verify } });
      assert.equal(exit, 1);
      assert.equal(hasUnsafe(stdout.replaceAll("\n", "")), false, format);
      assert.equal(stdout.split("\n").includes("└─ ✓ allow"), false, format);
    }
  });
});

async function verifyAll(outcomes: readonly (keyof typeof verdicts | "throws")[]): Promise<{ readonly exit: number }> {
  const images = outcomes.map((outcome, at) => `acme.io/${outcome}:${at}`);
  const verify = async (image: string): Promise<Report> => {
    const outcome = outcomes[images.indexOf(image)];
    if (outcome === undefined || outcome === "throws") throw new FakeError("FAKE_UNREADABLE", "cannot", { remedy: "retry" });
    return report(image, verdicts[outcome]);
  };
  return run(["verify", ...images], { answers: { verify } });
}
