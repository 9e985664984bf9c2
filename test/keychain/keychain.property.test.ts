import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { KeychainProvider } from "../../src/keychain/keychain.ts";
import { matchesPattern } from "../../src/oci/pattern.ts";
import { apiAuthority, type Repository } from "../../src/oci/repository.ts";
import { anyPatternText, anyRepositoryText, image } from "../oci/support.ts";
import { keychain, provider, signal } from "./support.ts";

const anyProviders: fc.Arbitrary<readonly KeychainProvider[]> = fc
  .array(fc.tuple(fc.array(anyPatternText, { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 2 })), { maxLength: 8 })
  .map((rows) =>
    rows.map(([patterns, creationTime], at) =>
      provider(`p${at}`, patterns, { creationTime, plainHTTPHosts: ["localhost"], allowCredentialsOverHTTP: true }),
    ),
  );

/** The rules of design 3 read off the page: every pattern is compared, nothing is indexed. */
function naive(providers: readonly KeychainProvider[], repository: Repository): string {
  const byAge = providers.toSorted((a, b) => a.creationTime - b.creationTime || (a.name < b.name ? -1 : 1));
  const kept = byAge.flatMap((owner, at) =>
    owner.patterns
      .filter((pattern) => !byAge.slice(0, at).some((older) => older.patterns.some((other) => other.text === pattern.text)))
      .map((pattern) => ({ owner, pattern })),
  );
  const matching = kept.filter(({ pattern }) => matchesPattern(pattern, repository));
  if (matching.length === 0) return "nobody";
  const fewest = Math.min(...matching.map(({ pattern }) => pattern.wildcards));
  const few = matching.filter(({ pattern }) => pattern.wildcards === fewest);
  const longest = Math.max(...few.map(({ pattern }) => pattern.segments.length));
  const best = new Set(few.filter(({ pattern }) => pattern.segments.length === longest).map(({ owner }) => owner.name));
  return best.size > 1 ? "conflict" : [...best].join("");
}

function answer(providers: readonly KeychainProvider[], repository: Repository): string {
  const selection = keychain(providers).select(repository);
  if (selection.outcome === "Selected") return selection.provider;
  return selection.outcome === "PatternConflict" ? "conflict" : "nobody";
}

/** Hosts over few labels, so that wildcards meet and tie. */
const crowdedLabels = fc.array(fc.constantFrom("a", "b", "*"), { minLength: 1, maxLength: 4 });
const crowded = fc
  .array(crowdedLabels, { minLength: 1, maxLength: 12 })
  .map((hosts) => hosts.map((labels, at) => provider(`p${at}`, [`${labels.join(".")}.acme.io`], { creationTime: at % 3 })));
const crowdedImage = fc
  .array(fc.constantFrom("a", "b"), { minLength: 1, maxLength: 4 })
  .map((labels) => image(`${labels.join(".")}.acme.io/app`));

describe("a keychain, whatever its providers", () => {
  it("selects as a comparison of all patterns does", () => {
    fc.assert(
      fc.property(anyProviders, anyRepositoryText, (providers, text) =>
        assert.equal(answer(providers, image(text)), naive(providers, image(text))),
      ),
      { numRuns: 500 },
    );
  });

  it("selects as a comparison of all patterns does where wildcards crowd", () => {
    fc.assert(
      fc.property(crowded, crowdedImage, (providers, repository) =>
        assert.equal(answer(providers, repository), naive(providers, repository)),
      ),
      { numRuns: 500 },
    );
  });

  it("selects the same in any order of its providers", () => {
    fc.assert(
      fc.property(fc.oneof(anyProviders, crowded), fc.oneof(anyRepositoryText.map(image), crowdedImage), (providers, repository) => {
        assert.deepEqual(keychain(providers.toReversed()).select(repository), keychain(providers).select(repository));
      }),
      { numRuns: 200 },
    );
  });

  it("keeps its winner when a provider is added that does not match", () => {
    fc.assert(
      fc.property(anyProviders, anyRepositoryText, fc.array(anyPatternText, { maxLength: 5 }), (providers, text, patterns) => {
        const repository = image(text);
        const unrelated = provider("aaa", patterns, { creationTime: -1 });
        fc.pre(!unrelated.patterns.some((pattern) => matchesPattern(pattern, repository)));
        assert.equal(answer([...providers, unrelated], repository), answer(providers, repository));
      }),
      { numRuns: 300 },
    );
  });

  it("binds every credential to the request's own origin and to a path that the repository lies in", async () => {
    await fc.assert(
      fc.asyncProperty(anyProviders, anyRepositoryText, async (providers, text) => {
        const repository = image(text);
        if (answer(providers, repository) === "conflict") return;
        const resolved = await keychain(providers).resolve(repository, signal);
        const scheme =
          repository.host === "localhost" && repository.port === undefined && resolved.provider !== undefined ? "http" : "https";
        const expected = new URL(`${scheme}://${apiAuthority(repository)}`).origin;
        assert.equal(resolved.origin, expected);
        assert.equal(keychain(providers).origin(repository), expected, "known without asking for a credential");
        for (const credential of resolved.credentials) {
          assert.equal(credential.origin, expected);
          assert.equal(credential.secret.reveal(), `password of ${resolved.provider}`);
          for (const prefix of credential.pathPrefixes) assert.ok(`/v2/${repository.segments.join("/")}/`.startsWith(prefix));
        }
      }),
      { numRuns: 300 },
    );
  });

  it("oras #1383: two providers of one host, asked by turns, never see each other's secret", async () => {
    const chain = keychain([provider("a", ["ghcr.io/team-a"]), provider("b", ["ghcr.io/team-b"])]);
    for (let turn = 0; turn < 1000; turn += 1) {
      const team = turn % 2 === 0 ? "a" : "b";
      const { credentials } = await chain.resolve(image(`ghcr.io/team-${team}/app${turn}`), signal);
      assert.deepEqual(
        credentials.map((credential) => [credential.secret.reveal(), ...credential.pathPrefixes]),
        [[`password of ${team}`, `/v2/team-${team}/`]],
      );
    }
  });
});
