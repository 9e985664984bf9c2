import type { Expressions } from "../engine/expression.ts";
import type { Report } from "../engine/report.ts";
import { ResultCache } from "../engine/result-cache.ts";
import type { Verifier } from "../engine/verifier.ts";
import { verifyRealms } from "../engine/verify-realms.ts";
import type { Clock } from "../kernel/clock.ts";
import { parseReference } from "../oci/reference.ts";
import { loadPublicKey } from "../pki/public-key.ts";
import type { KeyProvider, TrustedKey } from "../trust/ports.ts";
import { ReplaySequence } from "./replay-sequence.ts";
import { sequencedClock } from "./sequenced-clock.ts";
import { sequencedExpressions } from "./sequenced-verifier.ts";
import { sequencedRealms } from "./sequenced-view.ts";
import type { Tape, TapeVerifier } from "./tape.ts";
import { TapeError } from "./tape-error.ts";

export interface ReplayDeps {
  /** The real one: it says only when to stop waiting for a Verifier that does not answer. */
  readonly clock: Clock;
  /** Builds a Verifier as it was built for the recording. `name` is its id, `keyProviders` are by id. @throws TapeError TAPE_INVALID */
  readonly verifier: (
    origin: TapeVerifier,
    keyProviders: ReadonlyMap<string, KeyProvider>,
  ) => { readonly verifier: Verifier; readonly problem?: string };
  /** Absent: policies with an expression stay open. */
  readonly expressions?: Expressions;
  /** How long one Verifier or expression may take, in ms. Default 10 s. */
  readonly patienceMs?: number;
}
export interface Replay {
  readonly report: Report;
  /** Every key that the recording trusts: the verdict is worth as much as they are. */
  readonly keys: readonly TrustedKey[];
  /** What Verifiers and expressions came to, where that is not what was recorded. */
  readonly differences: readonly string[];
}

const defaultPatienceMs = 10_000;

/**
 * Verifies again what was recorded: the same engine, the same policies, the same answers in the same order. Nothing outside is asked. What the Verifiers and
 * expressions came to is found out again, and never believed.
 * @throws TapeError; the signal's reason
 */
export async function replay(tape: Tape, deps: ReplayDeps, signal: AbortSignal): Promise<Replay> {
  const { clock, expressions, patienceMs = defaultPatienceMs } = deps;
  const reference = parseReference(tape.image);
  if (!reference.ok) throw invalid(`image is no reference: ${reference.message}`);
  const keyProviders = new Map(tape.keyProviders.map((provider) => [provider.name, toKeyProvider(provider)]));
  const origins = new Map(tape.verifiers.map((origin) => [origin.name, origin]));
  const sequence = new ReplaySequence(tape, { clock, patienceMs });
  const realms = sequencedRealms(
    tape.realms,
    {
      store: () => undefined,
      verifier: (name) => {
        const origin = origins.get(name);
        if (origin === undefined) throw invalid("a Verifier of the view is not among those that were built");
        return deps.verifier(origin, keyProviders);
      },
    },
    sequence,
  );
  let isDone = false;
  const verifying = verifyRealms(
    { image: tape.image, reference: reference.value, realms, ...(tape.namespace !== undefined && { namespace: tape.namespace }) },
    {
      clock: sequencedClock(sequence, tape.startTime),
      memory: new Map<string, string>(),
      results: new ResultCache(),
      ...(expressions !== undefined && { expressions: sequencedExpressions(expressions, sequence) }),
    },
    sequence.stopped,
  ).finally(() => {
    isDone = true;
  });
  verifying.catch(() => {
    // Whoever awaits it below sees the error; nobody does where the replay itself fails first.
  });
  if (!(await sequence.play(() => isDone, signal)))
    throw new TapeError("TAPE_WITHOUT_END", "The recording was changed: what is in it comes to no verdict");
  const report = await verifying;
  return { report, keys: [...keyProviders.values()].flatMap((provider) => provider.keys()), differences: sequence.differences };
}

function toKeyProvider({ name, keys, problem }: Tape["keyProviders"][number]): KeyProvider {
  const loaded = keys.map((key, index): TrustedKey => {
    const read = loadPublicKey(key.publicKey);
    if (!read.ok)
      throw invalid(`a key of ${name.length > 253 ? "a KeyProvider" : `KeyProvider ${name}`} (number ${index + 1}) ${read.problem}`);
    return { name: key.name, provider: name, ...read.value };
  });
  return { keys: () => loaded, ...(problem !== undefined && { problem }) };
}

function invalid(what: string): TapeError {
  return new TapeError("TAPE_INVALID", `The recording is not valid: ${what}`);
}
