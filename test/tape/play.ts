import type { Expressions } from "../../src/engine/expression.ts";
import type { Verifier } from "../../src/engine/verifier.ts";
import type { Realms } from "../../src/engine/verify-realms.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { decodeTape } from "../../src/tape/decode-tape.ts";
import { type RecordRequest, type Recording, record } from "../../src/tape/record.ts";
import { type Replay, replay } from "../../src/tape/replay.ts";
import type { Tape } from "../../src/tape/tape.ts";
import { reference } from "../engine/verify.ts";
import { ManualClock } from "../support/clock.ts";

export const unaborted: AbortSignal = new AbortController().signal;

export interface Making {
  readonly image: string;
  readonly realms: Realms;
  readonly clock?: ManualClock;
  readonly expressions?: Expressions;
  readonly signal?: AbortSignal;
  readonly more?: Partial<RecordRequest>;
  /** By how much the clock is moved on at a time, in ms; a few answers come between two moves. Default 100. */
  readonly stepMs?: number;
}

/** Records while the clock is moved on until there is a verdict. */
export async function make({
  image,
  realms,
  clock = new ManualClock(),
  expressions,
  signal = unaborted,
  more,
  stepMs = 100,
}: Making): Promise<Recording> {
  const ended = new AbortController();
  const recording = record(
    {
      image,
      reference: reference(image),
      realms,
      credentials: [],
      origin: () => ({ spec: {}, keyProviders: new Map() }),
      ...more,
    },
    { clock, ...(expressions !== undefined && { expressions }) },
    signal,
  ).finally(() => ended.abort());
  recording.catch(() => {
    // Whoever awaits it sees the error.
  });
  while (!ended.signal.aborted) await clock.advance(stepMs);
  return await recording;
}

export function tapeOf(recording: Recording): Tape {
  return decodeTape(recording.encode({ report: printed(recording), recordedBy: "0.1.0" }));
}

export function printed({ report }: Pick<Recording, "report">): Readonly<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(report)) as Readonly<Record<string, unknown>>;
}

export interface Playing {
  readonly verifier: (name: string) => Verifier;
  readonly expressions?: Expressions;
  readonly patienceMs?: number;
  readonly signal?: AbortSignal;
}

/** Plays with nothing but the recording, and the Verifiers that are built anew. */
export function play(tape: Tape, { verifier, expressions, patienceMs, signal = unaborted }: Playing): Promise<Replay> {
  return replay(
    tape,
    {
      clock: systemClock,
      verifier: ({ name }) => ({ verifier: verifier(name) }),
      ...(expressions !== undefined && { expressions }),
      ...(patienceMs !== undefined && { patienceMs }),
    },
    signal,
  );
}
