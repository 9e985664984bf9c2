import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CredentialUnavailableError } from "../../src/keychain/ports.ts";
import { Renewals } from "../../src/keychain/renewals.ts";
import { ManualClock } from "../support/clock.ts";

interface Token {
  readonly name: string;
  readonly expiresAt: number;
}

const hour = 3_600_000;
const signal = new AbortController().signal;
const refused = new CredentialUnavailableError("IdentityRefused", "Entra refused");
const unreachable = new CredentialUnavailableError("IdentityUnreachable", "Entra does not answer");

/** An identity service that gives tokens for an hour, and fails while it is told to. */
function scene(options: { readonly random?: number; readonly lifeMs?: number; readonly max?: number } = {}) {
  const clock = new ManualClock();
  const source: { asked: number; failure: Error | undefined; pending: PromiseWithResolvers<void> | undefined } = {
    asked: 0,
    failure: undefined,
    pending: undefined,
  };
  const outcomes: string[] = [];
  const renewals = new Renewals<Token>({
    clock,
    random: () => options.random ?? 0,
    ...(options.max !== undefined && { max: options.max }),
    onFetched: (key, { failure, isNews }) => outcomes.push(`${key} ${failure?.reason ?? "fetched"}${isNews ? ", which is news" : ""}`),
  });
  const fetch = async (): Promise<Token> => {
    source.asked += 1;
    const name = `token-${source.asked}`;
    await source.pending?.promise;
    if (source.failure !== undefined) throw source.failure;
    return { name, expiresAt: clock.now() + (options.lifeMs ?? hour) };
  };
  const get = async (key = "acme"): Promise<string> => (await renewals.get(key, fetch, signal)).name;
  return { clock, source, outcomes, renewals, fetch, get };
}

describe("Renewals", () => {
  it("fetch once however many ask, and serve what they have", async () => {
    const { source, get } = scene();
    source.pending = Promise.withResolvers();
    const asked = Array.from({ length: 100 }, () => get());
    source.pending.resolve();
    assert.deepEqual([...new Set(await Promise.all(asked))], ["token-1"]);
    assert.equal(await get(), "token-1");
    assert.equal(source.asked, 1);
  });

  it("keep one key from another", async () => {
    const { get } = scene();
    assert.deepEqual([await get("acme"), await get("other"), await get("acme")], ["token-1", "token-2", "token-1"]);
  });

  for (const [random, share] of [
    [0, 0.7],
    [0.999, 0.8],
  ] as const) {
    it(`fetch anew beside the old one at ${share} of its life, and nobody waits for it`, async () => {
      const { clock, source, get } = scene({ random });
      await get();
      await clock.advance(hour * (share - 0.01));
      assert.equal(await get(), "token-1");
      assert.equal(source.asked, 1);
      await clock.advance(hour * 0.02);
      source.pending = Promise.withResolvers();
      assert.equal(await get(), "token-1", "not waited for");
      assert.equal(await get(), "token-1", "not asked twice");
      source.pending.resolve();
      await clock.settle();
      assert.equal(await get(), "token-2");
      assert.equal(source.asked, 2);
    });
  }

  it("serve the old one while a refresh fails, and never past its end", async () => {
    const { clock, source, renewals, get } = scene();
    await get();
    source.failure = unreachable;
    await clock.advance(hour * 0.9);
    assert.equal(await get(), "token-1");
    await clock.settle();
    assert.equal(await get(), "token-1");
    assert.equal(renewals.known().get("acme")?.failure, unreachable);
    await clock.advance(hour * 0.1);
    await assert.rejects(get(), unreachable);
  });

  it("leave off shortly before the end: a request takes its time", async () => {
    const { clock, source, get } = scene();
    await get();
    source.failure = refused;
    await clock.advance(hour - 30_001);
    assert.equal(await get(), "token-1");
    await clock.settle();
    await clock.advance(2);
    await assert.rejects(get(), refused);
  });

  const holds: readonly (readonly [string, CredentialUnavailableError, number])[] = [
    ["half a second after what may be over in a moment", unreachable, 500],
    ["ten seconds after a refusal", refused, 10_000],
    ["five seconds where it is asked too often", new CredentialUnavailableError("Throttled", "slow down"), 5000],
    [
      "as long as it is told to",
      new CredentialUnavailableError("Throttled", "slow down", { retryAt: Date.UTC(2026, 0, 1) + 42_000 }),
      42_000,
    ],
    [
      "five minutes and no longer, whatever it is told",
      new CredentialUnavailableError("Throttled", "slow down", { retryAt: Date.UTC(2027, 0, 1) }),
      300_000,
    ],
  ];
  for (const [name, failure, ms] of holds) {
    it(`ask nobody again for ${name}`, async () => {
      const { clock, source, get } = scene();
      source.failure = failure;
      await assert.rejects(get(), failure);
      await clock.advance(ms - 1);
      await assert.rejects(get(), failure);
      assert.equal(source.asked, 1);
      source.failure = undefined;
      await clock.advance(1);
      assert.equal(await get(), "token-2");
    });
  }

  it("take longer pauses between refreshes that nobody waits for", async () => {
    const { clock, source, get } = scene();
    await get();
    source.failure = unreachable;
    await clock.advance(hour * 0.8);
    const asked: number[] = [];
    for (let second = 0; second < 300; second += 1) {
      await get();
      await clock.advance(1000);
      asked.push(source.asked);
    }
    assert.ok((asked.at(-1) ?? 0) < 15, `asked ${asked.at(-1)} times in five minutes`);
  });

  it("refuse what has expired before it came", async () => {
    const { get } = scene({ lifeMs: -1 });
    await assert.rejects(get(), { reason: "CredentialExpired" });
  });

  it("give up on who does not answer and does not listen, and say so", async () => {
    const { clock, source, get } = scene();
    source.pending = Promise.withResolvers();
    const rejection = assert.rejects(get(), { reason: "IdentityUnreachable", message: "No credential was given within 10000 ms" });
    await clock.advance(10_000);
    await rejection;
    source.pending = undefined;
    await clock.advance(500);
    assert.equal(await get(), "token-2", "who comes later asks anew");
  });

  it("say nothing of what a library threw", async () => {
    const { source, get } = scene();
    source.failure = new Error("token eyJhbGciOi was refused");
    await assert.rejects(get(), (error: Error) => !error.message.includes("eyJ"));
  });

  it("let who has no time go, and finish the fetch for the next", async () => {
    const { source, renewals, fetch, get, clock } = scene();
    source.pending = Promise.withResolvers();
    const hurried = new AbortController();
    const gone = renewals.get("acme", fetch, hurried.signal);
    await clock.settle();
    hurried.abort(new DOMException("no time", "TimeoutError"));
    await assert.rejects(gone, { name: "TimeoutError" });
    source.pending.resolve();
    await clock.settle();
    assert.equal(await get(), "token-1");
    assert.equal(source.asked, 1);
  });

  it("remember the run of failures, and when it was over", async () => {
    const { clock, source, renewals, outcomes, get } = scene();
    const start = clock.now();
    source.failure = refused;
    await assert.rejects(get());
    await clock.advance(10_000);
    await assert.rejects(get());
    source.failure = undefined;
    await clock.advance(10_000);
    await get();
    assert.deepEqual(renewals.known().get("acme")?.lastError, {
      class: "CredentialUnavailable",
      message: "Entra refused",
      firstTime: start,
      time: start + 10_000,
      count: 2,
      resolvedTime: start + 20_000,
    });
    assert.deepEqual(outcomes, ["acme IdentityRefused, which is news", "acme IdentityRefused", "acme fetched, which is news"]);
  });

  it("keep what is good, however many others fail: whoever starts pods chooses which registries are asked", async () => {
    const { source, renewals, get } = scene({ max: 4 });
    await get("good");
    source.failure = refused;
    for (let at = 0; at < 20; at += 1) await assert.rejects(get(`bad-${at}`));
    const asked = source.asked;
    assert.equal(await get("good"), "token-1");
    assert.equal(source.asked, asked);
    assert.ok(renewals.known().size <= 8, `${renewals.known().size} are remembered`);
  });

  it("know one that failed and then came as one, and not as both", async () => {
    const { clock, source, renewals, get } = scene();
    source.failure = refused;
    await assert.rejects(get());
    source.failure = undefined;
    await clock.advance(10_000);
    await get();
    assert.deepEqual(
      [...renewals.known()].map(([key, { value, failure }]) => [key, value?.name, failure]),
      [["acme", "token-2", undefined]],
    );
  });
});

