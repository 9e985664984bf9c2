import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { VerificationResult } from "../../src/engine/verifier.ts";
import { Turns } from "../../src/kernel/turns.ts";
import { buildVerifier } from "../../src/verifier/catalog.ts";
import { createSigningKey, type ImageSignatureFormat, type SigningKey, signImage } from "../support/signer.ts";
import { inputOf, judged, never, otherSubject, repository, subject, trusting } from "./fixture.ts";

/** Counts the tries, and never lets two of them go on at once. */
class CountingTurns extends Turns {
  tries = 0;
  override async run<T>(of: string, work: () => T, signal: AbortSignal): Promise<T> {
    const counted = (): T => {
      this.tries += 1;
      return work();
    };
    return await super.run(of, counted, signal);
  }
}

const [alice, bob, mallory] = [createSigningKey("Ed25519"), createSigningKey("Ed25519"), createSigningKey("Ed25519")];
const carol = createSigningKey("P-256");
const cut = "The artifact needs more than 64 tries of Ed25519ph";

interface Case {
  readonly trusted: readonly SigningKey[];
  readonly signers: readonly SigningKey[];
  readonly format?: ImageSignatureFormat;
  readonly pure?: boolean;
}
async function judge({ trusted, signers, format = "legacy", pure = false }: Case): Promise<readonly [VerificationResult, tries: number]> {
  const turns = new CountingTurns();
  const keyProviders = new Map([["release-keys", trusting(trusted)]]);
  const { verifier } = buildVerifier(
    { type: "cosign", config: { keyProviderRefs: ["release-keys"] } },
    { name: "release", keyProviders, turns },
  );
  const result = await judged(verifier, signImage({ key: signers, subject, repository, format, ...(pure && { scheme: { pure } }) }));
  return [result, turns.tries];
}
const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value);
const said = (result: VerificationResult): string => {
  switch (result.outcome) {
    case "verified":
      return [`verified by ${result.signers.length}`, ...(result.incomplete === undefined ? [] : [result.incomplete])].join(": ");
    case "rejected":
      return result.reason;
    case "inconclusive":
      return result.cause;
  }
};

describe("cosign Verifier and Ed25519ph, which works on the event loop", () => {
  const rows: readonly (readonly [sentence: string, of: Case, outcome: string, tries: number])[] = [
    ["tries a key once", { trusted: [alice], signers: [alice] }, "verified by 1", 1],
    ["tries each key until one fits", { trusted: [bob, alice], signers: [alice] }, "verified by 1", 2],
    ["does not try it for a key of another kind", { trusted: [carol], signers: [alice] }, "NoTrustedKey", 0],
    ["does not try it with a signature of another length", { trusted: [alice, carol], signers: [carol] }, "verified by 1", 0],
    [
      "does not try it where pure Ed25519 fits, whichever key it is",
      { trusted: [bob, alice], signers: [alice], pure: true },
      "verified by 1",
      0,
    ],
    ["rejects after 64 tries that were all there are", { trusted: [alice], signers: times(64, mallory) }, "NoTrustedKey", 64],
    ["rejects after 64 tries with two keys", { trusted: [alice, bob], signers: times(32, mallory) }, "NoTrustedKey", 64],
    ["is inconclusive past 64 tries", { trusted: [alice, bob], signers: times(33, mallory) }, cut, 64],
    ["is inconclusive past 64 tries of a bundle", { trusted: times(65, alice).map(unlike), signers: [mallory], format: "bundle" }, cut, 64],
    [
      "counts what was verified before, and says that it may not be all",
      { trusted: [alice, bob], signers: [alice, ...times(40, mallory)] },
      `verified by 1: ${cut}`,
      64,
    ],
    [
      "counts what needs none of the tries after they are used up",
      { trusted: [alice, bob, carol], signers: [...times(40, mallory), carol] },
      `verified by 1: ${cut}`,
      64,
    ],
  ];
  for (const [sentence, of, outcome, tries] of rows) {
    it(sentence, async () => {
      const [result, counted] = await judge(of);
      assert.deepEqual([said(result), counted], [outcome, tries]);
    });
  }

  it("gives the event loop a turn between two tries, of however many artifacts at once", async () => {
    let turns = 0;
    let isCounting = true;
    const count = (): void => {
      turns += 1;
      if (isCounting) setImmediate(count);
    };
    setImmediate(count);
    const keyProviders = new Map([["release-keys", trusting([alice])]]);
    const deps = { name: "release", keyProviders, turns: new Turns() };
    const { verifier } = buildVerifier({ type: "cosign", config: { keyProviderRefs: ["release-keys"] } }, deps);
    const artifacts = Array.from({ length: 8 }, () => signImage({ key: times(8, mallory), subject, repository, format: "legacy" }));
    await Promise.all(artifacts.map((artifact) => judged(verifier, artifact)));
    isCounting = false;
    assert.ok(turns >= 64, `64 tries in ${turns} turns`);
  });
});

it("a cosign Verifier gives each image its turn: rubbish on one keeps another waiting for two tries at most", async () => {
  const order: string[] = [];
  class NotingTurns extends Turns {
    override async run<T>(of: string, work: () => T, signal: AbortSignal): Promise<T> {
      const noted = (): T => {
        order.push(of);
        return work();
      };
      return await super.run(of, noted, signal);
    }
  }
  const deps = { name: "release", keyProviders: new Map([["release-keys", trusting([bob, alice])]]), turns: new NotingTurns() };
  const { verifier } = buildVerifier({ type: "cosign", config: { keyProviderRefs: ["release-keys"] } }, deps);
  const rubbish = Array.from({ length: 8 }, () =>
    signImage({ key: times(8, mallory), subject: otherSubject, repository, format: "legacy" }),
  );
  const flood = Promise.all(rubbish.map((artifact) => verifier.verify({ ...inputOf(artifact), subject: otherSubject }, never)));
  const good = await judged(verifier, signImage({ key: [alice], subject, repository, format: "legacy" }));
  assert.equal(good.outcome, "verified");
  await flood;
  const [first = 0, second = 0] = order.flatMap((of, at) => (of === subject.digest ? [at] : []));
  assert.ok(second > 0 && second - first <= 3, order.slice(0, second + 1).join(" "));
});

/** A key of its own as far as trust goes: providers give each fingerprint once. */
function unlike(key: SigningKey, at: number): SigningKey {
  return { ...key, fingerprint: `sha256:${at}` };
}
