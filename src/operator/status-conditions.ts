import type { Condition, ConditionStatus, ConditionType } from "../api/condition.ts";
import { boundedMessage, type Diagnostic } from "../api/diagnostic.ts";
import { timeText } from "./status-time.ts";

/** One aspect of an object as it is judged now; it becomes a condition by being dated. */
export interface Judgement {
  readonly type: ConditionType | "TrustResolved";
  readonly status: ConditionStatus;
  readonly reason: string;
  readonly message: string;
}

/** Whether a failure mends itself with time or by another object (`Reconciling`), or needs this one, or what it reads, to be edited (`Stalled`). */
export type Outlook = "retried" | "stuck";

/** How a failed aspect is to be taken, and in which words the object is ready although an aspect is Unknown; absent: it is then still progressing. */
export interface Summary {
  readonly outlook: (failed: Judgement) => Outlook;
  readonly ready?: Pick<Judgement, "reason" | "message">;
}

/** Spec valid, or the first of what is wrong with it. */
export function accepted(diagnostics: readonly Diagnostic[]): Judgement {
  const [first] = diagnostics;
  if (first === undefined) return { type: "Accepted", status: "True", reason: "Valid", message: "The spec is valid" };
  const place = first.path === undefined ? "" : `${first.path}: `;
  const more = diagnostics.length > 1 ? ` (and ${diagnostics.length - 1} more)` : "";
  return { type: "Accepted", status: "False", reason: first.reason, message: `${place}${first.message}${more}` };
}

/** With one replica: as soon as the snapshot that it serves from holds this generation. */
export function programmed(holds: boolean): Judgement {
  return holds
    ? { type: "Programmed", status: "True", reason: "AllReplicas", message: "Every replica serves this generation" }
    : { type: "Programmed", status: "Unknown", reason: "Pending", message: "This generation is not served yet" };
}

/**
 * The summary, and beside it `Reconciling` or `Stalled` where one of them is True (never both: kstatus, operator.md 2.2). `aspects` in the order in which
 * `Ready` copies the first that is False; an Unknown one makes it Progressing, unless `ready` says in which words it is ready all the same.
 */
export function summarize(aspects: readonly Judgement[], options: Summary): readonly Judgement[] {
  const failed = aspects.find((aspect) => aspect.status === "False");
  if (failed !== undefined) {
    const stuck = options.outlook(failed) === "stuck";
    return [
      { ...failed, type: "Ready" },
      stuck
        ? { ...failed, type: "Stalled", status: "True" }
        : { ...failed, type: "Reconciling", status: "True", reason: "ProgressingWithRetry" },
    ];
  }
  const ready = options.ready ?? { reason: "Succeeded", message: "Everything it needs is in place" };
  const open = aspects.find((aspect) => aspect.status === "Unknown");
  if (open !== undefined && options.ready === undefined) {
    return [
      { ...open, type: "Ready", status: "Unknown", reason: "Progressing" },
      { ...open, type: "Reconciling", status: "True", reason: "Progressing" },
    ];
  }
  return [{ type: "Ready", status: "True", ...ready }];
}

/** `Ready`, the aspects that it sums up, and `Reconciling` or `Stalled` where one is True: the conditions of an object, dated. */
export function conditionsOf(
  aspects: readonly Judgement[],
  summary: Summary,
  input: {
    readonly generation: number;
    readonly now: number;
    readonly current?: { readonly conditions?: readonly Condition[] | undefined };
  },
): readonly Condition[] {
  const [ready, ...marks] = summarize(aspects, summary);
  return toConditions([...(ready === undefined ? [] : [ready]), ...aspects, ...marks], {
    generation: input.generation,
    now: input.now,
    current: input.current?.conditions,
  });
}

/** Dates judgements: `lastTransitionTime` stays unless the status flips. `Ready` first: it is what people look for. */
export function toConditions(
  judgements: readonly Judgement[],
  options: { readonly generation: number; readonly now: number; readonly current?: readonly Condition[] | undefined },
): readonly Condition[] {
  const known = new Map(options.current?.map((condition) => [condition.type, condition]));
  return judgements.map(({ type, status, reason, message }) => {
    const before = known.get(type);
    return {
      type,
      status,
      reason,
      message: boundedMessage(message),
      observedGeneration: options.generation,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : timeText(options.now),
    };
  });
}
