import type { Turns } from "../../kernel/turns.ts";
import type { TrustedKey } from "../../trust/ports.ts";
import { isEd25519ph, isSignedBy, mayBeEd25519ph, type Signed } from "./signature.ts";

/** Tries of a signature with a key, of one artifact: whoever may push could ask for any number. */
const mostTries = 2048;
/** Of these, with Ed25519ph, of one artifact: each takes 1 to 3 ms of the event loop. */
const mostTriesOnLoop = 64;

/** Who made a signature: a trusted key, none of them, or nobody knows, because the tries of the artifact are used up. */
export type Match = { readonly outcome: "signed"; readonly key: TrustedKey } | { readonly outcome: "none" } | { readonly outcome: "cut" };

/** The keys that one Verifier trusts, for one artifact: it counts what is tried. */
export class Keyring {
  readonly keys: readonly TrustedKey[];
  readonly #turns: Turns;
  readonly #of: string;
  #triesOnLoop = mostTriesOnLoop;

  /** `of`: the image, whose turn it is. */
  constructor(keys: readonly TrustedKey[], { turns, of }: { readonly turns: Turns; readonly of: string }) {
    this.keys = keys;
    this.#turns = turns;
    this.#of = of;
  }

  /** Why a {@link Match} is `cut`. */
  readonly cause: string = `The artifact needs more than ${mostTriesOnLoop} tries of Ed25519ph`;

  /** Signatures of the artifact that may be tried with so many keys; at least one. */
  get mostSignatures(): number {
    return Math.max(1, Math.floor(mostTries / Math.max(1, this.keys.length)));
  }

  /**
   * The first key that made the signature. Everything that works off the event loop is tried with every key before anything that does not, so that the budget
   * is for what needs it. `signal` is looked at before each try.
   */
  async find(signed: Signed, signal: AbortSignal): Promise<Match> {
    for (const key of this.keys) {
      signal.throwIfAborted();
      if (await isSignedBy(key.key, signed)) return { outcome: "signed", key };
    }
    for (const key of this.keys) {
      if (!mayBeEd25519ph(key.key, signed)) continue;
      if (this.#triesOnLoop === 0) return { outcome: "cut" };
      this.#triesOnLoop -= 1;
      if (await this.#turns.run(this.#of, () => isEd25519ph(key.key, signed), signal)) return { outcome: "signed", key };
    }
    return { outcome: "none" };
  }
}