describe("Renewals.renew()", () => {
  const isRefused = (name: string) => (token: Token) => token.name === name;

  it("fetches another in the place of a refused one", async () => {
    const { clock, renewals, fetch, get } = scene();
    const name = await get();
    await clock.advance(60_000);
    assert.equal((await renewals.renew("acme", { isRefused: isRefused(name), fetch }, signal))?.name, "token-2");
    assert.equal(await get(), "token-2");
  });

  it("gives the newer one to who was refused with an older", async () => {
    const { clock, source, renewals, fetch, get } = scene();
    const name = await get();
    await clock.advance(60_000);
    await renewals.renew("acme", { isRefused: isRefused(name), fetch }, signal);
    assert.equal((await renewals.renew("acme", { isRefused: isRefused(name), fetch }, signal))?.name, "token-2");
    assert.equal(source.asked, 2);
  });

  it("asks nobody before it is time, where there is nothing that could be refused", async () => {
    const { clock, source, renewals, fetch, get } = scene();
    source.failure = refused;
    await assert.rejects(get());
    const renew = (): Promise<Token | undefined> => renewals.renew("acme", { isRefused: () => true, fetch }, signal);
    assert.equal(await renew(), undefined);
    assert.equal(source.asked, 1);
    source.failure = undefined;
    await clock.advance(10_000);
    assert.equal((await renew())?.name, "token-2");
  });

  it("does not let a registry that refuses everything make us ask at its pace", async () => {
    const { clock, source, renewals, fetch, get } = scene();
    let name = await get();
    for (let second = 0; second < 300; second += 1) {
      await clock.advance(1000);
      name = (await renewals.renew("acme", { isRefused: isRefused(name), fetch }, signal))?.name ?? name;
    }
    assert.equal(source.asked, 6, "once a minute");
  });
});

it("whatever fails whenever, nobody is ever served a token past its end, and nobody is asked twice at once", async () => {
  const step = fc.record({
    ms: fc.integer({ min: 0, max: hour }),
    fails: fc.boolean(),
    refuses: fc.boolean(),
    key: fc.constantFrom("a", "b"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.double({ min: 0, max: 0.999, noNaN: true }), async (steps, random) => {
      const { clock, source, renewals, fetch } = scene({ random });
      for (const { ms, fails, refuses, key } of steps) {
        await clock.advance(ms);
        source.failure = fails ? unreachable : undefined;
        const got = await renewals.get(key, fetch, signal).catch((error: unknown) => error);
        if (got instanceof Error) assert.ok(got instanceof CredentialUnavailableError);
        else {
          assert.ok((got as Token).expiresAt > clock.now());
          if (refuses) {
            const fresh = await renewals.renew(key, { isRefused: (token) => token === got, fetch }, signal).catch(() => undefined);
            assert.notEqual(fresh, got);
          }
        }
        await clock.settle();
      }
    }),
    { numRuns: 100 },
  );
});
